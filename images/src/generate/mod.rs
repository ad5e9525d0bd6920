//! Generates every sample and the manifest, with the same bytes on each run: no clock, no random numbers.

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

/// A generated sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// File name.
    pub name: &'static str,
    /// Content of the file.
    pub bytes: Vec<u8>,
    /// The features of the file that a reader must handle.
    pub features: &'static str,
    /// The software that wrote the pixels and the container.
    pub written_by: &'static str,
}

/// The reason why a sample cannot be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The JPEG encoder failed.
    #[error("the JPEG encoder failed")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
    /// The PNG encoder failed.
    #[error("the PNG encoder failed")]
    Png(#[from] ::png::EncodingError),
    /// The GIF encoder failed.
    #[error("the GIF encoder failed")]
    Gif(#[from] ::gif::EncodingError),
    /// The WebP encoder failed, or wrote an unexpected file.
    #[error("the WebP encoder failed: {0}")]
    Webp(String),
    /// The AV1 encoder failed.
    #[error("the AV1 encoder failed")]
    Av1(#[from] ravif::Error),
    /// The AV1 encoder wrote a file without a required part.
    #[error("the AVIF encoder failed: {0}")]
    Avif(String),
    /// The EXIF writer failed.
    #[error("the EXIF writer failed")]
    Exif(#[from] exif::Error),
    /// An encoder's file cannot be parsed.
    #[error("an encoded file cannot be parsed")]
    Parts(#[from] img_parts::Error),
}

type Result<T, E = GenerateError> = std::result::Result<T, E>;

/// Generates every sample, in the order of the manifest.
///
/// # Errors
/// [`GenerateError`], if an encoder fails.
pub fn samples() -> Result<Vec<Sample>> {
    let scene = scene::draw(1600, 1067);
    let sample = |recipe: &recipes::Recipe| {
        let &recipes::Recipe { name, features, written_by, generate } = recipe;
        Ok(Sample { name, bytes: generate(&scene)?, features, written_by })
    };
    RECIPES.iter().map(sample).collect()
}

/// Returns `count` frames of 160 × 107 pixels that pan from the left to the right shore.
fn pan(scene: &Picture, count: usize) -> Vec<Picture> {
    let wide = scene.shrunk(240, 160);
    (0..count).map(|frame| wide.cropped(80 * frame / (count - 1), 26, 160, 107)).collect()
}
