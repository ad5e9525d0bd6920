//! The list of decoders: the registry's, and that from which a drawing takes those of its pictures.

use safelight_core::Decoder;

/// Every decoder that is part of the build.
pub const DECODERS: &[&dyn Decoder] = &[
    #[cfg(feature = "jpeg")]
    &crate::Jpeg,
    #[cfg(feature = "png")]
    &crate::Png,
    #[cfg(feature = "webp")]
    &crate::Webp,
    #[cfg(feature = "gif")]
    &crate::Gif,
    #[cfg(feature = "avif")]
    &crate::Avif,
    #[cfg(feature = "heic")]
    &crate::Heic,
    #[cfg(any(feature = "avif", feature = "heic"))]
    &crate::Heif,
    #[cfg(feature = "jpeg2000")]
    &crate::Jpeg2000,
    #[cfg(feature = "jxl")]
    &crate::Jxl,
    #[cfg(feature = "tiff")]
    &crate::Tiff,
    #[cfg(feature = "bmp")]
    &crate::Bmp,
    #[cfg(feature = "ico")]
    &crate::Ico,
    #[cfg(feature = "svg")]
    &crate::Svg,
    #[cfg(feature = "psd")]
    &crate::Psd,
    #[cfg(feature = "raw")]
    &crate::Raw,
];
