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

/// Runs `work` and returns the exit code, if this process is a child of a [`Pool`](crate::Pool); else returns `None`.
///
/// `main` calls it first, before it starts a thread: the sandbox applies to one thread, and allows no other.
pub fn run_if_worker(work: impl FnOnce(Input) -> Result<Vec<u8>>) -> Option<ExitCode> {
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

fn run(work: impl FnOnce(Input) -> Result<Vec<u8>>) -> io::Result<()> {
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

    let result =
        work(Input(input.take(order.input_bytes))).and_then(|output| within(output, order.output_bytes));
    let (is_error, bytes) = match result {
        Ok(output) => (false, output),
        Err(error) => (true, error_to_bytes(&error)),
    };
    memory.write_all_at(&bytes, 0)?;
    socket.write_all(&Outcome { is_error, missing, length: bytes.len() as u64 }.to_bytes())
}

/// Returns `output` if it has at most `max_bytes`.
fn within(output: Vec<u8>, max_bytes: u64) -> Result<Vec<u8>> {
    if output.len() as u64 <= max_bytes {
        return Ok(output);
    }
    let message = format!("the output has {} bytes: the limit is {max_bytes}", output.len());
    Err(Error::new(Kind::LimitExceeded, "isolated process", message))
}
