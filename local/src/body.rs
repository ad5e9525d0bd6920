//! Bodies of all servers here: boxed, and cut on an error, so that a partial body never looks complete.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::sync::mpsc;

/// Error that ended a body early.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body of any kind. An error in it cuts the connection.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Returns a body with these bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Returns an empty body.
pub fn empty() -> Body {
    full(Bytes::new())
}

/// Returns a body of these chunks.
pub fn streamed<E: Into<BoxError> + 'static>(
    chunks: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Body {
    BodyExt::boxed_unsync(StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data).map_err(Into::into))))
}

/// Error of a body whose sender was dropped before the end.
#[derive(Debug)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body was cut")
    }
}

impl std::error::Error for Cut {}

/// The sending end of a body. Dropping it cuts the body; [`Pipe::finish`] ends it.
#[derive(Debug)]
pub(crate) struct Pipe(mpsc::Sender<Option<Bytes>>);

/// Returns a body and its sending end. A few chunks are buffered, then the sender waits.
pub(crate) fn pipe() -> (Pipe, Body) {
    let (sender, receiver) = mpsc::channel(4);
    let chunks = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver: mpsc::Receiver<Option<Bytes>> = receiver?;
        match receiver.recv().await {
            Some(Some(chunk)) => Some((Ok(chunk), Some(receiver))),
            Some(None) => None,
            None => Some((Err(Cut), None)),
        }
    });
    (Pipe(sender), streamed(chunks))
}

impl Pipe {
    /// Sends a chunk. Returns `false` if the receiver is gone.
    pub(crate) async fn send(&self, chunk: Bytes) -> bool {
        self.0.send(Some(chunk)).await.is_ok()
    }

    /// Ends the body normally.
    pub(crate) async fn finish(self) {
        // A receiver that is gone needs no end.
        let _ = self.0.send(None).await;
    }
}

/// The chunks of a body, then its trailers.
pub(crate) struct Chunks<B> {
    body: B,
    /// Trailers received so far.
    pub(crate) trailers: HeaderMap,
}

impl<B> Chunks<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: B) -> Self {
        Self { body, trailers: HeaderMap::new() }
    }

    /// Returns the next chunk, never an empty one; `None` at the end.
    ///
    /// # Errors
    /// The error of the body.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BoxError> {
        while let Some(frame) = self.body.frame().await {
            match frame.map_err(Into::into)?.into_data() {
                Ok(chunk) if chunk.is_empty() => (),
                Ok(chunk) => return Ok(Some(chunk)),
                Err(frame) => self.trailers.extend(frame.into_trailers().unwrap_or_default()),
            }
        }
        Ok(None)
    }
}

/// Collects `body`; `None` if it is longer than `limit` bytes.
///
/// # Errors
/// The error of the body.
pub(crate) async fn collect<B>(body: B, limit: usize) -> Result<Option<Bytes>, BoxError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match http_body_util::Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(Some(whole.to_bytes())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Ok(None),
        Err(error) => Err(error),
    }
}
