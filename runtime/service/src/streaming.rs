//! Limits of a door on responses that continue after their head.

use crate::cache_control::limit_unfinished;
use http::{HeaderMap, header};
use safelight_core::{Error, Kind, Result};

/// The way in which a door sends a response that is not complete when its head is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streaming {
    /// Bytes of a response that are produced before its head. A failure until then is an error with a status. Defaults
    /// to 64 KiB.
    pub lookahead_bytes: u64,
    /// Whether a client may see an aborted response as a whole one. Responses that are incomplete when their head is
    /// sent then have no validators, and caches use them for a minute at most. Defaults to `false`.
    pub aborted_looks_whole: bool,
    /// Maximum bytes of a response that the door can send. Defaults to no limit.
    pub max_bytes: u64,
}

impl Default for Streaming {
    fn default() -> Self {
        Self { lookahead_bytes: 64 << 10, aborted_looks_whole: false, max_bytes: u64::MAX }
    }
}

impl Streaming {
    /// Checks that a body of `expected` bytes, as far as that is known, can be sent.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`].
    pub(crate) fn check(&self, expected: Option<u64>) -> Result<()> {
        let Some(bytes) = expected.filter(|bytes| self.max_bytes < *bytes) else { return Ok(()) };
        let message =
            format!("the response has about {bytes} bytes: at most {} can be sent in time", self.max_bytes);
        Err(Error::new(Kind::LimitExceeded, "response", message))
    }

    /// Limits what caches may do with a response that is incomplete when its head is sent.
    ///
    /// It has no validators: a cache that asked again with them would learn that its part is still current.
    pub(crate) fn mark_unfinished(&self, headers: &mut HeaderMap) {
        if self.aborted_looks_whole {
            headers.remove(header::ETAG);
            headers.remove(header::LAST_MODIFIED);
            limit_unfinished(headers);
        }
    }
}
