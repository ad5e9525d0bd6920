//! Tasks in real children of this test program: those that behave, and those that do not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;
mod limits;
mod pool;
mod sandbox;
mod tasks;

use safelight_core::{Error, Kind};
use safelight_isolate::{IsolateError, Pool, Task, TaskResult, run_if_worker};
use std::{borrow::Cow, process::ExitCode};

/// Returns the task that the child knows by this name, with limits that suit most.
fn task<'a>(name: &'a str, argument: &'a str) -> Task<'a> {
    let parts = [name, "\n", argument];
    Task {
        input: parts.iter().map(|part| Cow::Borrowed(part.as_bytes())).collect(),
        output_bytes: 1 << 20,
        memory_bytes: 64 << 20,
        cpu_secs: 60,
    }
}

/// Runs a task that nothing stops.
fn run(pool: &Pool, name: &str) -> Result<Vec<u8>, IsolateError> {
    run_task(pool, &task(name, ""))
}

fn run_task(pool: &Pool, task: &Task<'_>) -> Result<Vec<u8>, IsolateError> {
    pool.run(task, &|| Ok(())).and_then(TaskResult::into_bytes)
}

/// Returns the error of a task that is stopped.
fn disconnected() -> Error {
    Error::new(Kind::Cancelled, "test", "client disconnected")
}

/// Checks that the pool works.
fn check_next(pool: &Pool) {
    assert_eq!(run_task(pool, &task("reverse", "abc")).unwrap(), b"cba");
}

fn main() -> ExitCode {
    if let Some(code) = run_if_worker(tasks::run) {
        return code;
    }
    common::run_tests(&[limits::TESTS, sandbox::TESTS, pool::TESTS].concat())
}
