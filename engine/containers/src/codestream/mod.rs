//! JPEG 2000 codestreams (ITU-T T.800 Annex A, and T.814 for HTJ2K): the main header and its segments.
//!
//! A frame of AWS `HealthImaging` is a codestream without a file around it.

mod header;
mod sizes;
mod style;
mod segments;
mod error;

pub use error::CodestreamError;
pub use header::{CODESTREAM_START, MainHeader};
pub use segments::{HeaderScan, Segments, blank_comments, marker};
pub use sizes::{Component, Sizes};
pub use style::{Progression, Style};

#[cfg(test)]
mod tests;
