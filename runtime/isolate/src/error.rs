//! Reasons for which a task has no result.

use safelight_core::{Error, Kind};
use std::io;

/// A task that has no result.
#[derive(Debug, thiserror::Error)]
pub enum IsolateError {
    /// The codec reported an error.
    #[error("{0}")]
    Failed(Error),
    /// The caller's request ended.
    #[error("{0}")]
    Stopped(Error),
    /// The child needed more memory than its limit.
    #[error("more than {max_bytes} bytes of memory are needed")]
    OutOfMemory {
        /// The limit.
        max_bytes: u64,
    },
    /// The child needed more CPU time than its limit.
    #[error("more than {max_secs} s of CPU time are needed")]
    OutOfTime {
        /// The limit.
        max_secs: u64,
    },
    /// The child did not end.
    #[error("no result after {max_secs} s")]
    Hung {
        /// The limit.
        max_secs: u64,
    },
    /// The child ended without a result: it aborted, or accessed memory that it does not have.
    #[error("the isolated process ended: {how}")]
    Died {
        /// Its signal or exit code, and its last words.
        how: String,
    },
    /// The child sent a message that the program does not send.
    #[error("the isolated process sent an invalid result")]
    InvalidResult,
    /// A child cannot be started, or the system failed.
    #[error("the isolated process cannot be used")]
    Unavailable(#[from] io::Error),
}

impl IsolateError {
    /// The reasons of [`IsolateError::reason`].
    pub const REASONS: [&str; 6] =
        ["stopped", "out_of_memory", "out_of_time", "hung", "died", "invalid_result"];

    /// Returns the reason in metrics if the child ended without a result.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Stopped(_) => Some("stopped"),
            Self::OutOfMemory { .. } => Some("out_of_memory"),
            Self::OutOfTime { .. } => Some("out_of_time"),
            Self::Hung { .. } => Some("hung"),
            Self::Died { .. } => Some("died"),
            Self::InvalidResult => Some("invalid_result"),
            Self::Failed(_) | Self::Unavailable(_) => None,
        }
    }

    /// Returns the error of the request: `problem` is its message, and `on_death` the kind of a child that died.
    pub(crate) fn into_error(self, origin: &'static str, problem: &str, on_death: Kind) -> Error {
        let kind = match self {
            Self::Failed(error) | Self::Stopped(error) => return error,
            Self::OutOfMemory { .. } | Self::OutOfTime { .. } => Kind::LimitExceeded,
            Self::Hung { .. } => Kind::Timeout,
            Self::Died { .. } | Self::InvalidResult => on_death,
            Self::Unavailable(_) => Kind::Internal,
        };
        let message = match kind {
            Kind::LimitExceeded => format!("{problem}: {self}; choose a smaller size or another format"),
            _ => problem.to_owned(),
        };
        Error::new(kind, origin, message).with_source(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_the_reason() {
        let check = |error: IsolateError, kind, message: &str| {
            let error = error.into_error("AVIF", "not encoded", Kind::Corrupt);
            assert_eq!((error.kind, error.message.as_str()), (kind, message));
        };
        let own = || Error::new(Kind::InvalidParam, "AVIF", "too long");
        check(IsolateError::Failed(own()), Kind::InvalidParam, "too long");
        check(IsolateError::Stopped(own()), Kind::InvalidParam, "too long");
        check(
            IsolateError::OutOfMemory { max_bytes: 7 },
            Kind::LimitExceeded,
            "not encoded: more than 7 bytes of memory are needed; choose a smaller size or another format",
        );
        check(
            IsolateError::OutOfTime { max_secs: 7 },
            Kind::LimitExceeded,
            "not encoded: more than 7 s of CPU time are needed; choose a smaller size or another format",
        );
        check(IsolateError::Hung { max_secs: 7 }, Kind::Timeout, "not encoded");
        check(IsolateError::Died { how: "signal 6".to_owned() }, Kind::Corrupt, "not encoded");
        check(IsolateError::InvalidResult, Kind::Corrupt, "not encoded");
        check(io::Error::other("no").into(), Kind::Internal, "not encoded");
    }

    #[test]
    fn reasons_are_listed() {
        for (error, index) in [
            (IsolateError::Stopped(Error::new(Kind::Cancelled, "AVIF", "")), 0),
            (IsolateError::OutOfMemory { max_bytes: 7 }, 1),
            (IsolateError::OutOfTime { max_secs: 7 }, 2),
            (IsolateError::Hung { max_secs: 7 }, 3),
            (IsolateError::Died { how: String::new() }, 4),
            (IsolateError::InvalidResult, 5),
        ] {
            assert_eq!(error.reason(), Some(IsolateError::REASONS[index]));
        }
    }
}
