//! Responses: headers that describe the image, and a body that is produced while it is sent.

use crate::{
    cache_control::CacheSettings,
    conditional::Validators,
    driver::{MAX_PIECE_BYTES, SessionDriver},
    source::Meta,
};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use headers::HeaderMapExt;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body::{Frame, SizeHint};
use safelight_core::{Error, Head, Kind, Result};
use std::{
    fmt::Write,
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

/// The policy of SVG: browsers run nothing and load nothing, also if a page or a viewer opens the file itself. The
/// sanitiser has removed what could run or load; this does not depend on it.
pub(crate) const SVG_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox");

/// The header that lists the duration of each phase (W3C Server Timing).
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The header that tells the quality that was chosen for an image.
const QUALITY: HeaderName = HeaderName::from_static("safelight-quality");

/// Returns the header with the quality of a body, if it was chosen for the image.
pub(crate) fn quality_header(head: &Head) -> Option<(HeaderName, HeaderValue)> {
    head.quality.map(|quality| (QUALITY, u16::from(quality).into()))
}

/// Writes the headers that do not depend on the body: those of a 304 as well as of a 200.
pub(crate) fn describe(headers: &mut HeaderMap, meta: &Meta, validators: &Validators, cache: &CacheSettings) {
    let own = meta.cache_control.as_ref().and_then(|value| HeaderValue::from_str(value).ok());
    headers.insert(header::CACHE_CONTROL, cache.header(own));
    if let Some(etag) = &validators.etag {
        headers.typed_insert(etag.clone());
    }
    if let Some(time) = validators.last_modified {
        headers.typed_insert(time);
    }
    if validators.is_negotiated {
        headers.insert(header::VARY, HeaderValue::from_name(header::ACCEPT));
    }
}

/// Adds headers on which a response depends.
pub(crate) fn add_vary(headers: &mut HeaderMap, names: &[HeaderName]) {
    // One line: some proxies do not join several.
    let own = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok());
    let names = own.chain(names.iter().map(HeaderName::as_str)).collect::<Vec<_>>().join(", ");
    if !names.is_empty() {
        let names = HeaderValue::try_from(names).expect("names of headers are ASCII");
        headers.insert(header::VARY, names);
    }
}

/// A response body, produced while it is sent.
///
/// An error in it must abort the response: the bytes before it are not the whole response.
pub struct Body {
    frames: BoxStream<'static, Result<Bytes>>,
    remaining: Remaining,
}

/// The number of bytes that a body has still to send.
#[derive(Clone, Copy)]
enum Remaining {
    /// Only the end of the body tells.
    Unknown,
    /// A body of this many bytes.
    Bytes(u64),
    /// No body, not even an empty one: the response must not state a length.
    NoBody,
}

impl Body {
    /// Returns the body of a response that has none.
    pub fn none() -> Self {
        Self { frames: stream::empty().boxed(), remaining: Remaining::NoBody }
    }

    /// Returns a body of bytes that exist already.
    pub fn bytes(bytes: Bytes) -> Self {
        let remaining = Remaining::Bytes(bytes.len() as u64);
        Self { frames: stream::iter([Ok(bytes)]).boxed(), remaining }
    }

    /// Returns the part `range` of bytes that exist already, in pieces that are short enough for a slow client.
    pub(crate) fn slices(bytes: &Bytes, range: Range<u64>) -> Self {
        let remaining = Remaining::Bytes(range.end - range.start);
        let part = bytes.slice(range.start as usize..range.end as usize);
        let frames = stream::unfold(part, |mut rest| async move {
            let piece = rest.split_to(rest.len().min(MAX_PIECE_BYTES));
            (!piece.is_empty()).then_some((Ok(piece), rest))
        });
        Self { frames: frames.boxed(), remaining }
    }

    /// Returns the whole output of `driver`, whose length is unknown.
    pub fn whole(driver: SessionDriver) -> Self {
        let frames = stream::try_unfold(driver, |mut driver| async move {
            Ok(driver.next().await?.map(|bytes| (bytes, driver)))
        });
        Self { frames: frames.boxed(), remaining: Remaining::Unknown }
    }

    /// Returns the bytes of the output of `driver` that are in `range`; the session ends with them.
    pub fn part(driver: SessionDriver, range: Range<u64>) -> Self {
        let remaining = Remaining::Bytes(range.end - range.start);
        let frames =
            stream::try_unfold((driver, range), |(mut driver, Range { mut start, mut end })| async move {
                while start < end {
                    let changed =
                        || Error::new(Kind::Upstream, "source", "the source changed while it was read");
                    let bytes = driver.next().await?.ok_or_else(changed)?;
                    let length = bytes.len() as u64;
                    let part = bytes.slice(start.min(length) as usize..end.min(length) as usize);
                    (start, end) = (start.saturating_sub(length), end - length.min(end));
                    if !part.is_empty() {
                        return Ok(Some((part, (driver, start..end))));
                    }
                }
                Ok(None)
            });
        Self { frames: frames.boxed(), remaining }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let next = std::task::ready!(self.frames.poll_next_unpin(cx));
        if let (Remaining::Bytes(remaining), Some(Ok(bytes))) = (&mut self.remaining, &next) {
            *remaining = remaining.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(next.map(|result| result.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.remaining, Remaining::Bytes(0) | Remaining::NoBody)
    }

    fn size_hint(&self) -> SizeHint {
        match self.remaining {
            Remaining::Bytes(count) => SizeHint::with_exact(count),
            Remaining::Unknown | Remaining::NoBody => SizeHint::default(),
        }
    }
}

/// The durations of the phases of a request, for `Server-Timing`.
pub(crate) struct Timing {
    last: Instant,
    value: String,
}

impl Timing {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        Self { last: Instant::now(), value: String::new() }
    }

    /// Ends the phase `name`, which began at the end of the phase before it.
    pub(crate) fn mark(&mut self, name: &'static str) {
        let now = Instant::now();
        let millis = now.duration_since(self.last).as_secs_f64() * 1e3;
        let comma = if self.value.is_empty() { "" } else { ", " };
        self.last = now;
        write!(self.value, "{comma}{name};dur={millis:.2}").expect("writing to a string cannot fail");
    }

    /// Returns the value of the header.
    pub(crate) fn into_value(self) -> HeaderValue {
        HeaderValue::try_from(self.value).expect("names and numbers are ASCII")
    }
}
