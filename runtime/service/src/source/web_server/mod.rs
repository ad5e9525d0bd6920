//! A web server whose images are served by their paths.

mod address;
mod redirect;

pub use address::AddressRule;
pub use redirect::HostPort;

use super::{
    Key, Meta, MinRate, Opened, Origin, Probe, Resource, Source, SourceSettings,
    fault::{Cause, Fault},
    key,
    pace::paced,
    retry::Retries,
};
use crate::{
    StartError,
    client::{self, chunks, conditions, describe, unreadable},
    status,
};
use address::{AddressPolicy, GuardedResolver, SystemResolver};
use async_trait::async_trait;
use headers::{ContentRange, HeaderMapExt};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use reqwest::{Client, Response, dns::Resolve};
use safelight_core::{Error, Kind, Result};
use std::{sync::Arc, time::Duration};
use tracing::warn;
use url::{Host, Url};

/// Retries of a request to a busy or unreachable web server.
const MAX_RETRIES: u32 = 1;

/// The longest time that a connection may be idle.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// The images below a URL.
#[derive(Clone, Debug)]
pub struct WebServer {
    server: Arc<Server>,
}

#[derive(Debug)]
struct Server {
    base: Url,
    client: Client,
    follow: Vec<HostPort>,
    rate: MinRate,
}

impl WebServer {
    /// The images below `base`, an `http` or `https` URL without a query.
    ///
    /// # Errors
    /// [`StartError::Url`] or [`StartError::Client`].
    pub fn new(base: &Url, settings: &SourceSettings) -> Result<Self, StartError> {
        Self::with_resolver(base, settings, Arc::new(SystemResolver), settings.min_rate())
    }

    /// As [`WebServer::new`], with names of hosts resolved by `resolver`, and another rate.
    ///
    /// # Errors
    /// As for [`WebServer::new`].
    pub fn with_resolver(
        base: &Url,
        settings: &SourceSettings,
        resolver: Arc<dyn Resolve>,
        rate: MinRate,
    ) -> Result<Self, StartError> {
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some() {
            return Err(StartError::Url { url: super::without_secrets(base.as_str()) });
        }
        // Addresses are not resolved. That of the source is named by the source, and a redirect leads only to a
        // host or an address that is named.
        let named = settings.follow_redirects.iter().map(|named| named.host.clone());
        let named = named.chain(base.host().map(|host| host.to_owned()));
        let named = named.filter_map(|host| match host {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        });
        let policy = Arc::new(AddressPolicy::new(&settings.allow_address, named));
        // A proxy would resolve names itself.
        let client = client::builder()
            .no_proxy()
            .pool_idle_timeout(IDLE_TIMEOUT)
            .dns_resolver(GuardedResolver { resolver, policy })
            .build()?;
        let follow = settings.follow_redirects.clone();
        Ok(Self { server: Arc::new(Server { base: base.clone(), client, follow, rate }) })
    }
}

#[async_trait]
impl Origin for WebServer {
    fn resolve(&self, parts: &Parts, _body: &[u8]) -> Result<Resource> {
        let key = Key::from_request(parts)?;
        let url = self.server.url(key.as_str());
        let name = url.to_string();
        Ok(Resource::image(Page { server: self.server.clone(), url }).named(name))
    }

    async fn check(&self) -> Result<()> {
        let fault =
            match self.server.fetch(&Method::GET, self.server.url(key::UNUSED), HeaderMap::new()).await {
                Ok(_) => return Ok(()),
                Err(Failure::Fault(fault)) => fault,
                Err(Failure::Error(error)) => return Err(error),
            };
        match fault.cause {
            Cause::Credentials => Err(fault.into()),
            // The server responds; the fault may concern this path, or pass.
            Cause::Missing | Cause::Denied | Cause::Gone => Ok(()),
            _ => {
                warn!(%fault, "source");
                Ok(())
            }
        }
    }
}

/// Reasons for which there is no successful response.
enum Failure {
    Fault(Fault),
    Error(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Fault(fault) => fault.into(),
            Failure::Error(error) => error,
        }
    }
}

impl Server {
    fn url(&self, key: &str) -> Url {
        let mut url = self.base.clone();
        // It encodes each segment.
        url.path_segments_mut()
            .expect("URLs of web servers have paths")
            .pop_if_empty()
            .extend(key.split('/'));
        url
    }

    /// Returns the response to a request, if it is a success. Follows redirects that are allowed.
    async fn fetch(
        &self,
        method: &Method,
        mut url: Url,
        mut headers: HeaderMap,
    ) -> Result<Response, Failure> {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut retries = Retries::new(MAX_RETRIES);
        let mut redirects = redirect::MAX_REDIRECTS;
        loop {
            let request = self.client.request(method.clone(), url.clone()).headers(headers.clone());
            let response = match request.send().await {
                Ok(response) => response,
                Err(_) if retries.wait(None).await => continue,
                Err(error) => return Err(Failure::Error(unreadable(error))),
            };
            let status = response.status();
            if status.is_success() {
                return readable(response).map_err(Failure::Fault);
            }
            let fault = Fault::web(status, response.headers());
            if status::is_redirect(status) {
                url = redirect::target(&url, fault.clone(), response.headers(), &self.follow)
                    .map_err(Failure::Fault)?;
                redirects = redirects.checked_sub(1).ok_or_else(|| {
                    let reason = format!("more than {} redirects", redirect::MAX_REDIRECTS);
                    Failure::Fault(fault.with_cause(Cause::Redirect, reason))
                })?;
            } else if !status::is_temporary(status) || !retries.wait(fault.retry_after).await {
                return Err(Failure::Fault(fault));
            }
        }
    }
}

/// Returns the response, if its body is the image itself.
fn readable(response: Response) -> Result<Response, Fault> {
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    match encoding.filter(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        None => Ok(response),
        Some(encoding) => {
            let reason = format!("Content-Encoding: {}", String::from_utf8_lossy(encoding.as_bytes()));
            Err(Fault::web(response.status(), response.headers()).with_cause(Cause::Encoding, reason))
        }
    }
}

/// One image of the web server.
#[derive(Debug)]
struct Page {
    server: Arc<Server>,
    url: Url,
}

#[async_trait]
impl Source for Page {
    async fn probe(&self) -> Result<Probe> {
        match self.server.fetch(&Method::HEAD, self.url.clone(), HeaderMap::new()).await {
            Ok(response) => {
                Ok(Probe::Described { meta: describe(response.headers()), headers: HeaderMap::new() })
            }
            Err(Failure::Fault(fault)) if status::is_unsupported_method(fault.status) => {
                self.open(0, None).await.map(Probe::Opened)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        let response = self.server.fetch(&Method::GET, self.url.clone(), conditions(from, pin)).await?;
        let headers = response.headers();
        let part = headers.typed_get::<ContentRange>().and_then(|range| range.bytes_range());
        let is_right = match part {
            None => from == 0 && response.status() == status::WHOLE,
            Some((start, _)) => 0 < from && start == from && status::is_part(response.status()),
        };
        if !is_right {
            let message = "the web server did not respond with the requested range";
            return Err(Error::new(Kind::Upstream, "source", message));
        }
        let mut meta = describe(headers);
        if pin.is_some_and(|pin| pin.size.is_none()) {
            // A chunked response has no length, but a range of the same resource tells it.
            meta.size = None;
        }
        meta.check(pin)?;
        Ok(Opened::new(meta, paced(chunks(response), self.server.rate)))
    }
}
