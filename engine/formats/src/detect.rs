//! Detection of a format from the first bytes of a source.

use crate::Format;

/// The number of bytes from which on [`Format::detect`] never returns [`Detection::NeedMore`].
///
/// 64 bytes tell every format but SVG, whose root element may follow a prologue and comments.
pub const DETECT_BYTES: usize = 16 << 10;

/// The result of looking at the first bytes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detection {
    /// The source has this format.
    Known(Format),
    /// The source has no format of the table.
    Unknown,
    /// The bytes may still begin a format of the table.
    NeedMore,
}

/// The longest signature below, `ftyp` boxes, BMP and SVG apart.
const SIGNATURE_BYTES: usize = 12;

/// The most bytes of an `ftyp` box that are read.
const FILE_TYPE_BYTES: usize = 64;

/// The signature box of JPEG XL files (ISO/IEC 18181-2, section 9.1).
const JXL_SIGNATURE: [u8; 12] = *b"\0\0\0\x0CJXL \r\n\x87\n";

/// The signature box of JP2 and JPH files (ITU-T T.800 I.5.1).
const JP2_SIGNATURE: [u8; 12] = *b"\0\0\0\x0CjP  \r\n\x87\n";

impl Format {
    /// Detects the format of a source that begins with `head`: its first [`DETECT_BYTES`], or all there are.
    pub fn detect(head: &[u8]) -> Detection {
        let format = match head {
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::Png,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::Webp,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            // The last ones are of Olympus and Panasonic, whose raw files are TIFF otherwise.
            [b'I', b'I', 42 | 43 | b'U', 0, ..]
            | [b'M', b'M', 0, 42 | 43, ..]
            | [b'I', b'I', b'R', b'O' | b'S', ..]
            | [b'M', b'M', b'O', b'R', ..] => Self::Tiff,
            // The version: PSD or PSB.
            [b'8', b'B', b'P', b'S', 0, 1 | 2, ..] => Self::Psd,
            _ if head.starts_with(b"FUJIFILMCCD-") => Self::Raw,
            // Start of codestream, then the marker SIZ (ITU-T T.800 A.4.1, A.5.1).
            [0xFF, 0x4F, 0xFF, 0x51, ..] => Self::Jpeg2000,
            [a, b, c, d, b'f', b't', b'y', b'p', ..] => {
                let bytes = u32::from_be_bytes([*a, *b, *c, *d]);
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(FILE_TYPE_BYTES);
                let Some(ftyp) = head.get(..bytes) else { return Detection::NeedMore };
                return Self::from_brands(ftyp).map_or(Detection::Unknown, Detection::Known);
            }
            _ if head.starts_with(&JP2_SIGNATURE) => Self::Jpeg2000,
            // The start of a codestream (ISO/IEC 18181-1, annex D.1).
            [0xFF, 0x0A, ..] => Self::JpegXl,
            _ if head.starts_with(&JXL_SIGNATURE) => Self::JpegXl,
            // The size of one of the information headers that exist follows the file header.
            [b'B', b'M', ..] => match head.get(14..18) {
                Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]) => Self::Bmp,
                Some(_) => return Detection::Unknown,
                None => return Detection::NeedMore,
            },
            // At least one entry, whose reserved byte is 0.
            [0, 0, 1, 0, low, high, _, _, _, 0, ..] if (*low, *high) != (0, 0) => Self::Ico,
            _ if head.len() < SIGNATURE_BYTES => return Detection::NeedMore,
            _ => return detect_svg(head),
        };
        Detection::Known(format)
    }

    /// The format that the brands in the box `ftyp` state (ISO/IEC 14496-12, 4.3).
    fn from_brands(ftyp: &[u8]) -> Option<Self> {
        // The major brand, a version, the compatible brands.
        let brands = || ftyp.chunks_exact(4).enumerate().filter(|(at, _)| *at == 2 || 3 < *at);
        let has = |known: &[&[u8]]| brands().any(|(_, brand)| known.contains(&brand));
        if has(&[b"crx "]) {
            Some(Self::Raw)
        } else if has(&[b"avif", b"avis"]) {
            Some(Self::Avif)
        } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"]) {
            Some(Self::Heic)
        } else if has(&[b"mif1", b"mif2", b"msf1"]) {
            Some(Self::Heif)
        } else {
            None
        }
    }
}

/// Detects SVG: XML whose root element is `svg`, in any namespace (XML 1.0, 2.8).
fn detect_svg(head: &[u8]) -> Detection {
    let window = &head[..head.len().min(DETECT_BYTES)];
    let more = if window.len() < DETECT_BYTES { Detection::NeedMore } else { Detection::Unknown };
    let mut rest = window.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(window);
    loop {
        rest = rest.trim_ascii_start();
        let after = match rest {
            [] | [b'<'] | [b'<', b'!'] => return more,
            [b'<', b'?', rest @ ..] => after(rest, b"?>"),
            [b'<', b'!', b'-', rest @ ..] => after(rest, b"-->"),
            [b'<', b'!', rest @ ..] => after_document_type(rest),
            [b'<', rest @ ..] => return root(rest, more),
            _ => return Detection::Unknown,
        };
        match after {
            Some(after) => rest = after,
            None => return more,
        }
    }
}

/// The bytes after the first `end` in `bytes`.
fn after<'a>(bytes: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(end.len()).position(|window| window == end)?;
    bytes.get(at + end.len()..)
}

/// The bytes after a document type, which may have declarations in brackets.
fn after_document_type(bytes: &[u8]) -> Option<&[u8]> {
    let (mut quote, mut is_subset) = (None, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[' | b']') => is_subset = byte == b'[',
            (None, b'>') if !is_subset => return bytes.get(at + 1..),
            _ => (),
        }
    }
    None
}

/// Detects by the name of the root element, at the start of `bytes`; `more` if it may be longer.
fn root(bytes: &[u8], more: Detection) -> Detection {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let Some(end) = bytes.iter().position(is_end) else { return more };
    let name = bytes[..end].rsplit(|byte| *byte == b':').next();
    if name == Some(b"svg") { Detection::Known(Format::Svg) } else { Detection::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &[u8], expected: Detection) {
        assert_eq!(Format::detect(head), expected, "{head:?}");
    }

    #[test]
    fn signatures_are_detected() {
        check(b"\xFF\xD8\xFF", Detection::Known(Format::Jpeg));
        check(b"MM\0\x2B", Detection::Known(Format::Tiff));
        check(b"IIU\0", Detection::Known(Format::Tiff));
        check(b"MMOR", Detection::Known(Format::Tiff));
        check(b"8BPS\0\x01", Detection::Known(Format::Psd));
        check(b"8BPS\0\x02", Detection::Known(Format::Psd));
        check(b"8BPS\0\x03 and more", Detection::Unknown);
        check(b"FUJIFILMCCD-RAW ", Detection::Known(Format::Raw));
        check(b"FUJIFILMCCD", Detection::NeedMore);
        check(b"RIFF1234WEBP", Detection::Known(Format::Webp));
        check(b"RIFF1234WAVE", Detection::Unknown);
        check(b"RIFF1234", Detection::NeedMore);
        check(b"\xFF\x4F\xFF\x51\0", Detection::Known(Format::Jpeg2000));
        check(&JP2_SIGNATURE, Detection::Known(Format::Jpeg2000));
        check(&JP2_SIGNATURE[..11], Detection::NeedMore);
        check(b"\xFF\x0A", Detection::Known(Format::JpegXl));
        check(&JXL_SIGNATURE, Detection::Known(Format::JpegXl));
        check(&JXL_SIGNATURE[..11], Detection::NeedMore);
        check(b"BM0123456789AB\x28\0\0\0", Detection::Known(Format::Bmp));
        check(b"BM0123456789AB\x29\0\0\0", Detection::Unknown);
        check(b"BM0123456789AB\x28\0\0", Detection::NeedMore);
        check(b"\0\0\x01\0\x01\0\x10\x10\0\0", Detection::Known(Format::Ico));
        check(b"\0\0\x01\0\0\0\x10\x10\0\0\0\0", Detection::Unknown);
        check(b"%PDF-1.7\n%%%", Detection::Unknown);
        check(b"", Detection::NeedMore);
    }

    #[test]
    fn iso_bmff_is_detected_by_all_its_brands() {
        let check = |brands: &[u8], expected| {
            let head = [&(8 + brands.len() as u32).to_be_bytes()[..], b"ftyp", brands, b"more"].concat();
            check(&head, expected);
            check(&head[..14], Detection::NeedMore);
        };
        check(b"avif\0\0\0\0mif1", Detection::Known(Format::Avif));
        check(b"mif1\0\0\0\0mif1avif", Detection::Known(Format::Avif));
        check(b"mif1\0\0\0\0mif1heic", Detection::Known(Format::Heic));
        check(b"mif1\0\0\0\0mif1miaf", Detection::Known(Format::Heif));
        check(b"crx \0\0\0\x01crx isom", Detection::Known(Format::Raw));
        check(b"isom\0\0\0\0isommp42", Detection::Unknown);
        check(b"isomavif", Detection::Unknown);
    }

    #[test]
    fn svg_is_detected_by_its_root_element() {
        let check_all = |text: &str, expected| {
            check(text.as_bytes(), expected);
            for end in 0..text.len() {
                let found = Format::detect(&text.as_bytes()[..end]);
                assert!(found == expected || found == Detection::NeedMore, "{}: {found:?}", &text[..end]);
            }
        };
        let svg = Detection::Known(Format::Svg);
        for text in [
            "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "<svg>   </svg>",
            "\u{FEFF}\n<?xml version='1.0'?>\n<svg ",
            "<!-- <html> --><svg:svg ",
            "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '>' \"a'>b\"><svg\t",
            "<!DOCTYPE svg [ <!ENTITY a '<b>]'> <!ELEMENT c ANY> ]>\n<!-- -> --- --><?a?><svg\n",
        ] {
            check_all(text, svg);
        }
        for text in [
            "<!DOCTYPE html><html><svg>",
            "<svgz xmlns=''>",
            "<svg:html>  ",
            "text <svg>  ",
            "<?xml?>text   ",
        ] {
            check_all(text, Detection::Unknown);
        }
        let long = |bytes: usize| format!("<!--{}--><svg>", "x".repeat(bytes));
        check_all(&long(1000), svg);
        check(long(DETECT_BYTES - 13).as_bytes(), svg);
        check(long(DETECT_BYTES).as_bytes(), Detection::Unknown);
        check("<svg".repeat(DETECT_BYTES).as_bytes(), Detection::Unknown);
    }

    #[test]
    fn enough_bytes_always_decide() {
        let mut head = vec![0; DETECT_BYTES];
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                head[4..8].fill(0);
                (head[0], head[1]) = (first, second);
                assert_ne!(Format::detect(&head), Detection::NeedMore);
                head[4..8].copy_from_slice(b"ftyp");
                assert_ne!(Format::detect(&head), Detection::NeedMore);
            }
        }
    }
}
