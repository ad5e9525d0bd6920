//! Makes every sample and the manifest: no clock, no chance, the same bytes on each run.

mod avif;
mod boxes;
mod gif;
mod jpeg;
mod manifest;
mod metadata;
mod picture;
mod png;
mod recipes;
mod scene;
mod tiff;
mod webp;

pub use manifest::manifest;

use picture::Picture;
use recipes::RECIPES;

/// A sample, made.
#[derive(Clone, Debug)]
pub struct Sample {
    /// File name.
    pub name: &'static str,
    /// Content of the file.
    pub bytes: Vec<u8>,
    /// What a reader of the file has to cope with.
    pub exercises: &'static str,
    /// Which programs wrote the pixels, and which the rest.
    pub made: &'static str,
}

/// Why a sample could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The JPEG encoder refused.
    #[error("the JPEG encoder failed")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
    /// The PNG encoder refused.
    #[error("the PNG encoder failed")]
    Png(#[from] ::png::EncodingError),
    /// The GIF encoder refused.
    #[error("the GIF encoder failed")]
    Gif(#[from] ::gif::EncodingError),
    /// The WebP encoder refused, or wrote something else.
    #[error("the WebP encoder failed: {0}")]
    Webp(String),
    /// The AV1 encoder refused.
    #[error("the AV1 encoder failed")]
    Av1(#[from] ravif::Error),
    /// The AV1 encoder wrote a file without a part that is needed.
    #[error("the AVIF encoder failed: {0}")]
    Avif(String),
    /// The EXIF writer refused.
    #[error("the EXIF writer failed")]
    Exif(#[from] exif::Error),
    /// An encoder's file could not be taken apart.
    #[error("an encoded file could not be taken apart")]
    Parts(#[from] img_parts::Error),
}

type Result<T, E = GenerateError> = std::result::Result<T, E>;

/// Makes every sample, in the order of the manifest.
///
/// # Errors
/// [`GenerateError`], if an encoder refuses what it is given.
pub fn samples() -> Result<Vec<Sample>> {
    let scene = scene::draw(1600, 1067);
    let make = |recipe: &recipes::Recipe| {
        let &recipes::Recipe { name, exercises, made, make } = recipe;
        Ok(Sample { name, bytes: make(&scene)?, exercises, made })
    };
    RECIPES.iter().map(make).collect()
}

/// `count` frames of 160 by 107 pixels that pan from the left to the right shore.
fn pan(scene: &Picture, count: usize) -> Vec<Picture> {
    let wide = scene.shrunk(240, 160);
    (0..count).map(|frame| wide.cropped(80 * frame / (count - 1), 26, 160, 107)).collect()
}
