//! The errors of the encoder.

/// An image that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The image has no columns or no rows.
    #[error("the image has no pixels: its width and height must be 1 to 65535")]
    Empty,
    /// A plane has fewer samples than the image requires.
    #[error("a plane has fewer samples than the image requires")]
    ShortPlane,
    /// The ICC profile does not fit in 255 segments.
    #[error("the ICC profile is longer than 255 segments")]
    LongProfile,
    /// [`Options::is_interrupted`](super::Options::is_interrupted) returned true.
    #[error("the encode was interrupted")]
    Interrupted,
    /// The EXIF block does not fit in one segment.
    #[error("the EXIF block is longer than one segment")]
    LongExif,
}
