//! The meaning of a frame's channels.

/// The meaning of a frame's channels.
///
/// Samples are sRGB unless the image has a [`Profile`](crate::Profile). Alpha is straight, not
/// premultiplied. There is no CMYK: decoders convert it to RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One plane of one channel.
    Grey,
    /// One plane of two channels.
    GreyAlpha,
    /// One plane of three channels.
    Rgb,
    /// One plane of four channels.
    Rgba,
    /// Three planes of one 8-bit channel: luma, blue and red difference of sRGB by JFIF 1.02, each from 0 to
    /// 255. A chroma sample is centred between the luma samples that it covers, and may cover several.
    Ycc {
        /// Output pixels, columns and rows, for which one chroma sample is enough. A step that scales the
        /// planes scales chroma to this; the planes that come in may have more samples, or fewer.
        chroma: (u8, u8),
    },
}

/// The kind of colours that a model or a profile describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourClass {
    /// One value for each pixel, alpha not counted.
    Grey,
    /// Three values for each pixel, alpha not counted: RGB, or luma and chroma computed from it.
    Rgb,
}

impl Model {
    /// Returns the number of channels in all planes together.
    pub const fn channels(self) -> u8 {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::Ycc { .. } => 3,
            Self::Rgba => 4,
        }
    }

    /// Returns whether the last channel is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }

    /// Returns the kind of colours, which decides what profiles describe them.
    pub const fn class(self) -> ColourClass {
        match self {
            Self::Grey | Self::GreyAlpha => ColourClass::Grey,
            Self::Rgb | Self::Rgba | Self::Ycc { .. } => ColourClass::Rgb,
        }
    }
}
