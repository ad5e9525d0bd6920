//! A child process, as its parent sees it.

use crate::{
    IsolateError, Task, TaskResult,
    message::{Missing, Order, Outcome},
    shared::SharedMemory,
    wire::read_error,
    worker::WORKER_ARGUMENT,
};
use rustix::process::Signal;
use safelight_core::Result as CoreResult;
use std::{
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::OwnedFd,
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::Path,
    process::{self, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// The interval at which a waiting parent looks whether to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The longest time of a task in seconds, for a child that neither computes nor ends. The limit on CPU time ends all
/// others.
const MAX_SECS: u64 = 600;

/// Bytes of a child's last words that are logged.
const MAX_WORDS: u64 = 1 << 10;

/// A process that waits for its task, and is killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    socket: UnixStream,
    memory: SharedMemory,
}

/// The result of a task, and what its sandbox lacked.
type Finished = (CoreResult<TaskResult>, Missing);

impl Child {
    /// Starts `program` as a worker. Its standard input is the socket, and its standard output the shared memory.
    pub(crate) fn start(program: &Path) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_read_timeout(Some(POLL_INTERVAL))?;
        let memory = SharedMemory::new()?;
        let process = Command::new(program)
            .arg0("safelight")
            .arg(WORKER_ARGUMENT)
            // Credentials are there.
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(memory.share()?))
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self { process, socket, memory })
    }

    /// Returns whether it has ended although it has no task.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// Runs its one task.
    pub(crate) fn run(
        &mut self,
        task: &Task<'_>,
        check: &dyn Fn() -> CoreResult<()>,
    ) -> Result<Finished, IsolateError> {
        let input_bytes = task.input.iter().map(|part| part.len() as u64).sum();
        let Task { output_bytes, memory_bytes, cpu_secs, .. } = *task;
        self.memory.fill(&task.input, output_bytes.max(input_bytes))?;
        let order = Order { input_bytes, output_bytes, memory_bytes, cpu_secs };
        match self.socket.write_all(&order.to_bytes()) {
            Err(error) if is_end(&error) => return Err(self.death(task)),
            sent => sent?,
        }
        let outcome = self.outcome(task, check)?.ok_or(IsolateError::InvalidResult)?;
        // Its memory is free before the result is copied.
        self.kill();
        if output_bytes < outcome.length {
            return Err(IsolateError::InvalidResult);
        }
        let result = self.memory.read(outcome.length)?;
        let result = if outcome.is_error {
            Err(read_error(&result.into_bytes()?).map_err(|_| IsolateError::InvalidResult)?)
        } else {
            Ok(result)
        };
        Ok((result, outcome.missing))
    }

    /// Waits for the outcome.
    fn outcome(
        &mut self,
        task: &Task<'_>,
        check: &dyn Fn() -> CoreResult<()>,
    ) -> Result<Option<Outcome>, IsolateError> {
        let start = Instant::now();
        let mut bytes = [0; Outcome::BYTES];
        let mut filled = 0;
        while filled < bytes.len() {
            check().map_err(IsolateError::Stopped)?;
            if Duration::from_secs(MAX_SECS) < start.elapsed() {
                return Err(IsolateError::Hung { max_secs: MAX_SECS });
            }
            match self.socket.read(&mut bytes[filled..]) {
                Ok(0) => return Err(self.death(task)),
                Ok(count) => filled += count,
                Err(error) if is_end(&error) => return Err(self.death(task)),
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => (),
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(Outcome::from_bytes(bytes))
    }

    /// Returns the reason for which the child closed its socket.
    fn death(&mut self, task: &Task<'_>) -> IsolateError {
        let Some(status) = self.kill() else {
            return IsolateError::Died { how: "its status is unknown".to_owned() };
        };
        let words = self.last_words();
        let is = |signal: Signal| status.signal() == Some(signal.as_raw());
        // A program whose allocation fails says so and aborts. The system kills one if memory is short.
        if is(Signal::KILL) || (is(Signal::ABORT) && words.contains("memory allocation of")) {
            return IsolateError::OutOfMemory { max_bytes: task.memory_bytes };
        }
        if is(Signal::XCPU) {
            return IsolateError::OutOfTime { max_secs: task.cpu_secs };
        }
        IsolateError::Died { how: format!("{status}: {words}") }
    }

    /// Kills the process if it still runs, and waits for its end: only then is its memory free.
    ///
    /// A process that is about to end keeps the status with which it ends.
    fn kill(&mut self) -> Option<ExitStatus> {
        // Fails only if the process has ended already.
        let _ = self.process.kill();
        self.process.wait().ok()
    }

    /// Returns the first line or so that the ended process wrote to its standard error.
    fn last_words(&mut self) -> String {
        let Some(stderr) = self.process.stderr.take() else { return String::new() };
        // Without the whole sandbox, a process that it started may still have the other end.
        let mut words = Vec::new();
        if rustix::io::ioctl_fionbio(&stderr, true).is_ok() {
            // Whatever was read before an error is kept.
            let _ = stderr.take(MAX_WORDS).read_to_end(&mut words);
        }
        String::from_utf8_lossy(&words).trim().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns whether the other end of the socket is closed.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}
