//! The edge's viewer-request function, in the test's own process.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use safelight_edge::authorize::{Authorizer, Outcome};
use safelight_local::{
    Clock, Issuer,
    body::BoxError,
    cloudfront::{EdgeEvent, EdgeFunction, Verdict},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{fmt::Write, net::SocketAddr, time::SystemTime};

/// Age in seconds at which keys are fetched again.
pub(crate) const REFRESH_SECS: u64 = 60;

/// A function that checks the token and removes it. Its clock is that of the cloud's caches.
#[derive(Debug)]
pub(crate) struct Viewer {
    authorizer: Authorizer,
    issuer: SocketAddr,
    clock: Clock,
}

impl Viewer {
    pub(crate) fn new(issuer: &Issuer, clock: Clock) -> Self {
        let mut settings = issuer.settings();
        settings["refreshSeconds"] = json!(REFRESH_SECS);
        let config = serde_json::from_value(settings).unwrap();
        Self { authorizer: Authorizer::new(&config).unwrap(), issuer: issuer.address(), clock }
    }

    fn now(&self) -> u64 {
        self.clock.time().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }
}

#[async_trait]
impl EdgeFunction for Viewer {
    async fn run(&self, event: EdgeEvent) -> Result<Verdict, BoxError> {
        let mut request = event.request;
        let before = request.clone();
        let headers = before.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let taken = self.authorizer.take(headers, before.uri().query().unwrap_or_default());
        for (name, values) in &taken.headers {
            let name: HeaderName = name.parse()?;
            request.headers_mut().remove(&name);
            for value in values {
                request.headers_mut().append(&name, HeaderValue::from_str(value)?);
            }
        }
        *request.uri_mut() = format!("{}?{}", before.uri().path(), taken.query).parse()?;
        loop {
            match self.authorizer.authorize(&taken.token, self.now()) {
                Outcome::Allowed(_) => return Ok(Verdict::Forward(with_hash(request))),
                Outcome::Refused(refusal) => {
                    let response = Response::builder()
                        .status(refusal.status())
                        .header(header::WWW_AUTHENTICATE, refusal.www_authenticate())
                        .header(header::CACHE_CONTROL, "no-store");
                    return Ok(Verdict::Respond(response.body(Bytes::new())?));
                }
                Outcome::Fetch(url) => {
                    let path = url.rsplit_once(&self.issuer.to_string()).unwrap().1;
                    let set = super::fetch(self.issuer, "GET", path, &[]).await;
                    self.authorizer.keys_fetched(&url, &set.body, self.now())?;
                }
                Outcome::Wait(_) => tokio::task::yield_now().await,
                Outcome::Unavailable => return Err("the key set is unavailable".into()),
            }
        }
    }
}

/// Adds the hash of the body, which a Function URL requires.
fn with_hash(mut request: Request<Bytes>) -> Request<Bytes> {
    if request.method() == Method::POST {
        let hash = Sha256::digest(request.body()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        request.headers_mut().insert("x-amz-content-sha256", HeaderValue::try_from(hash).unwrap());
    }
    request
}
