//! Requests of other services, and their translations.

use crate::{edit::Word, image::Image, refusal::Refusal};
use std::{fmt, sync::Arc};

/// A request as its service would get it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Path as it was sent, percent-encoded, without the prefix of the dialect.
    pub path: &'a str,
    /// Query as it was sent, without the question mark; `None` without one.
    pub query: Option<&'a str>,
    /// The `Accept` header, or nothing.
    pub accept: &'a str,
    /// Time in seconds since 1970, UTC.
    pub now: u64,
}

/// A translated request.
#[derive(Clone)]
pub struct Translation {
    /// Path on this site, percent-encoded, that has the source.
    pub path: String,
    /// The options of the request, which give the query for a source.
    words: Arc<Words>,
}

/// Returns the parameters of the query for a source.
type Words = dyn Fn(&Image) -> Result<Vec<Word>, Refusal> + Send + Sync;

impl Translation {
    pub(crate) fn new(
        path: String,
        words: impl Fn(&Image) -> Result<Vec<Word>, Refusal> + Send + Sync + 'static,
    ) -> Self {
        Self { path, words: Arc::new(words) }
    }

    /// Returns the parameters of the query for a source.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn words(&self, image: &Image) -> Result<Vec<Word>, Refusal> {
        (self.words)(image)
    }
}

impl fmt::Debug for Translation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Translation").field("path", &self.path).finish_non_exhaustive()
    }
}
