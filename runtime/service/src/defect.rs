//! Panics, which are defects of Safelight, as errors.

use safelight_core::{Error, Kind, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The error of a transform that panicked or broke a rule of its interface. `origin` is for the log.
pub(crate) fn defect(origin: &'static str) -> Error {
    Error::new(Kind::Internal, origin, "the transform failed because of a defect")
}

/// Returns the result of `work`; a panic becomes [`defect`].
pub(crate) fn catch_panic<T>(origin: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect(origin)))
}
