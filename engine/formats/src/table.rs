//! The table.

use crate::Format;

/// The operations that Safelight supports for a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each ability is independent of the others")]
pub struct Abilities {
    /// Metadata can be removed, and EXIF shown, without decoding.
    pub strip: bool,
    /// Pixels can be decoded.
    pub decode: bool,
    /// Images can be encoded.
    pub encode: bool,
    /// All frames of an animation are decoded, or encoded where the format is encoded.
    pub animate: bool,
}

/// One format.
pub(crate) struct Row {
    pub(crate) format: Format,
    pub(crate) name: &'static str,
    pub(crate) mime: &'static str,
    /// The format's word in a query, unique even where it cannot be requested.
    pub(crate) word: &'static str,
    pub(crate) extensions: &'static [&'static str],
    pub(crate) encoded_as: Format,
    pub(crate) abilities: Abilities,
}

/// Every format, in the order of the variants of [`Format`].
pub(crate) const TABLE: &[Row] = &[
    Row {
        format: Format::Jpeg,
        name: "JPEG",
        mime: "image/jpeg",
        word: "jpeg",
        extensions: &["jpg", "jpeg", "jpe", "jfif"],
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: true, decode: true, encode: true, animate: false },
    },
    Row {
        format: Format::Png,
        name: "PNG",
        mime: "image/png",
        word: "png",
        extensions: &["png", "apng"],
        encoded_as: Format::Png,
        abilities: Abilities { strip: true, decode: true, encode: true, animate: true },
    },
    Row {
        format: Format::Webp,
        name: "WebP",
        mime: "image/webp",
        word: "webp",
        extensions: &["webp"],
        encoded_as: Format::Webp,
        abilities: Abilities { strip: true, decode: true, encode: true, animate: true },
    },
    Row {
        format: Format::Gif,
        name: "GIF",
        mime: "image/gif",
        word: "gif",
        extensions: &["gif"],
        encoded_as: Format::Gif,
        abilities: Abilities { strip: true, decode: true, encode: true, animate: true },
    },
    Row {
        format: Format::Avif,
        name: "AVIF",
        mime: "image/avif",
        word: "avif",
        extensions: &["avif", "avifs"],
        encoded_as: Format::Avif,
        abilities: Abilities { strip: true, decode: true, encode: true, animate: false },
    },
    Row {
        format: Format::Heic,
        name: "HEIC",
        mime: "image/heic",
        word: "heic",
        extensions: &["heic", "heics"],
        // Photos of phones.
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Heif,
        name: "HEIF",
        mime: "image/heif",
        word: "heif",
        extensions: &["heif", "heifs", "hif"],
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Jpeg2000,
        name: "JPEG 2000",
        mime: "image/jp2",
        word: "jp2",
        extensions: &["jp2", "j2k", "j2c", "jpc", "jph", "jhc"],
        // Medical images of 16 bits lose nothing.
        encoded_as: Format::Png,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::JpegXl,
        name: "JPEG XL",
        mime: "image/jxl",
        word: "jxl",
        extensions: &["jxl"],
        // Most are photos.
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Tiff,
        name: "TIFF",
        mime: "image/tiff",
        word: "tiff",
        extensions: &["tif", "tiff"],
        // Most are photos or scans.
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Bmp,
        name: "BMP",
        mime: "image/bmp",
        word: "bmp",
        extensions: &["bmp", "dib"],
        // Most are drawings, and small.
        encoded_as: Format::Png,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Ico,
        name: "ICO",
        mime: "image/x-icon",
        word: "ico",
        extensions: &["ico"],
        // Most have transparent parts.
        encoded_as: Format::Png,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Svg,
        name: "SVG",
        mime: "image/svg+xml",
        word: "svg",
        extensions: &["svg"],
        // Drawings, most with a transparent background.
        encoded_as: Format::Png,
        abilities: Abilities { strip: true, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Psd,
        name: "PSD",
        mime: "image/vnd.adobe.photoshop",
        word: "psd",
        extensions: &["psd", "psb"],
        // Most are photos, or designs with them.
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: false, decode: true, encode: false, animate: false },
    },
    Row {
        format: Format::Raw,
        name: "camera raw",
        mime: "image/x-dcraw",
        word: "raw",
        extensions: &["dng", "cr2", "cr3", "nef", "arw", "raf", "orf", "rw2", "pef"],
        // The photo that the camera rendered.
        encoded_as: Format::Jpeg,
        abilities: Abilities { strip: false, decode: true, encode: false, animate: false },
    },
];
