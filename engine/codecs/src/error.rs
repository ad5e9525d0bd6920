//! Reasons for which an image cannot be decoded or encoded.

use safelight_core::{Error, Format, Kind, Size};
use std::error::Error as StdError;

/// The error of a decoder or encoder library; for the log.
pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

/// An image that cannot be decoded or encoded. The first field is its format.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodecError {
    /// The source is damaged.
    #[error("the {0} image is damaged and cannot be decoded")]
    Damaged(Format, #[source] Cause),
    /// The source uses a part of its format that no decoder here supports.
    #[error("unsupported {0} image: {1}")]
    Unsupported(Format, &'static str),
    /// The source takes more work to decode than any honest one.
    #[error("the {0} image is too complex: {1}")]
    TooComplex(Format, &'static str),
    /// The source has more pixels than allowed.
    #[error("the image is {} × {} pixels, {} in total: the limit is {}", size.w, size.h, size.pixels(), max)]
    TooManyPixels {
        /// The source's format.
        format: Format,
        /// The size in the header.
        size: Size,
        /// The limit.
        max: u64,
    },
    /// The source has more frames than allowed.
    #[error("the animation has {frames} frames or more: the limit is {max}")]
    TooManyFrames {
        /// The source's format.
        format: Format,
        /// The number of frames that were counted.
        frames: u32,
        /// The limit.
        max: u32,
    },
    /// The frames of the source have more pixels together than allowed.
    #[error("the animation has {frames} frames of {} × {} pixels, {} in total: the limit is {max}", size.w, size.h, size.pixels().saturating_mul((*frames).into()))]
    TooManyFramePixels {
        /// The source's format.
        format: Format,
        /// The size of one frame.
        size: Size,
        /// The number of frames.
        frames: u32,
        /// The limit, in pixels of all frames together.
        max: u64,
    },
    /// The source has more metadata before its pixels than allowed.
    #[error("the metadata before the pixels is too long: the limit is {max_bytes} bytes")]
    TooMuchMetadata {
        /// The source's format.
        format: Format,
        /// The limit.
        max_bytes: u64,
    },
    /// The image has a longer side than the output format can represent.
    #[error("the image is {} × {} pixels: {format} allows at most {max} a side", size.w, size.h)]
    TooLong {
        /// The output format.
        format: Format,
        /// The size of the image.
        size: Size,
        /// The longest side of the format.
        max: u32,
    },
    /// The image breaks a promise to the encoder, or the encoder failed.
    #[error("the image cannot be encoded as {0}")]
    NotEncoded(Format, #[source] Cause),
}

impl CodecError {
    /// The samples of a source of `format` have a meaning that needs more than a matrix.
    pub(crate) const fn unsupported_matrix(format: Format) -> Self {
        Self::Unsupported(
            format,
            "its matrix coefficients are not those of RGB, YCgCo or YCbCr of ITU-R BT.601, 709 or 2020",
        )
    }
}

impl From<CodecError> for Error {
    fn from(error: CodecError) -> Self {
        let (kind, format) = match &error {
            CodecError::Damaged(format, _) => (Kind::Corrupt, *format),
            CodecError::Unsupported(format, _) => (Kind::UnsupportedFormat, *format),
            CodecError::TooComplex(format, _)
            | CodecError::TooManyPixels { format, .. }
            | CodecError::TooMuchMetadata { format, .. }
            | CodecError::TooManyFrames { format, .. }
            | CodecError::TooManyFramePixels { format, .. } => (Kind::LimitExceeded, *format),
            CodecError::TooLong { format, .. } => (Kind::InvalidParam, *format),
            CodecError::NotEncoded(format, _) => (Kind::Internal, *format),
        };
        let public = Self::new(kind, format.name(), error.to_string());
        match error {
            CodecError::Damaged(_, cause) | CodecError::NotEncoded(_, cause) => {
                public.with_source(Opaque(cause))
            }
            _ => public,
        }
    }
}

/// A boxed cause as an error of its own, which [`Error::with_source`] needs.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Opaque(Cause);
