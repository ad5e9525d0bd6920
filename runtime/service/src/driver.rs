//! One session over one source. Light work reads only when the client requests the next bytes, so a slow client slows
//! the source down. Heavy work runs to its end in the pool, and its output waits for the client.

use crate::{
    decode_pool::{DecodePool, Input, Reservation},
    defect::catch_panic,
    meter::Meter,
    source::{Meta, Reader},
};
use bytes::Bytes;
use safelight_core::{Cost, Error, Flow, Head, Kind, Result, Session, Sink, Stage, Stop};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::mpsc;

/// The origin in errors.
const ORIGIN: &str = "driver";

/// The longest piece of a response that is passed on at once. A connection buffers one piece, so a slow client takes no
/// more memory than that besides what is reserved.
pub(crate) const MAX_PIECE_BYTES: usize = 64 << 10;

/// Drives a session: moves bytes from its source to its output.
pub struct SessionDriver {
    reader: Reader,
    /// `None` after the session's end.
    session: Option<Box<dyn Session>>,
    decode_pool: Arc<DecodePool>,
    /// The session's place in the pool, once it needs one.
    reservation: Option<Reservation>,
    /// The longest source that may be buffered, once that is reserved.
    max_source_bytes: u64,
    out: Output,
}

impl SessionDriver {
    /// Drives `session` over `reader`, of which nothing was read yet. Heavy work runs in `decode_pool`.
    pub fn new(reader: Reader, mut session: Box<dyn Session>, decode_pool: Arc<DecodePool>) -> Self {
        if let Some(size) = reader.meta().size {
            session.sized(size);
        }
        let out = Output { meter: reader.meter().clone(), ..Output::default() };
        Self {
            reader,
            session: Some(session),
            decode_pool,
            reservation: None,
            max_source_bytes: u64::MAX,
            out,
        }
    }

    /// Returns the metadata of the source.
    pub fn meta(&self) -> &Meta {
        self.reader.meta()
    }

    /// Runs until the head of the response is known, and its first `lookahead` bytes or all of it are produced. A short
    /// response of a damaged image is then an error with a status, and that of a valid one has a `Content-Length`.
    ///
    /// # Errors
    /// Those of the source and of the session. No byte was sent yet, so they can become a status.
    pub async fn commit(&mut self, lookahead: u64) -> Result<Head> {
        while self.session.is_some() && (self.out.head.is_none() || self.out.queued < lookahead) {
            self.step().await?;
        }
        let no_head = || Error::new(Kind::Internal, ORIGIN, "the transform returned no image");
        self.out.head.ok_or_else(no_head)
    }

    /// Runs to the end, and returns the head and all of the output.
    ///
    /// # Errors
    /// As for [`SessionDriver::commit`].
    pub(crate) async fn into_whole(mut self) -> Result<(Head, Meta, Bytes)> {
        let head = self.commit(u64::MAX).await?;
        let body = match self.out.body.len() {
            1 => self.out.body.pop_front().unwrap_or_default(),
            _ => self.out.body.drain(..).collect::<Vec<_>>().concat().into(),
        };
        Ok((head, self.meta().clone(), body))
    }

    /// Returns the length of the remaining output, if it is known.
    pub fn length(&self) -> Option<u64> {
        self.session.is_none().then_some(self.out.queued)
    }

    /// Returns the number of bytes of the output that were produced and not yet taken.
    pub fn queued(&self) -> u64 {
        self.out.queued
    }

    /// Returns the next bytes of the output, 64 KiB at most and never an empty chunk; `None` at the end.
    ///
    /// # Errors
    /// Those of the source and of the session. The bytes before are then not the whole response.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(piece) = self.out.next_piece() {
                return Ok(Some(piece));
            }
            if self.session.is_none() {
                return Ok(None);
            }
            self.step().await?;
        }
    }

    /// Reads one chunk and pushes it to the session.
    async fn step(&mut self) -> Result<()> {
        let chunk = self.reader.next().await?;
        let Some(mut session) = self.session.take() else { return Ok(()) };
        let Some(chunk) = chunk else { return self.finish(session).await };
        let flow = self.light(|out| session.push(chunk, out))?;
        match flow {
            Flow::More => (),
            Flow::Keep => self.keep(&mut *session).await?,
            Flow::Reserve(cost) => {
                self.reserve(cost).await?;
                return self.run(session, true).await;
            }
            Flow::Skip(count) => self.reader.skip(count),
            // The rest of the source is never read.
            Flow::Done => {
                self.release();
                return Ok(());
            }
        }
        self.session = Some(session);
        Ok(())
    }

    /// Reserves memory for the whole source, once, and checks that the source does not exceed it.
    async fn keep(&mut self, session: &mut dyn Session) -> Result<()> {
        if self.reservation.is_none() {
            let size = self.reader.meta().size;
            self.max_source_bytes = self.reservation()?.reserve_source(size).await?;
            if let Some(size) = size {
                session.expect(size);
            }
        }
        let max = self.max_source_bytes;
        if max < self.reader.position() {
            let message = format!("a source of unknown length is too large: the limit is {max} bytes");
            return Err(Error::new(Kind::LimitExceeded, ORIGIN, message));
        }
        Ok(())
    }

    /// Finishes the session.
    async fn finish(&mut self, mut session: Box<dyn Session>) -> Result<()> {
        if let Some(cost) = catch_panic(ORIGIN, || session.reserve())? {
            self.reserve(cost).await?;
            return self.run(session, false).await;
        }
        self.light(|out| session.finish(out))?;
        self.release();
        Ok(())
    }

    /// Runs light work on the thread that serves the connection, because it is as fast as a scan.
    fn light<T>(&mut self, work: impl FnOnce(&mut Output) -> Result<T>) -> Result<T> {
        self.reader.meter().timed(|| catch_panic(ORIGIN, || work(&mut self.out)))
    }

    /// Runs the rest of the session in the pool; `has_more` says whether the source has more bytes.
    async fn run(&mut self, session: Box<dyn Session>, has_more: bool) -> Result<()> {
        let Some(mut reservation) = self.reservation.take() else { return Err(no_reservation()) };
        let output = Output { stop: reservation.stop(), ..std::mem::take(&mut self.out) };
        let reader = &mut self.reader;
        let feed = |input: mpsc::Sender<Input>| async move {
            while has_more && let Some(chunk) = reader.next().await? {
                if input.send(Input::Chunk(chunk)).await.is_err() {
                    // The session needs no more.
                    return Ok(());
                }
            }
            let _ = input.send(Input::End).await;
            Ok(())
        };
        self.out = reservation.run(session, output, feed).await?;
        self.reservation = Some(reservation);
        self.release();
        Ok(())
    }

    async fn reserve(&mut self, cost: Cost) -> Result<()> {
        self.reservation()?;
        self.reservation.as_mut().ok_or_else(no_reservation)?.reserve(cost).await
    }

    /// Returns the session's place in the pool.
    fn reservation(&mut self) -> Result<&Reservation> {
        if self.reservation.is_none() {
            self.reservation = Some(self.decode_pool.admit(self.reader.meter().clone())?);
        }
        self.reservation.as_ref().ok_or_else(no_reservation)
    }

    /// Releases what the session reserved, except for its output.
    fn release(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.out.body = reservation.finish(self.out.body.drain(..)).into();
        }
    }
}

fn no_reservation() -> Error {
    Error::new(Kind::Internal, ORIGIN, "no memory was reserved for the decode")
}

/// Output of the session that was not sent yet.
#[derive(Default)]
struct Output {
    head: Option<Head>,
    body: VecDeque<Bytes>,
    queued: u64,
    stop: Stop,
    meter: Arc<Meter>,
}

impl Output {
    /// Removes the next piece.
    fn next_piece(&mut self) -> Option<Bytes> {
        let mut piece = self.body.pop_front()?;
        if MAX_PIECE_BYTES < piece.len() {
            self.body.push_front(piece.split_off(MAX_PIECE_BYTES));
        }
        self.queued -= piece.len() as u64;
        Some(piece)
    }
}

impl Sink for Output {
    fn head(&mut self, head: Head) {
        self.head = Some(head);
    }

    fn body(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queued += bytes.len() as u64;
            self.body.push_back(bytes);
        }
    }

    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn stage(&mut self, stage: Stage) {
        self.meter.enter(stage);
    }

    fn decoded(&mut self, pixels: u64) {
        self.meter.decoded(pixels);
    }
}
