//! A client that notices whether an answer was whole, and a function that lives in the test.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

mod client;
mod fake;
pub(crate) mod viewer;

pub(crate) use client::{Reply, fetch, finish, get, get_signed, open, request, send, signed};
pub(crate) use fake::{Answer, Event, Fake, fake, read_source, shout, write};

use std::{path::PathBuf, time::Duration};

/// Longer than anything here takes; a test that waits for it has failed.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// The program that `SAFELIGHT_BOOTSTRAP` names, else the one beside the tests.
pub(crate) fn bootstrap() -> Option<PathBuf> {
    let beside = || std::env::current_exe().unwrap().parent().unwrap().with_file_name("bootstrap");
    let program = std::env::var_os("SAFELIGHT_BOOTSTRAP").map_or_else(beside, PathBuf::from);
    let found = program.is_file().then_some(program);
    if found.is_none() {
        eprintln!("there is no bootstrap to test: name it with SAFELIGHT_BOOTSTRAP");
    }
    found
}
