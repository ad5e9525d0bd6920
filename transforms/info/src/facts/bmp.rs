//! BMP: the bitmap header (Microsoft, BITMAPCOREHEADER to BITMAPV5HEADER).

use super::{Facts, le16, le32};

/// Bytes of the file header.
const FILE_HEADER: usize = 14;

pub(super) fn read(source: &[u8]) -> Option<Facts> {
    bitmap(source.get(FILE_HEADER..)?)
}

/// Reads a bitmap header.
pub(super) fn bitmap(header: &[u8]) -> Option<Facts> {
    let is_core = le32(header, 0)? == 12;
    let (width, height, bits) = if is_core {
        (le16(header, 4)?, le16(header, 6)?, le16(header, 10)?)
    } else {
        (le32(header, 4)?, le32(header, 8)?.cast_signed().unsigned_abs(), le16(header, 14)?)
    };
    let has_masks = !is_core && matches!(le32(header, 16)?, 3 | 6) && 56 <= le32(header, 0)?;
    let has_alpha = has_masks && le32(header, 52)? != 0;
    Some(Facts {
        width: Some(width),
        height: Some(height),
        bit_depth: Some(if bits == 16 { 5 } else { u8::try_from(bits.min(8)).ok()? }),
        color_space: Some(if bits <= 8 { "Palette" } else { "RGB" }),
        has_alpha: Some(has_alpha),
        frames: Some(1),
        ..Facts::default()
    })
}
