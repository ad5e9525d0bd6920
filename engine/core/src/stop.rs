//! The signal that ends work early.

use crate::{Error, Kind, Result};
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// A signal to stop, shared by the runtime, which sets it, and the work, which checks it. Clones share the signal.
///
/// Work checks at least every few milliseconds, so that a request that ended costs no more CPU time.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU8>);

/// The reason to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StopReason {
    /// The client disconnected.
    Disconnected = 1,
    /// The request took longer than the operator allows.
    Deadline,
    /// The program ends.
    Shutdown,
}

impl Stop {
    /// Sets the signal. The first reason stays.
    pub fn set(&self, reason: StopReason) {
        // Nothing else is published with the reason, and a later check is early enough.
        let _ = self.0.compare_exchange(0, reason as u8, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Returns the reason to stop, if there is one.
    pub fn reason(&self) -> Option<StopReason> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(StopReason::Disconnected),
            2 => Some(StopReason::Deadline),
            _ => Some(StopReason::Shutdown),
        }
    }

    /// Returns an error if the work must stop.
    ///
    /// # Errors
    /// [`Kind::Cancelled`], [`Kind::Timeout`] or [`Kind::Busy`], by the reason.
    pub fn check(&self) -> Result<()> {
        let Some(reason) = self.reason() else { return Ok(()) };
        let (kind, message) = match reason {
            StopReason::Disconnected => (Kind::Cancelled, "client disconnected"),
            StopReason::Deadline => (Kind::Timeout, "the request took longer than the server allows"),
            StopReason::Shutdown => (Kind::Busy, "the server is shutting down, retry later"),
        };
        Err(Error::new(kind, "stop", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays_and_is_seen_by_clones() {
        let stop = Stop::default();
        let other = stop.clone();
        assert!(other.check().is_ok());
        stop.set(StopReason::Deadline);
        other.set(StopReason::Disconnected);
        assert_eq!(stop.reason(), Some(StopReason::Deadline));
        assert_eq!(other.check().unwrap_err().kind, Kind::Timeout);
    }
}
