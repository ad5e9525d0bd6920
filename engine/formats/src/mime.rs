//! MIME types of data that is part of a format, but not a file of it.

/// A bare codestream of JPEG 2000 Part 1 (ITU-T T.800 Annex A).
pub const J2C: &str = "image/j2c";

/// A bare codestream of HTJ2K (ITU-T T.814).
pub const JPHC: &str = "image/jphc";
