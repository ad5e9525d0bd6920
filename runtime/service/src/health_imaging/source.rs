//! An answer of the service as a source.

use super::{Frames, Question, question::Subject};
use crate::{
    client::chunks,
    source::{Chunks, Meta, Source},
};
use async_trait::async_trait;
use headers::{ContentLength, HeaderMapExt};
use http::{HeaderMap, HeaderValue, header};
use reqwest::Response;
use safelight_core::{Error, Kind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Frames, and metadata of one version, never change (AWS `HealthImaging`, "Image sets").
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A DICOM instance keeps its UID while its pixels stay the same; but its data store may get another one of
/// that UID.
const A_DAY: &str = "public, max-age=86400";

/// What may be another answer at any time.
const FRESH: &str = "no-cache";

/// Types that the service stores or makes; any other goes out as bytes of an unknown kind, so that no browser
/// takes what was stored for a page.
const TYPES: [&str; 14] = [
    "application/dicom",
    "application/dicom+json",
    "application/json",
    "application/octet-stream",
    "image/j2c",
    "image/jp2",
    "image/jpeg",
    "image/jph",
    "image/jphc",
    "image/jxl",
    "multipart/related",
    "video/h256",
    "video/mp4",
    "video/mpeg",
];

/// What a question is answered with.
#[derive(Debug)]
pub(super) struct Answer {
    frames: Arc<Frames>,
    question: Question,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// An answer whose head was looked at, and whose body may yet be read: the service knows no `HEAD`.
    opened: Option<(Meta, Chunks)>,
    headers: HeaderMap,
}

impl Answer {
    pub(super) fn new(frames: Arc<Frames>, question: Question) -> Self {
        Self { frames, question, state: Mutex::default() }
    }

    async fn ask(&self) -> Result<(Meta, Chunks)> {
        let response = self.frames.ask(&self.question).await?;
        let meta = self.describe(&response);
        self.state().headers = headers(&response, self.question.subject);
        Ok((meta, chunks(response)))
    }

    fn describe(&self, response: &Response) -> Meta {
        let (cache_control, is_named) = match self.question.subject {
            Subject::Frame | Subject::Metadata => (IMMUTABLE, true),
            Subject::DicomFrames => (A_DAY, false),
            Subject::LatestMetadata | Subject::ImageSet | Subject::Dicom => (FRESH, false),
        };
        Meta {
            size: response.headers().typed_get::<ContentLength>().map(|length| length.0),
            // Where bytes never change, the question is their name.
            etag: is_named.then(|| {
                let body = String::from_utf8_lossy(&self.question.body);
                format!("\"{} {body}\"", self.question.target)
            }),
            last_modified: None,
            cache_control: Some(cache_control.to_owned()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Values are replaced whole: a panic elsewhere leaves none half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Source for Answer {
    /// A frame that was deleted is not confirmed to whoever has it, so the service is asked.
    async fn meta(&self) -> Result<Meta> {
        let (meta, chunks) = self.ask().await?;
        self.state().opened = Some((meta.clone(), chunks));
        Ok(meta)
    }

    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<(Meta, Chunks)> {
        if 0 < from {
            return Err(Error::new(Kind::Upstream, "source", "cannot be read from the middle"));
        }
        let opened = self.state().opened.take().filter(|_| pin.is_none());
        let (meta, chunks) = match opened {
            Some(opened) => opened,
            None => self.ask().await?,
        };
        meta.check(pin)?;
        Ok((meta, chunks))
    }

    fn as_stored(&self) -> Option<HeaderMap> {
        Some(self.state().headers.clone())
    }
}

/// What the service says of its answer that its readers need.
fn headers(response: &Response, subject: Subject) -> HeaderMap {
    let given = response.headers().get(header::CONTENT_TYPE);
    let is_known = |value: &&HeaderValue| {
        let name = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let unknown = HeaderValue::from_static("application/octet-stream");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, given.filter(is_known).cloned().unwrap_or(unknown));
    // Metadata comes compressed, and stays so.
    let encoding = response.headers().get(header::CONTENT_ENCODING).cloned();
    headers.extend(encoding.map(|encoding| (header::CONTENT_ENCODING, encoding)));
    if !subject.is_image_set() {
        headers.insert(header::VARY, HeaderValue::from_name(header::ACCEPT));
    }
    headers
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("headers", &self.headers).finish_non_exhaustive()
    }
}
