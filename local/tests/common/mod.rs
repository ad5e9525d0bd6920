//! A client that detects incomplete responses, a function that runs in the test, and the programs under test.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

mod built;
mod client;
mod fake;
pub(crate) mod viewer;

pub(crate) use built::{bootstrap, edge, expected};
pub(crate) use client::{Reply, fetch, finish, get, get_signed, open, request, send, signed};
pub(crate) use fake::{Event, Fake, FunctionReply, fake, read_source, shout, write};

use std::time::Duration;

/// Longer than any response takes; a test that reaches this timeout has failed.
pub(crate) const LONG: Duration = Duration::from_mins(1);
