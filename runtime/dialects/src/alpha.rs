//! Whether a source has transparency, by its header.

use safelight_core::Format;

/// Returns whether the header says that pixels may be transparent. Formats whose decoders know are not read here.
pub(crate) fn has_alpha(format: Format, source: &[u8]) -> bool {
    match format {
        Format::Png => is_clear_png(source),
        Format::Webp => is_clear_webp(source),
        Format::Gif | Format::Ico => true,
        _ => false,
    }
}

/// Bytes of the signature (PNG 5.2).
const SIGNATURE_BYTES: usize = 8;

/// Returns whether the colour type has alpha, or a `tRNS` chunk comes before the samples (PNG 11.2.1, 11.3.1.1).
fn is_clear_png(source: &[u8]) -> bool {
    let mut at = SIGNATURE_BYTES;
    loop {
        let Some(&[a, b, c, d, ref kind @ ..]) = source.get(at..at + 8) else { return false };
        match kind {
            // Its ninth byte is the colour type.
            b"IHDR" if source.get(at + 17).is_some_and(|colour| *colour & 4 != 0) => return true,
            b"tRNS" => return true,
            b"IDAT" | b"IEND" => return false,
            _ => (),
        }
        // A length, a kind, so many bytes, and a checksum.
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(next) = at.checked_add(12).and_then(|start| start.checked_add(length)) else { return false };
        at = next;
    }
}

/// Returns whether the flags of the file or of its lossless samples say so (RFC 9649 2.7, 3.4).
fn is_clear_webp(source: &[u8]) -> bool {
    let flags = |at: usize, mask: u8| source.get(at).is_some_and(|byte| byte & mask != 0);
    match source.get(12..16) {
        Some(b"VP8X") => flags(20, 0x10),
        // After the signature, 14 bits each of width and height, and one of alpha.
        Some(b"VP8L") => flags(24, 0x10),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_alpha() {
        let png = |colour: u8, chunks: &[u8]| {
            let mut png = b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR\0\0\0\x01\0\0\0\x01\x08".to_vec();
            png.extend([colour, 0, 0, 0, 1, 2, 3, 4]);
            png.extend(chunks);
            png
        };
        let check = |format, source: &[u8], expected| {
            assert_eq!(has_alpha(format, source), expected, "{source:?}");
        };
        check(Format::Png, &png(6, b""), true);
        check(Format::Png, &png(4, b""), true);
        check(Format::Png, &png(2, b"\0\0\0\0IDAT"), false);
        check(Format::Png, &png(3, b"\0\0\0\x01tEXtx1234\0\0\0\x01tRNS"), true);
        check(Format::Png, &png(2, b"\0\0\0\0IDAT1234\0\0\0\x01tRNS"), false);
        check(Format::Png, &png(2, b"\xFF\xFF\xFF\xFFtEXt"), false);
        check(Format::Webp, b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\x10", true);
        check(Format::Webp, b"RIFF\0\0\0\0WEBPVP8X\x0A\0\0\0\x02", false);
        check(Format::Webp, b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2F\0\0\0\x10", true);
        check(Format::Webp, b"RIFF\0\0\0\0WEBPVP8 ", false);
    }
}
