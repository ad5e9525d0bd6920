//! One session over one source. It reads only when the client requests the next bytes, so a slow
//! client slows the source down.

use crate::{
    decode_pool::{DecodePool, Reservation},
    source::{Meta, Reader},
};
use bytes::Bytes;
use safelight_core::{Error, Flow, Head, Kind, Result, Session, Sink, Stop};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

/// Bytes of output that are produced before the response begins. A small damaged image is then an error with a
/// status instead of a truncated response, and a small valid one has a `Content-Length`.
const LOOKAHEAD_BYTES: u64 = 64 << 10;

/// Drives a session: moves bytes from its source to its output.
pub struct SessionDriver {
    reader: Reader,
    /// `None` after the session's end.
    session: Option<Box<dyn Session>>,
    decode_pool: Arc<DecodePool>,
    /// The session's place in the pool, once it needs one.
    reservation: Option<Reservation>,
    out: Output,
}

impl SessionDriver {
    /// Drives `session` over `reader`, of which nothing was read yet. Heavy work runs in `decode_pool`.
    pub fn new(reader: Reader, session: Box<dyn Session>, decode_pool: Arc<DecodePool>) -> Self {
        Self { reader, session: Some(session), decode_pool, reservation: None, out: Output::default() }
    }

    /// Returns the metadata of the source.
    pub fn meta(&self) -> &Meta {
        self.reader.meta()
    }

    /// Runs until the head of the response is known, and its first 64 KiB or all of it is produced.
    ///
    /// # Errors
    /// Those of the source and of the session. No byte was sent yet, so they can become a status.
    pub async fn commit(&mut self) -> Result<Head> {
        while self.session.is_some() && (self.out.head.is_none() || self.out.queued < LOOKAHEAD_BYTES) {
            self.step().await?;
        }
        let no_head = || Error::new(Kind::Internal, "driver", "the transform returned no image");
        self.out.head.ok_or_else(no_head)
    }

    /// Returns the length of the remaining output, if it is known.
    pub fn length(&self) -> Option<u64> {
        self.session.is_none().then_some(self.out.queued)
    }

    /// Returns the next bytes of the output, never an empty chunk; `None` at the end.
    ///
    /// # Errors
    /// Those of the source and of the session. The bytes before are then not the whole response.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.out.body.pop_front() {
                self.out.queued -= bytes.len() as u64;
                return Ok(Some(bytes));
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
        let Some(session) = self.session.take() else { return Ok(()) };
        let Some(chunk) = chunk else { return self.finish(session).await };
        let (mut session, flow) = self.run(session, |session, out| session.push(chunk, out)).await?;
        match flow {
            Flow::More => (),
            Flow::Keep => {
                let size = self.reader.meta().size;
                if self.reservation.is_none() {
                    self.reservation()?.reserve_source(size).await?;
                    if let Some(size) = size {
                        session.expect(size);
                    }
                }
            }
            Flow::Reserve(cost) => self.reservation()?.reserve(cost.bytes).await?,
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

    /// Finishes the session.
    async fn finish(&mut self, mut session: Box<dyn Session>) -> Result<()> {
        if let Some(cost) = catch_panic(|| session.reserve())? {
            self.reservation()?.reserve(cost.bytes).await?;
        }
        self.run(session, |session, out| session.finish(out)).await?;
        self.release();
        Ok(())
    }

    /// Runs a part of the session's work: in the pool if it is heavy, else on the thread that serves the
    /// connection, because it is as fast as a scan.
    async fn run<T: Send + 'static>(
        &mut self,
        mut session: Box<dyn Session>,
        part: impl FnOnce(&mut dyn Session, &mut Output) -> Result<T> + Send + 'static,
    ) -> Result<(Box<dyn Session>, T)> {
        let Some(reservation) = self.reservation.as_ref().filter(|reservation| reservation.is_heavy()) else {
            let start = Instant::now();
            let result = catch_panic(|| part(&mut *session, &mut self.out));
            self.reader.meter().add_work(start.elapsed());
            return Ok((session, result?));
        };
        let mut out = Output { stop: reservation.stop(), ..std::mem::take(&mut self.out) };
        let meter = self.reader.meter().clone();
        let work = move || {
            let start = Instant::now();
            let result = part(&mut *session, &mut out);
            meter.add_work(start.elapsed());
            result.map(|value| (session, out, value))
        };
        let (session, out, value) = reservation.run(work).await?;
        self.out = out;
        Ok((session, value))
    }

    /// Returns the session's place in the pool.
    fn reservation(&mut self) -> Result<&Reservation> {
        if self.reservation.is_none() {
            self.reservation = Some(self.decode_pool.admit()?);
        }
        let missing = || Error::new(Kind::Internal, "driver", "no memory was reserved for the decode");
        self.reservation.as_ref().ok_or_else(missing)
    }

    /// Releases what the session reserved, except for its output.
    fn release(&mut self) {
        if let Some(reservation) = &self.reservation {
            reservation.release_all_but(self.out.queued);
        }
    }
}

/// Returns the result of `work`; a panic becomes [`Kind::Internal`].
fn catch_panic<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let defect = |_| Err(Error::new(Kind::Internal, "driver", "the transform failed because of a defect"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(defect)
}

/// Output of the session that was not sent yet.
#[derive(Default)]
struct Output {
    head: Option<Head>,
    body: VecDeque<Bytes>,
    queued: u64,
    stop: Stop,
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
}
