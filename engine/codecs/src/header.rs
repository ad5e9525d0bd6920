//! What is asked of every source before its pixels: whether they are too many, and how they lie.

use crate::error::CodecError;
use bytes::Bytes;
use safelight_containers::{Class, Event, Walker, locate_tiff, read_orientation};
use safelight_core::{Limits, Orientation, Result, Size};
use safelight_formats::Format;

/// Bytes of the source that are walked at a time.
const CHUNK_BYTES: usize = 16 << 10;
/// Bytes of an EXIF block that are looked at: what a JPEG segment can hold.
const EXIF_BYTES: usize = 64 << 10;

/// Checks the pixels of one picture, or of all frames of an animation together, before anything is
/// allocated for them.
///
/// # Errors
/// [`safelight_core::Kind::LimitExceeded`], or [`safelight_core::Kind::Corrupt`] if there are none.
pub(crate) fn check_pixels(codec: &'static str, size: Size, limits: &Limits) -> Result<()> {
    match size.pixels() {
        0 => Err(CodecError::Damaged(codec, "a side of no pixels".into()).into()),
        pixels if limits.max_pixels < pixels => {
            Err(CodecError::TooManyPixels { codec, size, max: limits.max_pixels }.into())
        }
        _ => Ok(()),
    }
}

/// How the picture in `source` must be turned, as its first EXIF block says; upright if nothing does.
///
/// Holds one chunk of the source and one EXIF block. What the walker refuses says nothing: whether
/// there are pixels behind it is the decoder's to find out.
pub(crate) fn orientation(source: &[u8], limits: &Limits) -> Orientation {
    let tiff = exif(source, limits).unwrap_or_default();
    locate_tiff(&tiff).and_then(read_orientation).unwrap_or(Orientation::UPRIGHT)
}

/// The first EXIF block of `source`.
fn exif(source: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let mut walker = Walker::new(limits.clone());
    let mut block: Option<Vec<u8>> = None;
    let mut rest = source;
    loop {
        while let Some(event) = walker.next().transpose() {
            match event.ok()? {
                Event::Begin(_) if block.is_some() => return block,
                Event::Begin(part) if part.class == Class::Exif => block = Some(Vec::new()),
                // Nobody reads EXIF from behind a JPEG's first scan, and finding it means walking them all.
                Event::Begin(part) if part.class == Class::ImageData => {
                    if walker.format() == Some(Format::Jpeg) {
                        return None;
                    }
                }
                Event::Payload(bytes) => {
                    if let Some(block) = &mut block {
                        let room = EXIF_BYTES.saturating_sub(block.len());
                        block.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                    }
                }
                Event::Begin(_) | Event::Framing(_) => (),
            }
        }
        if block.is_none() {
            let ahead = walker.skippable_bytes();
            walker.skip(ahead);
            rest = usize::try_from(ahead).ok().and_then(|ahead| rest.get(ahead..)).unwrap_or_default();
        }
        if rest.is_empty() {
            return block;
        }
        let (chunk, behind) = rest.split_at(rest.len().min(CHUNK_BYTES));
        walker.push(Bytes::copy_from_slice(chunk));
        rest = behind;
    }
}
