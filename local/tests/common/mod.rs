//! A client that notices whether an answer was whole, and a function that lives in the test.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

mod built;
mod client;
mod fake;
pub(crate) mod viewer;

pub(crate) use built::{bootstrap, edge, expected};
pub(crate) use client::{Reply, fetch, finish, get, get_signed, open, request, send, signed};
pub(crate) use fake::{Answer, Event, Fake, fake, read_source, shout, write};

use std::time::Duration;

/// Longer than anything here takes; a test that waits for it has failed.
pub(crate) const LONG: Duration = Duration::from_mins(1);
