//! Camera raw files: the photo that the camera rendered, as a JPEG inside of the file.
//!
//! Where that is differs by maker. The directories of TIFF have it in DNG, CR2, NEF, ARW, PEF, RW2 and ORF, a header of
//! its own in RAF, and the tracks of ISO-BMFF in CR3. Of several JPEGs, the one with the most pixels is the photo; raw
//! samples are often coded as lossless JPEG, which is told apart by its frame header.

mod boxes;
mod directories;

use safelight_core::Orientation;
use std::ops::Range;

/// The reason to reject a camera raw file when its metadata is to be removed, for error messages.
pub(crate) const UNSTRIPPABLE: &str =
    "the metadata of a camera raw file cannot be removed; format=jpeg or a size gives its photo without";

/// The photo that a camera raw file contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPreview {
    /// The bytes of the JPEG file.
    pub jpeg: Range<usize>,
    /// The orientation that the raw file states; `None` if only the JPEG may state it.
    pub orientation: Option<Orientation>,
}

/// The signature of Fujifilm's RAF.
const RAF: &[u8] = b"FUJIFILMCCD-RAW ";

/// Finds the photo in a camera raw file; `None` if there is none that is coded by the DCT.
///
/// Reads directories and headers, a bounded number of them.
pub fn raw_preview(source: &[u8]) -> Option<RawPreview> {
    let mut search = Search { source, best: None };
    let orientation = if source.starts_with(RAF) {
        search.raf();
        None
    } else if source.get(4..8) == Some(b"ftyp") {
        boxes::search(&mut search)
    } else {
        directories::search(&mut search)
    };
    let (_, jpeg) = search.best?;
    Some(RawPreview { jpeg, orientation })
}

/// A search for the largest JPEG.
struct Search<'a> {
    source: &'a [u8],
    /// Its pixels and its bytes.
    best: Option<(u64, Range<usize>)>,
}

impl Search<'_> {
    /// Considers the `length` bytes at `start`; bytes beyond the end of the file are left out.
    fn consider(&mut self, start: u64, length: u64) {
        let end = start.saturating_add(length).min(self.source.len() as u64);
        let Some(bytes) = self.source.get(start as usize..end as usize) else { return };
        let Some(pixels) = jpeg_pixels(bytes) else { return };
        if self.best.as_ref().is_none_or(|(most, _)| *most < pixels) {
            self.best = Some((pixels, start as usize..end as usize));
        }
    }

    /// The position and length of the JPEG are in the header, highest byte first.
    fn raf(&mut self) {
        const AT_JPEG: usize = 84;
        let number = |at: usize| Some(u32::from_be_bytes(*self.source.get(at..)?.first_chunk()?));
        if let (Some(start), Some(length)) = (number(AT_JPEG), number(AT_JPEG + 4)) {
            self.consider(start.into(), length.into());
        }
    }
}

/// The pixels of a JPEG file that is coded by the DCT with 8 bits: baseline, extended or progressive (ITU-T T.81 B.2.2).
fn jpeg_pixels(file: &[u8]) -> Option<u64> {
    let mut rest = file.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let [0xFF, marker, after @ ..] = rest else { return None };
        match marker {
            // A byte that fills.
            0xFF => rest = &rest[1..],
            0xC0..=0xC2 => {
                let [_, _, 8, h1, h0, w1, w0, ..] = *after else { return None };
                let (w, h) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
                return Some(u64::from(w) * u64::from(h)).filter(|pixels| 0 < *pixels);
            }
            // Other frames, the start of a scan, and the end.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xD8..=0xDA => return None,
            _ => rest = after.get(usize::from(u16::from_be_bytes(*after.first_chunk()?))..)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The start of a JPEG of this size, after a segment.
    pub(super) fn jpeg(frame: u8, w: u8, h: u8) -> Vec<u8> {
        let segment = [0xFF, 0xE0, 0, 4, 7, 7];
        let frame = [0xFF, frame, 0, 11, 8, 0, h, 0, w, 1, 1, 0x11, 0];
        [&[0xFF, 0xD8][..], &segment, &frame, &[0xFF, 0xDA]].concat()
    }

    /// Checks that what is found in every beginning of a file is inside of it.
    pub(super) fn assert_is_bounded(file: &[u8]) {
        for end in 0..file.len() {
            assert!(raw_preview(&file[..end]).is_none_or(|found| found.jpeg.end <= end), "{end} bytes");
        }
    }

    #[test]
    fn only_jpegs_of_the_dct_count() {
        for (frame, expected) in
            [(0xC0, Some(12)), (0xC1, Some(12)), (0xC2, Some(12)), (0xC3, None), (0xC9, None)]
        {
            let file = jpeg(frame, 4, 3);
            assert_eq!(jpeg_pixels(&file), expected, "{frame:x}");
            assert!((0..file.len() - 8).all(|end| jpeg_pixels(&file[..end]).is_none()));
        }
        assert_eq!(jpeg_pixels(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0xFF, 0xE0]), None);
        assert_eq!(jpeg_pixels(&jpeg(0xC0, 4, 0)), None);
    }

    #[test]
    fn the_header_of_raf_states_its_jpeg() {
        let mut file = [RAF, &[0; 80]].concat();
        let photo = jpeg(0xC0, 4, 3);
        file[84..88].copy_from_slice(&96_u32.to_be_bytes());
        file[88..92].copy_from_slice(&(photo.len() as u32).to_be_bytes());
        file.extend(&photo);
        file.extend([0; 40]);
        let jpeg = 96..96 + photo.len();
        assert_eq!(raw_preview(&file), Some(RawPreview { jpeg, orientation: None }));
        assert_is_bounded(&file);
        file[84..88].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(raw_preview(&file), None);
    }
}
