//! Which container a source is, from its first bytes and never from its name.

use std::fmt;

/// A container format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// JPEG interchange format, ITU-T T.81 Annex B.
    Jpeg,
    /// Portable Network Graphics, animated ones included, W3C PNG Third Edition.
    Png,
    /// WebP, RFC 9649.
    Webp,
    /// GIF87a and GIF89a.
    Gif,
    /// AV1 Image File Format, over ISO/IEC 14496-12 and 23008-12.
    Avif,
    /// HEIC and other HEIF, ISO/IEC 23008-12.
    Heif,
    /// TIFF 6.0 and `BigTIFF`.
    Tiff,
}

/// How many bytes settle [`Container::sniff`], at the most.
pub(crate) const SNIFF_BYTES: usize = 12;

impl Container {
    /// The container that `head`, the first bytes of a source, begins.
    ///
    /// `None` while more bytes are needed to tell; `Some(None)` if it is none that is known.
    pub(crate) fn sniff(head: &[u8]) -> Option<Option<Self>> {
        let found = match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if 4 <= brand.len() => match &brand[..4] {
                b"avif" | b"avis" => Some(Self::Avif),
                b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"hevm" | b"hevs" | b"mif1"
                | b"mif2" | b"msf1" => Some(Self::Heif),
                _ => None,
            },
            _ => None,
        };
        match found {
            None if head.len() < SNIFF_BYTES => None,
            found => Some(found),
        }
    }

    /// Human name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Avif => "AVIF",
            Self::Heif => "HEIF",
            Self::Tiff => "TIFF",
        }
    }

    /// MIME type.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Avif => "image/avif",
            Self::Heif => "image/heic",
            Self::Tiff => "image/tiff",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
