//! Images, options and errors as bytes.
//!
//! Both sides are the same program on the same machine: numbers are in its byte order, and enumerations are numbers.
//! What is read is checked nevertheless, because a child that parsed hostile input may send anything.

mod fields;
mod error;
mod image;
mod job;

pub(crate) use error::{error_to_bytes, read_error};
pub(crate) use job::EncodeJob;
