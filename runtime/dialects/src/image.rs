//! The facts of a source on which translations depend.

use crate::{alpha::has_alpha, turn::Turn};
use safelight_core::{Format, Header, Orientation, Size};

/// A source, as its header describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its format.
    pub format: Format,
    /// Width and height as stored, in pixels; `None` if the format cannot be decoded.
    pub size: Option<Size>,
    /// The turn that stored pixels need for display.
    pub orientation: Orientation,
    /// Whether it has transparency.
    pub has_alpha: bool,
    /// Whether it is an animation.
    pub is_animated: bool,
}

impl Image {
    /// An image whose decoder read this header. `source` is the file, or its first bytes.
    pub fn new(format: Format, header: &Header, source: &[u8]) -> Self {
        Self {
            format,
            size: Some(header.geometry.size),
            orientation: header.geometry.orientation,
            has_alpha: has_alpha(format, source),
            is_animated: header.is_animated,
        }
    }

    /// An image of a format without a decoder.
    pub fn unknown(format: Format) -> Self {
        Self { format, size: None, orientation: Orientation::UPRIGHT, has_alpha: true, is_animated: false }
    }

    /// Returns the turn that shows stored pixels upright.
    pub(crate) fn upright(&self) -> Turn {
        Turn::upright(self.orientation)
    }

    /// Returns whether the source has no pixels of its own.
    pub(crate) fn is_vector(&self) -> bool {
        self.format == Format::Svg
    }
}
