//! Checks of every source before its pixels: their number and their orientation.

use crate::error::CodecError;
use bytes::Bytes;
use safelight_containers::{Class, Event, Walker, decode_exif_text, locate_tiff, read_orientation};
use safelight_core::{Format, Limits, Orientation, Result, Size};

/// Bytes of the source that are walked at a time.
const CHUNK_BYTES: usize = 16 << 10;
/// The bytes of an EXIF block that are read: the capacity of a JPEG segment.
const EXIF_BYTES: usize = 64 << 10;
/// The bytes of text with an EXIF block that are read.
const EXIF_TEXT_BYTES: usize = 1 << 20;

/// Checks the number of pixels of an image before anything is allocated for them.
///
/// # Errors
/// [`safelight_core::Kind::LimitExceeded`], or [`safelight_core::Kind::Corrupt`] for a width or height of 0.
pub(crate) fn check_pixels(format: Format, size: Size, limits: &Limits) -> Result<()> {
    match size.pixels() {
        0 => Err(CodecError::Damaged(format, "a width or height of 0".into()).into()),
        pixels if limits.max_pixels < pixels => {
            Err(CodecError::TooManyPixels { format, size, max: limits.max_pixels }.into())
        }
        _ => Ok(()),
    }
}

/// The orientation in the first EXIF block of `source`, or without one in the first that is text; upright without both.
///
/// Allocates one chunk of the source and one EXIF block; for a block in text, up to 2 MiB. A source that the walker
/// rejects is upright: the decoder reports the damage, if there is any.
pub(crate) fn orientation(source: &[u8], limits: &Limits) -> Orientation {
    let tiff = exif(source, limits).unwrap_or_default();
    locate_tiff(&tiff).and_then(read_orientation).unwrap_or(Orientation::UPRIGHT)
}

/// The first EXIF block of `source`, or without one the first that is text.
fn exif(source: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let mut walker = Walker::new(limits.clone());
    let mut block: Option<Vec<u8>> = None;
    let mut block_of_text: Option<Vec<u8>> = None;
    // The text that is read at the moment.
    let mut text: Option<Vec<u8>> = None;
    let mut rest = source;
    loop {
        while let Some(event) = walker.next().transpose() {
            match event.ok()? {
                Event::Begin(_) if block.is_some() => return block,
                Event::Begin(part) => {
                    if let Some(text) = text.take() {
                        block_of_text = decode_exif_text(&text, EXIF_TEXT_BYTES / 4);
                    }
                    match part.class {
                        Class::Exif => block = Some(Vec::new()),
                        Class::ExifText if block_of_text.is_none() => text = Some(Vec::new()),
                        // No program reads EXIF after a JPEG's first scan, and finding it means walking all scans.
                        Class::ImageData if walker.format() == Some(Format::Jpeg) => return None,
                        _ => (),
                    }
                }
                Event::Payload(bytes) => {
                    let (target, max) = match (&mut block, &mut text) {
                        (Some(block), _) => (block, EXIF_BYTES),
                        (None, Some(text)) => (text, EXIF_TEXT_BYTES),
                        (None, None) => continue,
                    };
                    let room = max.saturating_sub(target.len());
                    target.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                }
                Event::Framing(_) => (),
            }
        }
        if block.is_none() && text.is_none() {
            let ahead = walker.skippable_bytes();
            walker.skip(ahead);
            rest = usize::try_from(ahead).ok().and_then(|ahead| rest.get(ahead..)).unwrap_or_default();
        }
        if rest.is_empty() {
            return block.or(block_of_text);
        }
        let (chunk, behind) = rest.split_at(rest.len().min(CHUNK_BYTES));
        walker.push(Bytes::copy_from_slice(chunk));
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orientation_in_png_text_applies_without_an_exif_chunk() {
        // The checksums do not matter to the walker.
        let chunk =
            |kind: &[u8], data: &[u8]| [&(data.len() as u32).to_be_bytes(), kind, data, &[0; 4]].concat();
        let tiff = |orientation: u8| {
            let mut tiff = *b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
            tiff[19] = orientation;
            tiff
        };
        let digits = tiff(6).iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        let text = format!("Raw profile type exif\0\nexif\n{:8}\n{digits}\n", tiff(6).len());
        let text = chunk(b"tEXt", text.as_bytes());
        let (data, exif) = (chunk(b"IDAT", &vec![0; 40_000]), chunk(b"eXIf", &tiff(3)));
        let check = |chunks: &[&[u8]], expected: u8| {
            let header = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
            let png = [b"\x89PNG\r\n\x1A\n", &header[..], &chunks.concat(), &chunk(b"IEND", b"")].concat();
            assert_eq!(orientation(&png, &Limits::default()).get(), expected);
        };
        check(&[&data], 1);
        check(&[&text, &data], 6);
        check(&[&data, &text], 6);
        check(&[&text, &data, &exif], 3);
        check(&[&exif, &text, &data], 3);
    }
}
