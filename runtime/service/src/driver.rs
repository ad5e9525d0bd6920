//! One session over one source: bytes are read when the answer's next bytes are asked for, and not
//! before, so a slow client slows the source down.

use crate::{
    decode_pool::{DecodePool, Reservation},
    source::{Meta, Reader},
};
use bytes::Bytes;
use safelight_core::{Error, Flow, Head, Kind, Result, Session, Sink};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// Before an answer is begun, this many bytes of it are made. A small damaged picture is then an
/// error with a status, not an answer cut short, and a small whole one has a `Content-Length`.
const LOOKAHEAD: u64 = 64 << 10;

/// An answer in the making.
pub struct SessionDriver {
    reader: Reader,
    /// `None` once it is over.
    session: Option<Box<dyn Session>>,
    decode_pool: Arc<DecodePool>,
    /// Its place in the decode pool, once it needs one.
    job: Option<Reservation>,
    out: Out,
}

impl SessionDriver {
    /// A run of `session` over `reader`, of which nothing is read yet; its heavy work is done in
    /// `decode pool`.
    pub fn new(reader: Reader, session: Box<dyn Session>, decode_pool: Arc<DecodePool>) -> Self {
        Self { reader, session: Some(session), decode_pool, job: None, out: Out::default() }
    }

    /// What the source says of itself.
    pub fn meta(&self) -> &Meta {
        self.reader.meta()
    }

    /// Runs until the answer's head is known and its first bytes, or all of them, are made.
    ///
    /// # Errors
    /// Whatever ends the run that early: nothing has gone out yet, so it can become a status.
    pub async fn commit(&mut self) -> Result<Head> {
        while self.session.is_some() && (self.out.head.is_none() || self.out.queued < LOOKAHEAD) {
            self.step().await?;
        }
        self.out.head.ok_or_else(|| Error::new(Kind::Internal, "run", "the transform gave no answer"))
    }

    /// The length of all that is still to come, if it is known.
    pub fn length(&self) -> Option<u64> {
        self.session.is_none().then_some(self.out.queued)
    }

    /// The next bytes of the answer, none empty; `None` at its end.
    ///
    /// # Errors
    /// Those of the source and of the transform. What went out before is not the whole answer.
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

    /// Reads one chunk and hands it to the session.
    async fn step(&mut self) -> Result<()> {
        let chunk = self.reader.next().await?;
        let Some(session) = self.session.take() else { return Ok(()) };
        let Some(chunk) = chunk else { return self.end(session).await };
        let (session, flow) = self.drive(session, |session, out| session.push(chunk, out)).await?;
        match flow {
            Flow::More => (),
            Flow::Keep => {
                let size = self.reader.meta().size;
                if self.job.is_none() {
                    self.job()?.reserve_source(size).await?;
                }
            }
            Flow::Reserve(bytes) => self.job()?.reserve(bytes).await?,
            Flow::Skip(count) => self.reader.skip(count),
            // The rest of the source is never asked for.
            Flow::Done => {
                self.close();
                return Ok(());
            }
        }
        self.session = Some(session);
        Ok(())
    }

    /// Ends the session.
    async fn end(&mut self, mut session: Box<dyn Session>) -> Result<()> {
        let bytes = guarded(|| session.reserve())?;
        if 0 < bytes {
            self.job()?.reserve(bytes).await?;
        }
        self.drive(session, |session, out| session.finish(out)).await?;
        self.close();
        Ok(())
    }

    /// Does a part of the session's work: in the decode pool if it is heavy, else here, on the thread that
    /// serves the connection, for it goes at the speed of a scan.
    async fn drive<T: Send + 'static>(
        &mut self,
        mut session: Box<dyn Session>,
        part: impl FnOnce(&mut dyn Session, &mut Out) -> Result<T> + Send + 'static,
    ) -> Result<(Box<dyn Session>, T)> {
        let Some(job) = self.job.as_ref().filter(|job| job.is_heavy()) else {
            let start = Instant::now();
            let done = guarded(|| part(&mut *session, &mut self.out));
            self.reader.meter().add_work(start.elapsed());
            return Ok((session, done?));
        };
        let mut out = Out { gone: job.gone(), ..std::mem::take(&mut self.out) };
        let meter = self.reader.meter().clone();
        let work = move || {
            let start = Instant::now();
            let done = part(&mut *session, &mut out);
            meter.add_work(start.elapsed());
            done.map(|done| (session, out, done))
        };
        let (session, out, done) = job.work(work).await?;
        self.out = out;
        Ok((session, done))
    }

    /// This run's place in the decode pool.
    fn job(&mut self) -> Result<&Reservation> {
        if self.job.is_none() {
            self.job = Some(self.decode_pool.admit()?);
        }
        self.job.as_ref().ok_or_else(|| Error::new(Kind::Internal, "run", "has no place in the decode_pool"))
    }

    /// Gives back what the session took, but for its answer.
    fn close(&mut self) {
        if let Some(job) = &self.job {
            job.finish(self.out.queued);
        }
    }
}

/// The result of `work`; a panic is a defect of ours, and an error to the caller.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let defect = |_| Err(Error::new(Kind::Internal, "run", "the transform failed unexpectedly"));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(defect)
}

/// What the session wrote and nobody took yet.
#[derive(Default)]
struct Out {
    head: Option<Head>,
    body: VecDeque<Bytes>,
    queued: u64,
    gone: Arc<AtomicBool>,
}

impl Sink for Out {
    fn head(&mut self, head: Head) {
        self.head = Some(head);
    }

    fn body(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queued += bytes.len() as u64;
            self.body.push_back(bytes);
        }
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}
