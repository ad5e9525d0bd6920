//! URLs of other image services: finds the dialect of a request, and asks the source for what its translation depends
//! on. [`safelight_dialects`] translates.

mod describe;
mod settings;

pub use settings::{DialectArguments, PlacedDialect};

use crate::{auth::now, handle::Service, meter::Meter, request::accept, site::Prefix, source::Source};
use describe::describe;
use http::{Uri, header, request::Parts, uri::PathAndQuery};
use safelight_core::{Error, Kind, Result, params::is_of_service};
use safelight_dialects::{Dialect, Translation};
use safelight_edge::rules::Asked;
use std::sync::Arc;

/// The dialects of a site, and where each is understood.
#[derive(Clone, Debug, Default)]
pub struct Dialects(Vec<Placed>);

#[derive(Clone, Debug)]
struct Placed {
    place: Place,
    dialect: Dialect,
}

/// Where a dialect is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// Below a prefix of the path.
    Prefix(Prefix),
    /// On a host, in lower case and without a port.
    Host(String),
}

/// A request in a dialect.
#[derive(Debug)]
pub(crate) struct Translated {
    /// The translation, or the rejection.
    pub(crate) result: Result<Translation>,
    /// Whether the dialect checked a signature.
    pub(crate) is_signed: bool,
}

impl Dialects {
    /// Returns the dialect of a request, and the path within it; `None` if it is in no dialect.
    pub fn find<'a>(&self, parts: &'a Parts) -> Option<(&Dialect, &'a str)> {
        self.0.iter().find_map(|placed| {
            let path = placed.place.strip(parts)?;
            placed.dialect.claims(path).then_some((&placed.dialect, path))
        })
    }

    /// Translates a request; `None` if it is in no dialect.
    pub(crate) fn translate(&self, parts: &Parts) -> Option<Translated> {
        let (dialect, path) = self.find(parts)?;
        let accept = accept(&parts.headers);
        let request =
            safelight_dialects::Request { path, query: parts.uri.query(), accept: &accept, now: now() };
        let result = dialect.translate(&request).map_err(Error::from);
        Some(Translated { result, is_signed: dialect.is_signed() })
    }
}

impl Place {
    /// Returns the path within the dialect.
    fn strip<'a>(&self, parts: &'a Parts) -> Option<&'a str> {
        match self {
            Self::Prefix(prefix) => prefix.strip(parts.uri.path()),
            Self::Host(host) => (host_of(parts)? == *host).then(|| parts.uri.path()),
        }
    }
}

/// Returns the host of a request in lower case, without a port.
fn host_of(parts: &Parts) -> Option<String> {
    let header = || parts.headers.get(header::HOST)?.to_str().ok();
    let host = parts.uri.host().or_else(header)?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    Some(name.to_ascii_lowercase())
}

impl Translated {
    /// Returns the address of the source on this site, without a query; `None` if the request was rejected.
    pub(crate) fn uri(&self) -> Option<Uri> {
        let path = &self.result.as_ref().ok()?.path;
        path.parse::<PathAndQuery>().ok().map(Uri::from)
    }
}

/// Returns the query that a translation makes for a source.
///
/// # Errors
/// Those of the source and of the translation, and [`Kind::Unsupported`] for an option that no parameter of this build
/// expresses.
pub(crate) async fn query(
    service: &Service,
    source: &Arc<dyn Source>,
    translation: &Translation,
    accept: &str,
    meter: Arc<Meter>,
) -> Result<Asked> {
    let image = describe(service, source, meter).await?;
    let words = translation.words(&image)?;
    let mut raw = form_urlencoded::Serializer::new(String::new());
    for word in &words {
        if !service.registry.params().any(|param| param.key == word.key) && !is_of_service(word.key) {
            let message = format!("the option {} has no translation: no parameter {}", word.option, word.key);
            return Err(Error::new(Kind::Unsupported, "dialect", message));
        }
        raw.append_pair(word.key, &word.value);
    }
    service.query(&raw.finish(), accept)
}
