//! Strips and tiles that are JPEG files (TIFF Technical Note 2, and section 22), decoded by `zune-jpeg`.

use super::FORMAT;
use super::error::damaged;
use crate::error::CodecError;
use safelight_core::Size;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// The most bytes that the decode of a piece allocates besides its result.
pub(super) const fn work_bytes(size: Size, samples: u64) -> u64 {
    /// A row of blocks of every component, before and after chroma is upsampled.
    const COLUMN_BYTES: u64 = 1024;
    /// A sample, and its coefficient where there are several scans.
    const SAMPLE_BYTES: u64 = 3;
    size.pixels()
        .saturating_mul(samples)
        .saturating_mul(SAMPLE_BYTES)
        .saturating_add(size.w as u64 * COLUMN_BYTES)
}

/// Decodes `file`, a piece, to `raw`, `samples` of 8 bits for each pixel of `size`; YCbCr becomes RGB. Returns the decoded bytes.
pub(super) fn decode(
    file: &[u8],
    raw: &mut [u8],
    size: Size,
    samples: usize,
    is_ycbcr: bool,
) -> Result<usize, CodecError> {
    let failed = |error| CodecError::Damaged(FORMAT, Box::new(error));
    let (w, h) = (size.w as usize, size.h as usize);
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(w).set_max_height(h);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(failed)?;
    let found = decoder.info().map(|info| usize::from(info.components));
    let (Some((width, height)), Some(components)) = (decoder.dimensions(), found) else {
        return Err(damaged("a JPEG without a size"));
    };
    if width != w || components != samples {
        return Err(damaged("a JPEG of another size than its strip or tile"));
    }
    // The directory states the colours, whatever the file has in its own markers.
    let target = match (components, is_ycbcr, decoder.input_colorspace()) {
        (3, true, _) => ColorSpace::RGB,
        (_, _, Some(input)) => input,
        (_, _, None) => return Err(damaged("a JPEG of unknown colours")),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(target));
    let pixels = decoder.decode().map_err(failed)?;
    let length = pixels.len().min(w * height * samples).min(raw.len());
    raw[..length].copy_from_slice(&pixels[..length]);
    Ok(length)
}

/// The JPEG file of a piece: the shared tables between its start and the rest of it.
pub(super) fn join(tables: &[u8], coded: &[u8]) -> Vec<u8> {
    const START: &[u8] = &[0xFF, 0xD8];
    const END: &[u8] = &[0xFF, 0xD9];
    let tables = tables.strip_prefix(START).unwrap_or_default();
    let tables = tables.strip_suffix(END).unwrap_or(tables);
    [START, tables, coded.strip_prefix(START).unwrap_or(coded)].concat()
}
