//! ICO: the largest image of the directory (Microsoft, Icons, 1995).

use super::{Facts, bmp, le16, le32, png};

pub(super) fn read(source: &[u8]) -> Option<Facts> {
    const HEADER: usize = 6;
    const ENTRY: usize = 16;
    let count = le16(source, 4)?;
    let entries = source.get(HEADER..)?.chunks_exact(ENTRY).take(count as usize);
    // A side of 256 is stored as 0.
    let side = |byte: u8| if byte == 0 { 256 } else { u32::from(byte) };
    let area = |entry: &&[u8]| (side(entry[0]) * side(entry[1]), le16(entry, 6));
    let largest = entries.max_by_key(area)?;
    let image = source.get(le32(largest, 12)? as usize..)?;
    let facts = if image.starts_with(b"\x89PNG") {
        let mut facts = Facts::default();
        png::add(&mut facts, image.get(8..)?)?;
        facts
    } else {
        let facts = bmp::bitmap(image)?;
        // The height counts the mask, too.
        Facts { height: facts.height.map(|height| height / 2), has_alpha: Some(true), ..facts }
    };
    Some(Facts { pages: Some(count), ..facts })
}
