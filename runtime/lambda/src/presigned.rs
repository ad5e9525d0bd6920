//! An object behind a presigned URL, as S3 Object Lambda hands it to a function: readable with the caller's
//! rights, by `GET` only, and only with the headers that were signed.

use async_trait::async_trait;
use headers::{ContentRange, HeaderMapExt, LastModified};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use reqwest::{Client, Response, Url};
use safelight_core::{Error, Kind, Result};
use safelight_service::{
    client::{self, chunks, unreadable},
    source::{Chunks, Meta, Source},
    status,
};
use serde::Deserialize;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

/// An object that a presigned URL names.
pub(crate) struct Presigned {
    client: Client,
    url: Url,
    headers: HeaderMap,
    /// A `GET` whose head was asked for, and whose body may yet be. `HEAD` was not signed.
    opened: Mutex<Option<(Meta, Chunks)>>,
    described: Mutex<HeaderMap>,
}

/// S3's own refusal, which its caller shall see as S3 put it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("S3 answered {status} {code}: {message}")]
pub(crate) struct Refusal {
    /// Status of the answer.
    pub(crate) status: StatusCode,
    /// S3's error code, such as `NoSuchKey`.
    pub(crate) code: String,
    /// S3's message.
    pub(crate) message: String,
}

impl Presigned {
    /// The object at `url`, asked for on behalf of a caller who sent `headers`.
    ///
    /// # Errors
    /// [`Kind::Internal`] if it is no URL.
    pub(crate) fn new(client: Client, url: &str, headers: &HeaderMap) -> Result<Self> {
        let url = parse(url)?;
        let mut forwarded = signed(&url, headers);
        // The answer's date is the object's, so S3 can tell that it is unchanged and spare the body. Entity
        // tags are not for S3 to compare: the caller's are those of answers, and S3 knows only the object's.
        if !headers.contains_key(header::IF_NONE_MATCH) {
            let date = headers.get(header::IF_MODIFIED_SINCE).cloned();
            forwarded.extend(date.map(|date| (header::IF_MODIFIED_SINCE, date)));
        }
        Ok(Self { client, url, headers: forwarded, opened: Mutex::default(), described: Mutex::default() })
    }

    /// The headers of S3's last answer about the object as a whole.
    pub(crate) fn headers(&self) -> HeaderMap {
        lock(&self.described).clone()
    }

    /// S3's answer to a `GET` from byte `from` on, if it is one about the object.
    async fn get(&self, from: u64, pin: Option<&Meta>) -> Result<Response> {
        let mut headers = self.headers.clone();
        if 0 < from {
            let range = HeaderValue::try_from(format!("bytes={from}-")).expect("digits are ASCII");
            headers.insert(header::RANGE, range);
        }
        let strong = pin.and_then(|pin| pin.etag.as_ref()).filter(|tag| !tag.starts_with("W/"));
        if let Some(tag) = strong.and_then(|tag| HeaderValue::from_str(tag).ok())
            && !headers.contains_key(header::IF_MATCH)
        {
            headers.insert(header::IF_MATCH, tag);
        }
        let response = self.client.get(self.url.clone()).headers(headers).send().await.map_err(unreadable)?;
        if response.status().is_success() || response.status() == status::UNCHANGED {
            return Ok(response);
        }
        let refusal = Refusal::read(response).await;
        // Only where another version was seen before does a failed condition mean that the object changed.
        let kind = match status::kind_of(refusal.status) {
            Kind::PreconditionFailed if pin.is_none() => Kind::Upstream,
            kind => kind,
        };
        Err(refusal.into_error(kind))
    }
}

#[async_trait]
impl Source for Presigned {
    async fn meta(&self) -> Result<Meta> {
        let response = self.get(0, None).await?;
        let meta = describe(&response);
        lock(&self.described).clone_from(response.headers());
        if response.status() != status::UNCHANGED {
            *lock(&self.opened) = Some((meta.clone(), chunks(response)));
        }
        Ok(meta)
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
        let opened = lock(&self.opened).take();
        if let Some(opened) = opened.filter(|_| from == 0 && pin.is_none()) {
            return Ok(opened);
        }
        let response = self.get(from, pin).await?;
        if response.status() == status::UNCHANGED {
            return Err(Refusal::new(status::UNCHANGED).into_error(Kind::Upstream));
        }
        let starts = response.headers().typed_get::<ContentRange>().and_then(|range| range.bytes_range());
        if 0 < from && !(status::is_part(response.status()) && starts.is_some_and(|(start, _)| start == from))
        {
            return Err(Error::new(Kind::Upstream, "source", "cannot be read from the middle"));
        }
        let meta = describe(&response);
        meta.check(pin)?;
        if from == 0 {
            lock(&self.described).clone_from(response.headers());
        }
        Ok((meta, chunks(response)))
    }
}

impl fmt::Debug for Presigned {
    /// Whoever has the query of the URL may read the object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned").field("path", &self.url.path()).finish_non_exhaustive()
    }
}

impl Refusal {
    /// What a bare `status` means, by S3's own list of codes.
    pub(crate) fn new(status: StatusCode) -> Self {
        let (_, code) = status::of_s3(status::kind_of(status));
        let message = status.canonical_reason().unwrap_or("the object could not be read");
        Self { status, code: code.to_owned(), message: message.to_owned() }
    }

    /// Reads what S3 says in an answer that is an error.
    pub(crate) async fn read(response: Response) -> Self {
        let mut refusal = Self::new(response.status());
        let said = client::refusal(response).await;
        if let Ok(Said { code, message }) = quick_xml::de::from_str(&String::from_utf8_lossy(&said)) {
            refusal.code = Some(code).filter(|code| is_code(code)).unwrap_or(refusal.code);
            refusal.message = Some(message).filter(|message| !message.is_empty()).unwrap_or(refusal.message);
        }
        refusal
    }

    pub(crate) fn into_error(self, kind: Kind) -> Error {
        Error::new(kind, "source", "could not be read").with_source(self)
    }
}

/// S3's error document.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Said {
    code: String,
    message: String,
}

/// Whether Object Lambda takes this error code (`^[A-Z][a-zA-Z]+$`).
fn is_code(code: &str) -> bool {
    let mut bytes = code.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_uppercase())
        && 1 < code.len()
        && bytes.all(|byte| byte.is_ascii_alphabetic())
}

/// The URL that an event names.
pub(crate) fn parse(url: &str) -> Result<Url> {
    let invalid =
        |error| Error::new(Kind::Internal, "event", "holds no URL of the object").with_source(error);
    Url::parse(url).map_err(invalid)
}

/// Those of the caller's `headers` that `url` was signed with; S3 answers 403 if one is missing.
pub(crate) fn signed(url: &Url, headers: &HeaderMap) -> HeaderMap {
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

/// What the headers of S3's answer say of the object.
pub(crate) fn describe(response: &Response) -> Meta {
    let headers = response.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let size = match headers.typed_get::<ContentRange>() {
        Some(range) => range.bytes_len(),
        None => headers.typed_get::<headers::ContentLength>().map(|length| length.0),
    };
    Meta {
        size: size.filter(|_| response.status() != status::UNCHANGED),
        etag: text(header::ETAG),
        last_modified: headers.typed_get::<LastModified>().map(SystemTime::from),
        cache_control: text(header::CACHE_CONTROL),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
