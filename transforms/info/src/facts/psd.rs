//! PSD and PSB: the header (Adobe Photoshop File Formats Specification, "File Header Section").

use super::{Facts, be16, be32};

pub(super) fn read(source: &[u8]) -> Option<Facts> {
    let (height, width, bits) = (be32(source, 14)?, be32(source, 18)?, be16(source, 22)?);
    let color_space = match be16(source, 24)? {
        0 | 1 | 8 => Some("Gray"),
        2 => Some("Palette"),
        3 => Some("RGB"),
        4 => Some("CMYK"),
        9 => Some("Lab"),
        _ => None,
    };
    Some(Facts {
        width: Some(width),
        height: Some(height),
        bit_depth: u8::try_from(bits).ok(),
        color_space,
        frames: Some(1),
        ..Facts::default()
    })
}
