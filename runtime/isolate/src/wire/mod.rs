//! Images, options and errors as bytes.
//!
//! Both sides are the same program on the same machine: numbers are in its byte order, and enumerations are numbers.
//! What is read is checked nevertheless, because a child that parsed hostile input may send anything.

mod fields;
mod format;
mod error;
mod image;
mod encode_job;
mod decode_job;

pub(crate) use decode_job::DecodeJob;
pub(crate) use encode_job::EncodeJob;
pub(crate) use error::{error_to_bytes, read_error};
pub(crate) use image::{image_from, image_parts};

use fields::{Fields, invalid};
use std::io::{self, Read};

/// The first byte of a task: its kind.
const ENCODE: u8 = 0;
const DECODE: u8 = 1;

/// A task of a codec.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Job {
    Encode(EncodeJob),
    Decode(DecodeJob),
}

impl Job {
    /// Reads a job of `bytes` bytes.
    pub(crate) fn read(input: impl Read, bytes: u64) -> io::Result<Self> {
        let mut fields = Fields::new(input, bytes);
        match fields.take::<u8>()? {
            ENCODE => EncodeJob::read(&mut fields).map(Self::Encode),
            DECODE => DecodeJob::read(&mut fields).map(Self::Decode),
            _ => Err(invalid("kind of task")),
        }
    }
}
