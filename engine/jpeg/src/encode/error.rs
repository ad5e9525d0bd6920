//! Reasons for which a picture cannot be encoded.

/// A picture that cannot be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The picture has no columns or no rows.
    #[error("the picture has no pixels")]
    Empty,
    /// A plane has fewer samples than the picture's size requires.
    #[error("a plane has too few samples")]
    ShortPlane,
    /// The ICC profile does not fit in 255 segments.
    #[error("the colour profile is longer than 255 segments")]
    LongProfile,
    /// The EXIF block does not fit in one segment.
    #[error("the EXIF block is longer than one segment")]
    LongExif,
}
