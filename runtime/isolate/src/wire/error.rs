//! Errors of codecs.

use super::fields::{Fields, Parts, invalid};
use safelight_core::{Error, Kind};
use std::{error::Error as StdError, io};

/// The kinds of error that a codec reports.
const KINDS: [Kind; 5] =
    [Kind::InvalidParam, Kind::UnsupportedFormat, Kind::Corrupt, Kind::LimitExceeded, Kind::Internal];

/// Maximum bytes of a message, and of its causes.
const MAX_TEXT: usize = 1 << 10;

/// The causes of an error in a child, as text; for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Causes(String);

/// Converts an error to bytes. The origin is not among them: the parent knows it.
pub(crate) fn error_to_bytes(error: &Error) -> Vec<u8> {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    let causes = causes.join(": ");
    let kind = KINDS.iter().position(|kind| *kind == error.kind).unwrap_or(KINDS.len() - 1);
    let mut parts = Parts::default();
    parts.put(kind as u8);
    for text in [error.message.as_str(), &causes] {
        let text = &text.as_bytes()[..text.floor_char_boundary(MAX_TEXT)];
        parts.put(text.len() as u32);
        parts.put_all(text);
    }
    parts.into_parts().concat()
}

/// Reads an error.
pub(crate) fn read_error(bytes: &[u8]) -> io::Result<Error> {
    let mut fields = Fields::new(bytes, bytes.len() as u64);
    let kind = *KINDS.get(usize::from(fields.take::<u8>()?)).ok_or_else(|| invalid("kind"))?;
    let mut text = || {
        let length = fields.take::<u32>()?;
        if MAX_TEXT < length as usize {
            return Err(invalid("length of a text"));
        }
        String::from_utf8(fields.take_all(length.into())?).map_err(|_| invalid("text"))
    };
    let (message, causes) = (text()?, text()?);
    let error = Error::new(kind, "isolated process", message);
    Ok(if causes.is_empty() { error } else { error.with_source(Causes(causes)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_survive_the_round_trip() {
        for kind in KINDS {
            let error =
                Error::new(kind, "AVIF", "é".repeat(MAX_TEXT)).with_source(io::Error::other("a cause"));
            let read = read_error(&error_to_bytes(&error)).unwrap();
            assert_eq!((read.kind, read.message), (kind, "é".repeat(MAX_TEXT / 2)));
            assert_eq!(error.source().unwrap().to_string(), "a cause");
        }
        let stopped = Error::new(Kind::Cancelled, "AVIF", "no codec reports this");
        let read = read_error(&error_to_bytes(&stopped)).unwrap();
        assert_eq!(read.kind, Kind::Internal);
        assert!(read.source().is_none());
    }

    #[test]
    fn invalid_errors_are_rejected() {
        for bytes in
            [&[][..], &[9, 0, 0, 0, 0, 0, 0, 0, 0], &[0, 1, 0, 0, 0, 0xFF, 0, 0, 0, 0], &[0; 8], &[0xFF; 9]]
        {
            assert!(read_error(bytes).is_err(), "{bytes:?}");
        }
    }
}
