//! The heavy work of one image, on one thread from its first byte to its last.

use super::{
    ORIGIN,
    cores::{Core, Cores},
};
use crate::{
    defect::{catch_panic, defect},
    meter::Meter,
};
use bytes::Bytes;
use safelight_core::{Error, Flow, Kind, Result, Session, Sink, Stop};
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, error::TryRecvError};

/// A message to the thread of an image.
pub(crate) enum Input {
    /// The next bytes of the source.
    Chunk(Bytes),
    /// The source has ended. Without this message, the source failed or the client disconnected.
    End,
}

/// A session that was started, with all that it needs to end.
pub(super) struct Job<O> {
    pub(super) session: Box<dyn Session>,
    pub(super) output: O,
    pub(super) chunks: Receiver<Input>,
    pub(super) stop: Stop,
    pub(super) cores: Arc<Cores>,
    pub(super) meter: Arc<Meter>,
}

impl<O: Sink> Job<O> {
    /// Runs to the end of the session, on `core` and, after each wait for the source, on any core.
    pub(super) fn run(mut self, core: Core) -> Result<O> {
        catch_panic(ORIGIN, || self.work(core))?;
        Ok(self.output)
    }

    fn work(&mut self, mut core: Core) -> Result<()> {
        loop {
            self.stop.check()?;
            let input = match self.chunks.try_recv() {
                Ok(input) => Some(input),
                Err(TryRecvError::Disconnected) => None,
                // The source is slower than the work: others use the core meanwhile.
                Err(TryRecvError::Empty) => {
                    drop(core);
                    let input = self.chunks.blocking_recv();
                    core = self.cores.resume();
                    input
                }
            };
            match input {
                Some(Input::Chunk(chunk)) => {
                    match self.timed(|session, output| session.push(chunk, output))? {
                        Flow::Done => return Ok(()),
                        Flow::More | Flow::Keep => (),
                        Flow::Skip(_) | Flow::Reserve(_) => return Err(defect(ORIGIN)),
                    }
                }
                Some(Input::End) => return self.timed(|session, output| session.finish(output)),
                None => {
                    self.stop.check()?;
                    return Err(Error::new(Kind::Cancelled, ORIGIN, "the source was given up"));
                }
            }
        }
    }

    /// Returns the result of `work`, and counts its time.
    fn timed<T>(&mut self, work: impl FnOnce(&mut dyn Session, &mut O) -> Result<T>) -> Result<T> {
        let Self { session, output, meter, .. } = self;
        meter.timed(|| work(&mut **session, output))
    }
}
