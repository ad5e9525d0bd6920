//! Image frames of AWS `HealthImaging`, read with signed requests.
//!
//! `frame_request.rs` parses a request, this file sends it, and `source.rs` makes a source of the response.

mod credentials;
mod endpoint;
mod frame_request;
mod gzip;
mod service_error;
mod source;

use crate::{
    StartError,
    client::{client, unreadable},
    source::{Origin, Resource, retry::Retries},
};
use clap::Args;
use credentials::Keys;
use endpoint::Endpoint;
use frame_request::FrameRequest;
use http::{Method, Request, header, request::Parts};
use reqwest::Response;
use safelight_core::{Error, Kind, Result};
use safelight_edge::sign::{Payload, sign_request};
use service_error::ServiceError;
use source::FrameSource;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Retries of a request that found the service busy or unreachable.
const MAX_RETRIES: u32 = 3;

/// The longest time that a connection may be idle: the service closes idle ones.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Settings of `HealthImaging`, besides the region.
#[derive(Args, Clone, Debug, Default)]
pub struct HealthImagingSettings {
    /// Data stores of HealthImaging that may be read, as ids separated by commas; default: all that the
    /// credentials may read
    #[arg(long, env = "SAFELIGHT_HEALTHIMAGING_DATASTORES", value_name = "IDS", value_delimiter = ',',
          value_parser = data_store)]
    pub data_stores: Vec<String>,

    /// Endpoint of HealthImaging; default: that of the region
    #[arg(id = "healthimaging_endpoint", long = "healthimaging-endpoint",
          env = "SAFELIGHT_HEALTHIMAGING_ENDPOINT", value_name = "URL", value_parser = endpoint::parse_endpoint)]
    pub endpoint: Option<String>,

    /// Whether metadata is decompressed here. Defaults to `false`: the viewer decompresses it.
    #[arg(skip)]
    pub decompresses: bool,
}

/// The image frames of one region, as an origin.
#[derive(Clone, Debug)]
pub struct HealthImaging {
    client: Arc<Client>,
    data_stores: Vec<String>,
}

/// Sends requests to the service.
#[derive(Debug)]
struct Client {
    endpoint: Endpoint,
    http: reqwest::Client,
    keys: Keys,
    decompresses: bool,
}

impl HealthImaging {
    /// The frames of `region`, with credentials from the environment, the container or the instance. Sends
    /// nothing yet.
    ///
    /// # Errors
    /// [`StartError`], with the name of the invalid setting.
    pub fn new(region: &str, settings: &HealthImagingSettings) -> Result<Self, StartError> {
        let endpoint = Endpoint::new(region, settings.endpoint.as_deref())?;
        let (http, keys) = (client(IDLE_TIMEOUT)?, Keys::from_env()?);
        let client = Client { endpoint, http, keys, decompresses: settings.decompresses };
        Ok(Self { client: Arc::new(client), data_stores: settings.data_stores.clone() })
    }
}

impl Origin for HealthImaging {
    fn resolve(&self, parts: &Parts, body: &[u8]) -> Result<Resource> {
        let body = if parts.method == Method::POST { body } else { &[] };
        let request = FrameRequest::from_http(parts, body)?;
        if !self.data_stores.is_empty() && !self.data_stores.contains(&request.data_store) {
            return Err(frame_request::not_found());
        }
        let is_image = request.operation.is_image();
        Ok(Resource {
            source: Arc::new(FrameSource::new(self.client.clone(), request)),
            is_image,
            name: None,
        })
    }

    fn methods(&self) -> &'static [Method] {
        const METHODS: &[Method] = &[Method::GET, Method::HEAD, Method::POST];
        METHODS
    }

    fn max_body_bytes(&self) -> usize {
        frame_request::MAX_BODY_BYTES
    }

    fn query_keys(&self) -> &'static [&'static str] {
        frame_request::QUERY_KEYS
    }

    fn loggable(&self, text: &str) -> String {
        frame_request::without_uids(text)
    }
}

impl Client {
    /// Returns the service's response, if it is a success.
    async fn fetch(&self, frame: &FrameRequest) -> Result<Response> {
        let mut retries = Retries::new(MAX_RETRIES);
        loop {
            let (error, retry_after) = match self.send(frame).await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let error = ServiceError::read(response).await;
                    if !matches!(error.kind(), Kind::Throttled | Kind::Busy) {
                        return Err(error.into());
                    }
                    let retry_after = error.retry_after;
                    (error.into(), retry_after)
                }
                Err(SendError::Unreachable(error)) => (unreadable(error), None),
                Err(SendError::Unsent(error)) => return Err(error),
            };
            if !retries.wait(retry_after).await {
                return Err(error);
            }
        }
    }

    async fn send(&self, frame: &FrameRequest) -> Result<Response, SendError> {
        let credentials = self.keys.current().await.map_err(SendError::Unsent)?;
        let endpoint = &self.endpoint;
        let is_image_set = frame.operation.is_image_set();
        let host = if is_image_set { &endpoint.image_sets } else { &endpoint.dicom };
        let mut request = Request::builder()
            .method(if is_image_set { Method::POST } else { Method::GET })
            .uri(format!("{host}{}", frame.target));
        if is_image_set {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(accept) = &frame.accept {
            request = request.header(header::ACCEPT, accept);
        }
        let unsigned = |error: Box<dyn std::error::Error + Send + Sync>| {
            let error = std::io::Error::other(error);
            let message = "the request to HealthImaging cannot be signed";
            SendError::Unsent(Error::new(Kind::Internal, "healthimaging", message).with_source(error))
        };
        let mut request = request.body(frame.body.clone()).map_err(|error| unsigned(error.into()))?;
        let payload = Payload::Bytes(&frame.body);
        sign_request(&mut request, &endpoint.target, &credentials, payload, SystemTime::now())
            .map_err(|error| unsigned(error.into()))?;
        let request = reqwest::Request::try_from(request).map_err(|error| unsigned(error.into()))?;
        self.http.execute(request).await.map_err(SendError::Unreachable)
    }
}

/// Reasons for which there is no response.
enum SendError {
    /// The service did not respond. Every request only reads, so it may be repeated.
    Unreachable(reqwest::Error),
    /// The request was not sent.
    Unsent(Error),
}

fn data_store(id: &str) -> Result<String, String> {
    let id = id.trim();
    let invalid = || format!("invalid id of a data store {id:?}: expected {}", frame_request::ID_FORM);
    frame_request::is_id(id).then(|| id.to_owned()).ok_or_else(invalid)
}

/// Parses the name of a region.
///
/// # Errors
/// A message for the operator.
pub fn parse_region(text: &str) -> Result<String, String> {
    endpoint::parse_region(text)
}
