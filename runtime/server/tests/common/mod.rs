//! The program, and a client that sees every byte.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

#[path = "../../../service/tests/common/client.rs"]
mod client;
mod program;
#[path = "../../../service/tests/common/upstream.rs"]
mod upstream;

pub(crate) use client::{Reply, fetch, get, read, send};
pub(crate) use program::{Program, run, safelight, signal};
pub(crate) use upstream::{Upstream, response};
