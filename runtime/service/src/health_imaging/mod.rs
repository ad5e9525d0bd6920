//! Image frames of AWS `HealthImaging`, which is asked with signed requests.
//!
//! `question.rs` reads what is asked; here it is asked; `source.rs` makes a [`Source`] of the answer.

mod credentials;
mod endpoint;
mod question;
mod refusal;
mod source;

pub(crate) use question::{MAX_BODY_BYTES, Question, loggable};
pub(crate) use refusal::Refusal;

use crate::{
    StartError,
    client::{client, unreadable},
    source::Source,
};
use clap::Args;
use credentials::Keys;
use endpoint::Endpoint;
use http::{Method, Request, header};
use reqwest::Response;
use safelight_core::{Error, Kind, Result};
use safelight_edge::sign::{Payload, sign_request};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::sleep;

/// How often a question is asked again that found the service busy, or nobody there.
const RETRIES: u32 = 3;

/// The longest pause before the first of them; each later one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The service closes connections that idle.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Where image frames come from, besides the region.
#[derive(Args, Clone, Debug, Default)]
pub struct FrameSettings {
    /// Data stores of HealthImaging that may be read, ids between commas; all that the credentials may read if
    /// not given
    #[arg(long, env = "SAFELIGHT_HEALTHIMAGING_DATASTORES", value_name = "IDS", value_delimiter = ',',
          value_parser = data_store)]
    pub data_stores: Vec<String>,

    /// Endpoint of HealthImaging, where it is not that of the region
    #[arg(id = "healthimaging_endpoint", long = "healthimaging-endpoint",
          env = "SAFELIGHT_HEALTHIMAGING_ENDPOINT", value_name = "URL", value_parser = endpoint::other)]
    pub endpoint: Option<String>,
}

/// The image frames of one region.
#[derive(Debug)]
pub struct Frames {
    endpoint: Endpoint,
    data_stores: Vec<String>,
    client: reqwest::Client,
    keys: Keys,
}

impl Frames {
    /// The frames of `region`, with credentials from the environment, the container or the instance. Nothing
    /// is asked yet.
    ///
    /// # Errors
    /// [`StartError`] that names the setting that is wrong.
    pub fn new(region: &str, settings: &FrameSettings) -> Result<Self, StartError> {
        Ok(Self {
            endpoint: Endpoint::new(region, settings.endpoint.as_deref())?,
            data_stores: settings.data_stores.clone(),
            client: client(IDLE_TIMEOUT)?,
            keys: Keys::from_env()?,
        })
    }

    /// What `question` is about, which need not exist; nothing is asked yet.
    ///
    /// # Errors
    /// [`Kind::NotFound`] for a data store that is not served.
    pub(crate) fn source(self: &Arc<Self>, question: Question) -> Result<Arc<dyn Source>> {
        if !self.data_stores.is_empty() && !self.data_stores.contains(&question.data_store) {
            return Err(question::absent());
        }
        Ok(Arc::new(source::Answer::new(self.clone(), question)))
    }

    /// The service's answer, if it is no refusal.
    async fn ask(&self, question: &Question) -> Result<Response> {
        let mut pause = FIRST_PAUSE;
        let mut left = RETRIES;
        loop {
            let error = match self.send(question).await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let refusal = Refusal::read(response).await;
                    let is_soon = refusal.retry_after.is_none_or(|seconds| seconds <= 1);
                    let is_busy = matches!(refusal.kind(), Kind::Throttled | Kind::Busy);
                    if !is_busy || !is_soon {
                        return Err(refusal.into_error());
                    }
                    refusal.into_error()
                }
                Err(Unsent::Gone(error)) => unreadable(error),
                Err(Unsent::Defect(error)) => return Err(error),
            };
            if left == 0 {
                return Err(error);
            }
            left -= 1;
            // Any time up to the pause: those who were refused together shall not come back together.
            sleep(pause.mul_f64(fastrand::f64())).await;
            pause *= 2;
        }
    }

    async fn send(&self, question: &Question) -> Result<Response, Unsent> {
        let credentials = self.keys.current().await.map_err(Unsent::Defect)?;
        let endpoint = &self.endpoint;
        let is_image_set = question.subject.is_image_set();
        let host = if is_image_set { &endpoint.image_sets } else { &endpoint.dicom };
        let mut request = Request::builder()
            .method(if is_image_set { Method::POST } else { Method::GET })
            .uri(format!("{host}{}", question.target));
        if is_image_set {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(accept) = &question.accept {
            request = request.header(header::ACCEPT, accept);
        }
        let unsigned = |error: Box<dyn std::error::Error + Send + Sync>| {
            let error = std::io::Error::other(error);
            Unsent::Defect(Error::new(Kind::Internal, "source", "cannot be asked").with_source(error))
        };
        let mut request = request.body(question.body.clone()).map_err(|error| unsigned(error.into()))?;
        let payload = Payload::Bytes(&question.body);
        sign_request(&mut request, &endpoint.target, &credentials, payload, SystemTime::now())
            .map_err(|error| unsigned(error.into()))?;
        let request = reqwest::Request::try_from(request).map_err(|error| unsigned(error.into()))?;
        self.client.execute(request).await.map_err(Unsent::Gone)
    }
}

/// Why there is no answer.
enum Unsent {
    /// Nobody answered; as every question only reads, it may be asked again.
    Gone(reqwest::Error),
    /// The question could not be put.
    Defect(Error),
}

fn data_store(id: &str) -> Result<String, String> {
    let id = id.trim();
    let wrong = || format!("a data store's id has 32 digits and lower-case letters, unlike {id:?}");
    question::is_id(id).then(|| id.to_owned()).ok_or_else(wrong)
}

/// `text`, if it is the name of a region.
///
/// # Errors
/// What is wrong with it.
pub fn region(text: &str) -> Result<String, String> {
    endpoint::region(text)
}
