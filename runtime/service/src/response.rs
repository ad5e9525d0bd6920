//! What a door sends: headers that tell of the answer, and a body that is made as it is sent.

use crate::{conditional::Validators, driver::SessionDriver, source::Meta};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use headers::HeaderMapExt;
use http::{HeaderMap, HeaderValue, header};
use http_body::{Frame, SizeHint};
use safelight_core::{Error, Kind, Result};
use std::{
    fmt::Write,
    ops::Range,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

/// How long an answer may be kept where the source does not say: a day.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Writes what is known of an answer without its bytes: it goes with a 304 as well as with a 200.
pub(crate) fn describe(headers: &mut HeaderMap, meta: &Meta, validators: &Validators) {
    let given = meta.cache_control.as_ref().and_then(|value| HeaderValue::from_str(value).ok());
    headers.insert(header::CACHE_CONTROL, given.unwrap_or(CACHE_CONTROL));
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

/// A response body, whose bytes are made when they are asked for.
///
/// An error in it must abort the response: what went out before is not the whole answer.
pub struct Body {
    frames: BoxStream<'static, Result<Bytes>>,
    left: Left,
}

/// How much of a body is still to come.
#[derive(Clone, Copy)]
enum Left {
    /// The end will tell.
    Unknown,
    /// As many bytes.
    Bytes(u64),
    /// There is no body at all, not even an empty one: nothing may be said of its length.
    Nothing,
}

impl Body {
    /// The body of a response that has none.
    pub fn none() -> Self {
        Self { frames: stream::empty().boxed(), left: Left::Nothing }
    }

    /// Bytes that are there already.
    pub fn whole(bytes: Bytes) -> Self {
        let left = Left::Bytes(bytes.len() as u64);
        Self { frames: stream::iter([Ok(bytes)]).boxed(), left }
    }

    /// The answer of `run`, however long it becomes.
    pub fn run(run: SessionDriver) -> Self {
        let frames =
            stream::try_unfold(run, |mut run| async move { Ok(run.next().await?.map(|bytes| (bytes, run))) });
        Self { frames: frames.boxed(), left: Left::Unknown }
    }

    /// The part of the answer of `run` that lies in `range`; the run ends with it.
    pub fn part(run: SessionDriver, range: Range<u64>) -> Self {
        let left = Left::Bytes(range.end - range.start);
        let frames = stream::try_unfold((run, range), |(mut run, Range { mut start, mut end })| async move {
            while start < end {
                let cut = || Error::new(Kind::Upstream, "source", "was changed while it was read");
                let bytes = run.next().await?.ok_or_else(cut)?;
                let length = bytes.len() as u64;
                let part = bytes.slice(start.min(length) as usize..end.min(length) as usize);
                (start, end) = (start.saturating_sub(length), end - length.min(end));
                if !part.is_empty() {
                    return Ok(Some((part, (run, start..end))));
                }
            }
            Ok(None)
        });
        Self { frames: frames.boxed(), left }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let next = std::task::ready!(self.frames.poll_next_unpin(cx));
        if let (Left::Bytes(left), Some(Ok(bytes))) = (&mut self.left, &next) {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(next.map(|result| result.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.left, Left::Bytes(0) | Left::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            Left::Bytes(count) => SizeHint::with_exact(count),
            Left::Unknown | Left::Nothing => SizeHint::default(),
        }
    }
}

/// Where the time of a request went, for `Server-Timing`.
pub(crate) struct Timing {
    last: Instant,
    value: String,
}

impl Timing {
    /// Starts the clock.
    pub(crate) fn start() -> Self {
        Self { last: Instant::now(), value: String::new() }
    }

    /// Ends the phase `name`, which began where the one before it ended.
    pub(crate) fn mark(&mut self, name: &'static str) {
        let now = Instant::now();
        let millis = now.duration_since(self.last).as_secs_f64() * 1e3;
        let comma = if self.value.is_empty() { "" } else { ", " };
        self.last = now;
        write!(self.value, "{comma}{name};dur={millis:.2}").expect("writing to a string cannot fail");
    }

    /// The header's value.
    pub(crate) fn into_value(self) -> HeaderValue {
        HeaderValue::try_from(self.value).expect("names and numbers are ASCII")
    }
}
