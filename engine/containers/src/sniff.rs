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
    /// HEIF with HEVC inside, ISO/IEC 23008-12 Annex B.
    Heic,
    /// HEIF with anything else inside.
    Heif,
    /// TIFF 6.0 and `BigTIFF`.
    Tiff,
}

/// What the first bytes of a source tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sniff {
    /// It is this container.
    Known(Container),
    /// It is none that is known.
    Unknown,
    /// It takes more bytes to tell.
    More,
}

/// How many bytes settle [`Container::sniff`], at the most.
pub(crate) const SNIFF_BYTES: usize = 64;

impl Container {
    /// The container that `head` begins, if it is one: the first bytes of a source, 64 or all there are.
    pub fn of(head: &[u8]) -> Option<Self> {
        match Self::sniff(head) {
            Sniff::Known(container) => Some(container),
            Sniff::Unknown | Sniff::More => None,
        }
    }

    /// The container that `head`, the first bytes of a source, begins.
    pub(crate) fn sniff(head: &[u8]) -> Sniff {
        /// What any of the signatures below takes.
        const SIGNATURE_BYTES: usize = 12;
        let container = match head {
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::Png,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Webp,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Self::Tiff,
            [a, b, c, d, b'f', b't', b'y', b'p', ..] => {
                let bytes = u32::from_be_bytes([*a, *b, *c, *d]);
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(SNIFF_BYTES);
                let Some(ftyp) = head.get(..bytes) else { return Sniff::More };
                return Self::of_brands(ftyp).map_or(Sniff::Unknown, Sniff::Known);
            }
            _ if head.len() < SIGNATURE_BYTES => return Sniff::More,
            _ => return Sniff::Unknown,
        };
        Sniff::Known(container)
    }

    /// The container that the brands in the box `ftyp` promise, ISO/IEC 14496-12 section 4.3.
    fn of_brands(ftyp: &[u8]) -> Option<Self> {
        // The major brand, a version, the compatible brands.
        let brands = || ftyp.chunks_exact(4).enumerate().filter(|(at, _)| *at == 2 || 3 < *at);
        let has = |known: &[&[u8]]| brands().any(|(_, brand)| known.contains(&brand));
        if has(&[b"avif", b"avis"]) {
            Some(Self::Avif)
        } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"]) {
            Some(Self::Heic)
        } else if has(&[b"mif1", b"mif2", b"msf1"]) {
            Some(Self::Heif)
        } else {
            None
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
            Self::Heic => "HEIC",
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
            Self::Heic => "image/heic",
            Self::Heif => "image/heif",
            Self::Tiff => "image/tiff",
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_known_by_their_first_bytes() {
        let check = |head: &[u8], expected| assert_eq!(Container::sniff(head), expected, "{head:?}");
        check(b"\xFF\xD8\xFF", Sniff::Known(Container::Jpeg));
        check(b"MM\0\x2B", Sniff::Known(Container::Tiff));
        check(b"RIFF1234WEBP", Sniff::Known(Container::Webp));
        check(b"RIFF1234WAVE", Sniff::Unknown);
        check(b"RIFF1234", Sniff::More);
        check(b"%PDF-1.7\n%%%", Sniff::Unknown);
        check(b"", Sniff::More);
    }

    #[test]
    fn iso_bmff_is_known_by_all_its_brands() {
        let check = |brands: &[u8], expected| {
            let head = [&(8 + brands.len() as u32).to_be_bytes()[..], b"ftyp", brands, b"more"].concat();
            assert_eq!(Container::sniff(&head), expected, "{brands:?}");
            assert_eq!(Container::sniff(&head[..14]), Sniff::More, "{brands:?}");
        };
        check(b"avif\0\0\0\0mif1", Sniff::Known(Container::Avif));
        check(b"mif1\0\0\0\0mif1avif", Sniff::Known(Container::Avif));
        check(b"mif1\0\0\0\0mif1heic", Sniff::Known(Container::Heic));
        check(b"mif1\0\0\0\0mif1miaf", Sniff::Known(Container::Heif));
        check(b"isom\0\0\0\0isommp42", Sniff::Unknown);
        check(b"isomavif", Sniff::Unknown);
    }
}
