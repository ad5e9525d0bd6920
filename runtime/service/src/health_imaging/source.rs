//! A response of the service as a source.

use super::{Client, FrameRequest, frame_request::Operation, gzip::decompressed};
use crate::{
    client::chunks,
    source::{Meta, Opened, Source},
};
use async_trait::async_trait;
use headers::{ContentLength, HeaderMapExt};
use http::{HeaderMap, HeaderValue, header};
use reqwest::Response;
use safelight_core::{Error, Kind, Result};
use std::sync::Arc;

/// Frames, and metadata of one version, never change (AWS `HealthImaging`, "Image sets").
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A DICOM instance keeps its UID while its pixels stay the same, but its data store may get another instance of
/// that UID.
const ONE_DAY: &str = "public, max-age=86400";

/// The response may change at any time.
const REVALIDATE: &str = "no-cache";

/// MIME types that the service stores or makes. Any other becomes `application/octet-stream`, so that no browser
/// renders a stored file as a page.
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

/// The response to a request, fetched when it is opened.
#[derive(Debug)]
pub(super) struct FrameSource {
    client: Arc<Client>,
    request: FrameRequest,
}

impl FrameSource {
    pub(super) fn new(client: Arc<Client>, request: FrameRequest) -> Self {
        Self { client, request }
    }

    fn describe(&self, response: &Response) -> Meta {
        let (cache_control, is_immutable) = match self.request.operation {
            Operation::Frame | Operation::Metadata => (IMMUTABLE, true),
            Operation::DicomFrames => (ONE_DAY, false),
            Operation::LatestMetadata
            | Operation::ImageSet
            | Operation::DicomInstance
            | Operation::DicomInstanceMetadata
            | Operation::DicomSeriesMetadata => (REVALIDATE, false),
        };
        Meta {
            size: response.headers().typed_get::<ContentLength>().map(|length| length.0),
            // The request identifies bytes that never change.
            etag: is_immutable.then(|| {
                let body = String::from_utf8_lossy(&self.request.body);
                format!("\"{} {body}\"", self.request.target)
            }),
            last_modified: None,
            cache_control: Some(cache_control.to_owned()),
        }
    }
}

#[async_trait]
impl Source for FrameSource {
    /// Fetches the response. A conditional request fetches it too, because the service has no `HEAD`, and a client
    /// must not learn from a 304 that a deleted frame still exists.
    async fn open(&self, from: u64, pin: Option<&Meta>) -> Result<Opened> {
        if 0 < from {
            let message = "a response of HealthImaging cannot be read from the middle";
            return Err(Error::new(Kind::Upstream, "healthimaging", message));
        }
        let response = self.client.fetch(&self.request).await?;
        let mut meta = self.describe(&response);
        meta.check(pin)?;
        let mut passthrough = passthrough_headers(&response, self.request.operation);
        let is_gzip = passthrough.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
        let mut chunks = chunks(response);
        if is_gzip && self.client.decompresses {
            passthrough.remove(header::CONTENT_ENCODING);
            meta.size = None;
            chunks = decompressed(chunks);
        }
        Ok(Opened { passthrough: Some(passthrough), ..Opened::new(meta, chunks) })
    }
}

/// Returns the headers for delivering the response unchanged.
fn passthrough_headers(response: &Response, operation: Operation) -> HeaderMap {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_known = |value: &&HeaderValue| {
        let name = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let unknown = HeaderValue::from_static("application/octet-stream");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type.filter(is_known).cloned().unwrap_or(unknown));
    let encoding = response.headers().get(header::CONTENT_ENCODING).cloned();
    headers.extend(encoding.map(|encoding| (header::CONTENT_ENCODING, encoding)));
    if !operation.is_image_set() {
        headers.insert(header::VARY, HeaderValue::from_name(header::ACCEPT));
    }
    headers
}
