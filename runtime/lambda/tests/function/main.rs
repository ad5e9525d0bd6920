//! The program `bootstrap` as Lambda runs it, with a Runtime API, an S3 and a caller of an access point in this
//! process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access_point;
mod cloud;
mod events;
mod faults;
mod function_url;
mod head_list;
mod running;
