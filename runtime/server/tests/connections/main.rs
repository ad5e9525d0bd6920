//! Connections of a server in this process: shutdown and limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../service/tests/common/mod.rs"]
mod common;
mod limits;
mod server;
mod stopping;
