//! Rejected requests: an error, and the header that its response needs.

use http::{HeaderName, HeaderValue};
use safelight_core::Error;

/// A request that gets an error response.
///
/// Each door renders it in the form that its callers understand.
#[derive(Debug)]
pub struct Rejection {
    /// The error, which also goes to the log.
    pub error: Error,
    /// A header that belongs to the status, such as `Content-Range` to 416. Defaults to none.
    pub header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Rejection {
    /// The same rejection with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Self { error, header: None }
    }
}
