//! The characters that are percent-encoded in signatures and in paths that the service writes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Characters outside the unreserved set of RFC 3986.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in a path, whose slashes stay.
pub const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b'/');
