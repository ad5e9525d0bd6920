//! EXIF blocks in PNG text. Programs wrote them before the chunk `eXIf` was defined in 2017: `ImageMagick`, exiftool and
//! others, as hexadecimal digits under the keyword `Raw profile type exif` or `Raw profile type APP1`.
//!
//! ```text
//! tEXt   keyword NUL                                        text
//! zTXt   keyword NUL method(0)                              zlib stream of the text
//! iTXt   keyword NUL flag method(0) language NUL title NUL  text, or a zlib stream if the flag is 1
//! text   \n name \n  length \n  digits, in lines
//! ```
//!
//! W3C PNG Third Edition, section 11.3.3; `ImageMagick`'s `coders/png.c`, `Magick_png_write_raw_profile`.

use crate::locate_tiff;
use std::borrow::Cow;

const KEYWORDS: [&[u8; KEYWORD_BYTES]; 2] = [b"Raw profile type exif\0", b"Raw profile type APP1\0"];

/// The bytes of a keyword and its NUL.
pub(crate) const KEYWORD_BYTES: usize = 22;

/// Returns whether `chunk`, the data of a text chunk, begins with the keyword of an EXIF block.
pub(crate) fn has_keyword(chunk: &[u8]) -> bool {
    KEYWORDS.iter().any(|keyword| chunk.starts_with(*keyword))
}

/// Returns the EXIF block in `chunk`, the data of a part of [`crate::Class::ExifText`].
///
/// `None` if it is damaged, longer than `max_bytes`, or another block, because `APP1` is also the marker of XMP.
/// Allocates at most seven times `max_bytes`.
pub fn decode_exif_text(chunk: &[u8], max_bytes: usize) -> Option<Vec<u8>> {
    /// Bytes of the text besides the digits: the name and the length.
    const MAX_HEADER_BYTES: usize = 256;
    let max_text_bytes = max_bytes.saturating_mul(3).saturating_add(MAX_HEADER_BYTES);
    let text = read_text(chunk.get(KEYWORD_BYTES..)?, max_text_bytes)?;

    // The name follows a line feed, the length is padded with spaces.
    let mut lines = text.strip_prefix(b"\n")?.splitn(3, |byte| *byte == b'\n');
    let (_, length, digits) = (lines.next()?, lines.next()?, lines.next()?);
    let length: usize = std::str::from_utf8(length).ok()?.trim().parse().ok()?;
    if max_bytes < length {
        return None;
    }
    let mut digits = digits.iter().filter(|byte| !byte.is_ascii_whitespace());
    let mut block = Vec::with_capacity(length.min(text.len() / 2));
    while block.len() < length {
        block.push(digit(digits.next())? << 4 | digit(digits.next())?);
    }
    locate_tiff(&block).is_some().then_some(block)
}

/// Returns the text of a chunk whose data after the keyword is `rest`; `None` if it is damaged or longer than
/// `max_bytes`.
///
/// The three kinds of chunks need not be named: text begins with a line feed, `zTXt` has a zlib header at its second
/// byte, and `iTXt` a zero.
fn read_text(rest: &[u8], max_bytes: usize) -> Option<Cow<'_, [u8]>> {
    let inflate = |bytes| fdeflate::decompress_to_vec_bounded(bytes, max_bytes).ok().map(Cow::Owned);
    match rest {
        [is_compressed @ (0 | 1), 0, rest @ ..] => {
            let text = rest.splitn(3, |byte| *byte == 0).nth(2)?;
            if *is_compressed == 1 { inflate(text) } else { Some(text.into()) }
        }
        [0, zlib @ ..] => inflate(zlib),
        text => Some(text.into()),
    }
}

/// Returns the value of a hexadecimal digit.
fn digit(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\nexif\n      10\n4578\n6966000049\n492A00\n";
    const BLOCK: &[u8] = b"Exif\0\0II*\0";

    fn chunk(keyword: &[u8], head: &[u8], text: &[u8]) -> Vec<u8> {
        [keyword, head, text].concat()
    }

    #[test]
    fn every_kind_of_chunk_is_read() {
        let zlib = fdeflate::compress_to_vec(TEXT);
        for keyword in KEYWORDS {
            let check = |head: &[u8], text: &[u8]| {
                let chunk = chunk(keyword, head, text);
                assert!(has_keyword(&chunk));
                assert_eq!(decode_exif_text(&chunk, 10).as_deref(), Some(BLOCK), "{chunk:?}");
            };
            check(b"", TEXT);
            check(b"\0", &zlib);
            check(b"\0\0\0\0", TEXT);
            check(b"\0\0en\0title\0", TEXT);
            check(b"\x01\0\0\0", &zlib);
        }
        assert!(!has_keyword(b"Raw profile type iptc\0"));
    }

    #[test]
    fn damage_and_excess_are_no_block() {
        let check = |head: &[u8], text: &[u8], max_bytes| {
            assert_eq!(decode_exif_text(&chunk(KEYWORDS[0], head, text), max_bytes), None, "{text:?}");
        };
        check(b"", TEXT, 9);
        check(b"", &TEXT[..TEXT.len() - 3], 10);
        check(b"", b"\nexif\n 10\n457869660000494g2A00\n", 10);
        check(b"", b"\nexif\n -10\n457869660000492A00\n", 10);
        check(b"", b"\nexif\n99999999999999999999\n00\n", 10);
        check(b"", b"exif", 10);
        check(b"", b"\nexif\n 4\n3c782f3e\n", 10);
        check(b"\0", b"\x78\x9C\xFF\xFF", 10);
        check(b"\x01\0\0", TEXT, 10);
        // 64 MiB of zeros in 64 kB.
        let bomb = fdeflate::compress_to_vec(&vec![0; 64 << 20]);
        check(b"\0", &bomb, 1 << 20);
    }
}
