//! Requests of other services, and their translations.

use crate::{
    cloudflare, dit::Edits, edit::Word, image::Image, imgix::Parameters, imgproxy, refusal::Refusal,
    thumbor::Thumbnail,
};

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
#[derive(Clone, Debug)]
pub struct Translation {
    /// Path on this site, percent-encoded, that has the source.
    pub path: String,
    /// What is done with it.
    recipe: Recipe,
}

/// The options of a request, by service.
#[derive(Clone, Debug)]
pub(crate) enum Recipe {
    Imgproxy(Box<imgproxy::Options>),
    Thumbor(Box<Thumbnail>),
    Dit(Box<Edits>),
    Cloudflare(Box<cloudflare::Options>),
    Imgix(Box<Parameters>),
}

impl Translation {
    pub(crate) fn new(path: String, recipe: Recipe) -> Self {
        Self { path, recipe }
    }

    /// Returns the parameters of the query for a source.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn words(&self, image: &Image) -> Result<Vec<Word>, Refusal> {
        match &self.recipe {
            Recipe::Imgproxy(options) => options.words(image),
            Recipe::Thumbor(thumbnail) => thumbnail.words(image),
            Recipe::Dit(edits) => edits.words(image),
            Recipe::Cloudflare(options) => options.words(image),
            Recipe::Imgix(parameters) => parameters.words(image),
        }
    }
}
