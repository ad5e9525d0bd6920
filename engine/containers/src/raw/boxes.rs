//! Canon's CR3: ISO-BMFF whose first track is the photo, and whose orientation is in a TIFF structure of a box.

use super::Search;
use crate::exif::read_orientation;
use crate::isobmff::boxes::{BoxHead, FourCc};
use safelight_core::Orientation;

/// The box of Canon's metadata.
const CANON: [u8; 16] = *b"\x85\xC0\xB6\x87\x82\x0F\x11\xE0\x81\x11\xF4\xCE\x46\x2B\x6A\x48";

/// The most boxes that are read.
const MAX_BOXES: usize = 4096;

/// Considers the first sample of every track; returns the orientation.
pub(super) fn search(search: &mut Search) -> Option<Orientation> {
    let source = search.source;
    let mut walk = Walk { boxes_left: MAX_BOXES };
    let movie = walk.find(source, *b"moov")?;
    let orientation = walk.boxes(movie).into_iter().find_map(|(kind, data)| {
        let canon = data.strip_prefix(&CANON).filter(|_| kind == *b"uuid")?;
        read_orientation(Walk { boxes_left: MAX_BOXES }.find(canon, *b"CMT1")?)
    });
    for (_, track) in walk.boxes(movie).into_iter().filter(|(kind, _)| kind == b"trak") {
        let table =
            [*b"mdia", *b"minf", *b"stbl"].into_iter().try_fold(track, |data, kind| walk.find(data, kind));
        if let Some((start, length)) = table.and_then(|table| first_sample(&mut walk, table)) {
            search.consider(start, length);
        }
    }
    orientation
}

/// The position and length of the first sample (ISO/IEC 14496-12, 8.7.3.2 and 8.7.5).
fn first_sample(walk: &mut Walk, table: &[u8]) -> Option<(u64, u64)> {
    let u32_at = |data: &[u8], at: usize| Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?));
    let sizes = walk.find(table, *b"stsz")?;
    let length = match u32_at(sizes, 4)? {
        0 => u32_at(sizes, 12)?,
        same => same,
    };
    let start = if let Some(offsets) = walk.find(table, *b"co64") {
        u64::from_be_bytes(*offsets.get(8..)?.first_chunk()?)
    } else {
        u32_at(walk.find(table, *b"stco")?, 8)?.into()
    };
    Some((start, length.into()))
}

/// A bound of the work.
struct Walk {
    boxes_left: usize,
}

impl Walk {
    /// The data of the first box of this kind.
    fn find<'a>(&mut self, data: &'a [u8], kind: FourCc) -> Option<&'a [u8]> {
        self.boxes(data).into_iter().find(|(found, _)| *found == kind).map(|(_, data)| data)
    }

    /// The kinds and data of the boxes in `data`; the last one may be cut short (4.2).
    fn boxes<'a>(&mut self, mut data: &'a [u8]) -> Vec<(FourCc, &'a [u8])> {
        let mut boxes = Vec::new();
        while let (Ok(Some(head)), true) = (BoxHead::read(data), 0 < self.boxes_left) {
            self.boxes_left -= 1;
            let end = head.size.unwrap_or(u64::MAX).min(data.len() as u64) as usize;
            boxes.push((head.kind, &data[head.bytes..end]));
            data = &data[end..];
        }
        boxes
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        RawPreview, raw_preview,
        tests::{assert_is_bounded, jpeg},
    };
    use super::*;

    fn boxed(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32 + 8).to_be_bytes()[..], kind, data].concat()
    }

    #[test]
    fn the_largest_track_and_the_orientation_are_found() {
        let (small, large) = (jpeg(0xC0, 2, 2), jpeg(0xC0, 9, 9));
        let tiff = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        let canon = boxed(b"uuid", &[&CANON[..], &boxed(b"CNCV", b"x"), &boxed(b"CMT1", tiff)].concat());
        let track = |start: u64, length: usize, is_long: bool| {
            let sizes = boxed(b"stsz", &[[0; 8], [0, 0, 0, 1, 0, 0, 0, length as u8]].concat());
            let offsets = if is_long {
                boxed(b"co64", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &start.to_be_bytes()].concat())
            } else {
                boxed(b"stco", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &(start as u32).to_be_bytes()].concat())
            };
            let table = boxed(b"stbl", &[sizes, offsets].concat());
            boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &table)))
        };
        let kind = boxed(b"ftyp", b"crx \0\0\0\x01crx isom");
        let data = boxed(b"mdat", &[&small[..], &large].concat());
        let start = kind.len() as u64 + 8;
        let tracks = [track(start, small.len(), false), track(start + small.len() as u64, large.len(), true)];
        let movie = boxed(b"moov", &[&canon[..], &tracks.concat()].concat());
        let file = [kind, data, movie].concat();
        let first = start as usize + small.len();
        let expected = RawPreview { jpeg: first..first + large.len(), orientation: Orientation::new(8) };
        assert_eq!(raw_preview(&file), Some(expected));
        assert_is_bounded(&file);
    }
}
