//! An object behind a presigned URL, as S3 Object Lambda gives it to a function: readable with the caller's rights,
//! by `GET` only, and only with the headers that were signed.

use crate::{s3_error::S3Error, writer::METADATA};
use async_trait::async_trait;
use headers::{ContentRange, HeaderMapExt};
use http::{HeaderMap, HeaderName, header};
use reqwest::{Client, Response, Url};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    client::{self, chunks, conditions, unreadable},
    source::{Meta, Opened, Probe, Source},
    status,
};
use std::fmt;

/// An object behind a presigned URL.
pub(crate) struct Presigned {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl Presigned {
    /// The object at `url`, read for a caller that sent `headers`.
    ///
    /// # Errors
    /// [`Kind::Internal`] if `url` is not a URL.
    pub(crate) fn new(client: Client, url: &str, headers: &HeaderMap) -> Result<Self> {
        let url = parse_url(url)?;
        let mut forwarded = signed_headers(&url, headers);
        // A response has the date of its object, so S3 can respond 304 without the body. Entity tags are not
        // forwarded: the caller has those of responses, and S3 knows only those of objects.
        if !headers.contains_key(header::IF_NONE_MATCH) {
            let date = headers.get(header::IF_MODIFIED_SINCE).cloned();
            forwarded.extend(date.map(|date| (header::IF_MODIFIED_SINCE, date)));
        }
        Ok(Self { client, url, headers: forwarded })
    }

    /// Sends a `GET` from byte `from` on. Returns S3's response if it is a success or a 304.
    async fn get(&self, from: u64, pin: Option<&Meta>) -> Result<Response> {
        let mut headers = self.headers.clone();
        for (name, value) in conditions(from, pin) {
            // A condition of the caller's was signed.
            if let Some(name) = name.filter(|name| name != header::IF_MATCH || !headers.contains_key(name)) {
                headers.insert(name, value);
            }
        }
        let response = self.client.get(self.url.clone()).headers(headers).send().await.map_err(unreadable)?;
        if response.status().is_success() || response.status() == status::NOT_MODIFIED {
            return Ok(response);
        }
        let error = S3Error::read(response).await;
        // A failed condition means that the object changed only if another version was seen before.
        let kind = match status::of_s3_status(error.status) {
            Kind::PreconditionFailed if pin.is_none() => Kind::Upstream,
            kind => kind,
        };
        Err(error.into_error(kind))
    }
}

#[async_trait]
impl Source for Presigned {
    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        let response = self.get(from, pin).await?;
        if response.status() == status::NOT_MODIFIED {
            return Err(S3Error::from_status(status::NOT_MODIFIED).into_error(Kind::Upstream));
        }
        let start = response.headers().typed_get::<ContentRange>().and_then(|range| range.bytes_range());
        if 0 < from && !(status::is_part(response.status()) && start.is_some_and(|(start, _)| start == from))
        {
            return Err(Error::new(Kind::Upstream, "s3", "the object cannot be read from the middle"));
        }
        let opened = opened(response);
        opened.meta.check(pin)?;
        Ok(opened)
    }

    /// Sends a `GET`, because a `HEAD` was not signed. S3 may respond 304.
    async fn probe(&self) -> Result<Probe> {
        let response = self.get(0, None).await?;
        Ok(if response.status() == status::NOT_MODIFIED {
            Probe::Described { meta: describe(&response), headers: repeated_headers(response.headers()) }
        } else {
            Probe::Opened(opened(response))
        })
    }
}

fn opened(response: Response) -> Opened {
    let meta = describe(&response);
    let headers = repeated_headers(response.headers());
    Opened { headers, ..Opened::new(meta, chunks(response)) }
}

impl fmt::Debug for Presigned {
    /// Omits the query of the URL, with which anyone may read the object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned").field("path", &self.url.path()).finish_non_exhaustive()
    }
}

/// Parses the URL of an event.
pub(crate) fn parse_url(url: &str) -> Result<Url> {
    let invalid = |error| {
        Error::new(Kind::Internal, "event", "the event has no valid URL of the object").with_source(error)
    };
    Url::parse(url).map_err(invalid)
}

/// Returns those of the caller's `headers` that `url` was signed with. S3 responds 403 if one is missing.
pub(crate) fn signed_headers(url: &Url, headers: &HeaderMap) -> HeaderMap {
    let names = url.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case("x-amz-signedheaders"));
    let names = names.map(|(_, names)| names.into_owned()).unwrap_or_default();
    let names = names.split(';').filter_map(|name| name.trim().parse::<HeaderName>().ok());
    let mut signed = HeaderMap::new();
    for name in names.filter(|name| name != header::HOST) {
        for value in headers.get_all(&name) {
            signed.append(name.clone(), value.clone());
        }
    }
    signed
}

/// Returns the metadata in the headers of S3's response.
pub(crate) fn describe(response: &Response) -> Meta {
    let meta = client::describe(response.headers());
    Meta { size: meta.size.filter(|_| response.status() != status::NOT_MODIFIED), ..meta }
}

/// Headers of the object that apply to every response about it. Its checksums, length and encoding do not: they
/// describe other bytes.
const REPEATED: [&str; 3] = ["content-disposition", "content-language", "x-amz-version-id"];

/// Returns the headers of the object that a response repeats.
pub(crate) fn repeated_headers(headers: &HeaderMap) -> HeaderMap {
    let is_repeated = |name: &str| name.starts_with(METADATA) || REPEATED.contains(&name);
    let repeated = headers.iter().filter(|(name, _)| is_repeated(name.as_str()));
    repeated.map(|(name, value)| (name.clone(), value.clone())).collect()
}
