//! Reasons for which a TIFF cannot be decoded.

use super::FORMAT;
use crate::error::CodecError;
use std::error::Error;

pub(super) fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged(FORMAT, what.into())
}

pub(super) fn unsupported(what: &'static str) -> CodecError {
    CodecError::Unsupported(FORMAT, what)
}

/// The error of a decoder of compressed data.
pub(super) fn not_decoded(error: impl Error + Send + Sync + 'static) -> CodecError {
    CodecError::Damaged(FORMAT, Box::new(error))
}
