//! Why a picture cannot be decoded or encoded.

use safelight_core::{Error, Kind, Size};
use std::error::Error as StdError;

/// What a decoder or encoder says; for the log.
pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

/// Why a picture cannot be decoded or encoded. The first field is the codec.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodecError {
    /// The source is damaged.
    #[error("the picture is damaged and cannot be decoded")]
    Damaged(&'static str, #[source] Cause),
    /// The source uses a part of its format that is not decoded here.
    #[error("{1} cannot be decoded")]
    Unsupported(&'static str, &'static str),
    /// The source has more pixels than are allowed.
    #[error("the picture is {} × {} pixels, {} in all; {} is the limit", size.w, size.h, size.pixels(), max)]
    TooManyPixels {
        /// The codec.
        codec: &'static str,
        /// What the header says.
        size: Size,
        /// What is allowed.
        max: u64,
    },
    /// The source has more frames than are allowed.
    #[error("the animation has {frames} frames or more; {max} is the limit")]
    TooManyFrames {
        /// The codec.
        codec: &'static str,
        /// As many as were counted.
        frames: u32,
        /// What is allowed.
        max: u32,
    },
    /// The frames of the source have more pixels together than are allowed.
    #[error("the animation is {frames} frames of {} × {} pixels, {} in all; {max} is the limit", size.w, size.h, size.pixels().saturating_mul((*frames).into()))]
    TooManyFramePixels {
        /// The codec.
        codec: &'static str,
        /// Of one frame.
        size: Size,
        /// How many there are.
        frames: u32,
        /// What is allowed, in pixels of all frames together.
        max: u64,
    },
    /// The source has more beside its pixels than may be held.
    #[error("the picture has more than {max_bytes} bytes of metadata before its pixels, which is the limit")]
    TooMuchMetadata {
        /// The codec.
        codec: &'static str,
        /// What is allowed.
        max_bytes: u64,
    },
    /// The image has more pixels a side than the format can say.
    #[error("the format holds at most {max} pixels a side; the picture is {} × {}", size.w, size.h)]
    TooLong {
        /// The codec.
        codec: &'static str,
        /// Of the image.
        size: Size,
        /// What the format can say.
        max: u32,
    },
    /// The image is not what an encoder is promised, or the encoder failed.
    #[error("the picture could not be encoded")]
    NotEncoded(&'static str, #[source] Cause),
}

impl From<CodecError> for Error {
    fn from(error: CodecError) -> Self {
        let (kind, codec) = match &error {
            CodecError::Damaged(codec, _) => (Kind::Corrupt, *codec),
            CodecError::Unsupported(codec, _) => (Kind::UnsupportedFormat, *codec),
            CodecError::TooManyPixels { codec, .. }
            | CodecError::TooMuchMetadata { codec, .. }
            | CodecError::TooManyFrames { codec, .. }
            | CodecError::TooManyFramePixels { codec, .. } => (Kind::LimitExceeded, *codec),
            CodecError::TooLong { codec, .. } => (Kind::InvalidParam, *codec),
            CodecError::NotEncoded(codec, _) => (Kind::Internal, *codec),
        };
        let public = Self::new(kind, codec, error.to_string());
        match error {
            CodecError::Damaged(_, cause) | CodecError::NotEncoded(_, cause) => {
                public.with_source(Opaque(cause))
            }
            _ => public,
        }
    }
}

/// A boxed cause is no error itself, as [`Error::with_source`] asks for.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Opaque(Cause);
