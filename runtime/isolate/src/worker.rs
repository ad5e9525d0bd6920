//! The child: waits for one order, restricts itself, works, and ends.

use crate::{
    message::{Order, Outcome},
    sandbox,
    wire::error_to_bytes,
};
use rustix::stdio::{stdin, stdout};
use safelight_core::{Error, Kind, Result};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    os::unix::{fs::FileExt, net::UnixStream},
    process::ExitCode,
};

/// The only argument of a child process.
pub(crate) const WORKER_ARGUMENT: &str = "isolated-worker";

/// The origin in errors.
const ORIGIN: &str = "isolated process";

/// The input of a task.
#[derive(Debug)]
pub struct Input(io::Take<File>);

impl Input {
    /// Returns the number of bytes that were not read yet.
    pub fn remaining(&self) -> u64 {
        self.0.limit()
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// The result of a task, which replaces its input: a task reads all of the input before it writes.
#[derive(Debug)]
pub struct Output {
    memory: File,
    length: u64,
    max_bytes: u64,
}

impl Output {
    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`] above the limit of the task, [`Kind::Internal`] if the system fails.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.length.saturating_add(bytes.len() as u64);
        if self.max_bytes < length {
            let message = format!("the output has {length} bytes or more: the limit is {}", self.max_bytes);
            return Err(Error::new(Kind::LimitExceeded, ORIGIN, message));
        }
        let failed =
            |error| Error::new(Kind::Internal, ORIGIN, "the output cannot be written").with_source(error);
        self.memory.write_all_at(bytes, self.length).map_err(failed)?;
        self.length = length;
        Ok(())
    }
}

/// Runs `work` and returns the exit code, if this process is a child of a [`Pool`](crate::Pool); else returns `None`.
///
/// `main` calls it first, before it starts a thread: the sandbox applies to one thread, and allows no other.
pub fn run_if_worker(work: impl FnOnce(Input, &mut Output) -> Result<()>) -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let is_worker =
        arguments.next().is_some_and(|first| first == WORKER_ARGUMENT) && arguments.next().is_none();
    is_worker.then(|| match run(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent logs it.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    })
}

fn run(work: impl FnOnce(Input, &mut Output) -> Result<()>) -> io::Result<()> {
    sandbox::end_with_parent()?;
    // While descriptors may still be copied.
    let mut socket = UnixStream::from(stdin().try_clone_to_owned()?);
    let memory = File::from(stdout().try_clone_to_owned()?);
    let input = memory.try_clone()?;
    let mut order = [0; Order::BYTES];
    match socket.read_exact(&mut order) {
        // The parent needs no further child.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
        received => received?,
    }
    let order = Order::from_bytes(order);
    let missing = sandbox::restrict(order)?;

    let mut output = Output { memory, length: 0, max_bytes: order.output_bytes };
    let (is_error, length) = match work(Input(input.take(order.input_bytes)), &mut output) {
        Ok(()) => (false, output.length),
        Err(error) => {
            let bytes = error_to_bytes(&error);
            output.memory.write_all_at(&bytes, 0)?;
            (true, bytes.len() as u64)
        }
    };
    socket.write_all(&Outcome { is_error, missing, length }.to_bytes())
}
