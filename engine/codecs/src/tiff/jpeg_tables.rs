//! The JPEG coding of TIFF 6.0 (section 22), which Technical Note 2 replaced: a whole JPEG file, or strips and tiles of
//! bare scans whose tables are in the directory.

use super::error::{damaged, unsupported};
use crate::error::CodecError;
use safelight_containers::TiffFields;
use safelight_core::Size;

mod tag {
    pub(super) const RESTART_INTERVAL: u16 = 515;
    pub(super) const Q_TABLES: u16 = 519;
    pub(super) const DC_TABLES: u16 = 520;
    pub(super) const AC_TABLES: u16 = 521;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const SUBSAMPLING: u16 = 530;
}

/// The position of a whole JPEG file.
pub(super) const INTERCHANGE: u16 = 513;

/// The parts of a JPEG file that are in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    /// Segments of tables.
    segments: Vec<u8>,
    /// Samples of the first component for those of the others, columns and rows.
    sampling: (u8, u8),
}

/// Whether `source` has a whole JPEG file at the position that the directory states.
pub(super) fn is_whole(fields: &TiffFields, source: &[u8]) -> bool {
    let Some(start) = fields.get(INTERCHANGE).and_then(|field| field.get(0)) else { return false };
    let file = usize::try_from(start).ok().and_then(|start| source.get(start..)).unwrap_or_default();
    let Some(mut rest) = file.strip_prefix(&[0xFF, 0xD8]) else { return false };
    // Without a scan, it has tables only.
    while let [0xFF, marker, high, low, ..] = rest {
        if *marker == 0xDA {
            return true;
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
    }
    false
}

impl Tables {
    /// Reads the tables that the directory refers to.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] for tables outside of the file, [`CodecError::Unsupported`] for more than four.
    pub(super) fn read(fields: &TiffFields, source: &[u8]) -> Result<Self, CodecError> {
        const MAX_TABLES: u64 = 4;
        const YCBCR: u64 = 6;
        let mut segments = Vec::new();
        // A class and the length of what is fixed; tables of codes have so many values more (T.81 B.2.4).
        for (tag, class, fixed) in
            [(tag::Q_TABLES, None, 64), (tag::DC_TABLES, Some(0), 16), (tag::AC_TABLES, Some(0x10), 16)]
        {
            let field = fields.get(tag).ok_or_else(|| damaged("no tables of its JPEG coding"))?;
            if MAX_TABLES < field.len() {
                return Err(unsupported("JPEG coding of more than four components"));
            }
            for (index, at) in (0..).zip((0..field.len()).filter_map(|index| field.get(index))) {
                let table = usize::try_from(at).ok().and_then(|at| source.get(at..));
                let table = table.ok_or_else(|| damaged("tables outside of the file"))?;
                let codes = table.iter().take(16).map(|count| usize::from(*count)).sum::<usize>().min(256);
                let length = fixed + class.map_or(0, |_| codes);
                let table = table.get(..length).ok_or_else(|| damaged("tables outside of the file"))?;
                let marker = if class.is_some() { 0xC4 } else { 0xDB };
                push_segment(&mut segments, marker, &[&[class.unwrap_or(0) | index], table].concat());
            }
        }
        let number = |tag: u16, index| fields.get(tag).and_then(|field| field.get(index));
        if let Some(interval @ 1..=0xFFFF) = number(tag::RESTART_INTERVAL, 0) {
            push_segment(&mut segments, 0xDD, &(interval as u16).to_be_bytes());
        }
        let side = |index| match number(tag::SUBSAMPLING, index).unwrap_or(2) {
            side @ (1 | 2 | 4) if number(tag::PHOTOMETRIC, 0) == Some(YCBCR) => side as u8,
            _ => 1,
        };
        Ok(Self { segments, sampling: (side(0), side(1)) })
    }

    /// The JPEG file of the scan `coded`, a piece of this size with `samples` in a pixel.
    pub(super) fn file(&self, coded: &[u8], size: Size, samples: usize) -> Result<Vec<u8>, CodecError> {
        let short =
            |side| u16::try_from(side).map_err(|_| damaged("JPEG coding of more than 65535 columns or rows"));
        let (w, h) = (short(size.w)?, short(size.h)?);
        let components = 1..=samples.min(4) as u8;
        let mut file = [&[0xFF, 0xD8][..], &self.segments].concat();
        let mut frame = [&[8][..], &h.to_be_bytes(), &w.to_be_bytes(), &[samples as u8]].concat();
        let mut scan = vec![samples as u8];
        for id in components {
            let sampling = if id == 1 { self.sampling.0 << 4 | self.sampling.1 } else { 0x11 };
            frame.extend([id, sampling, id - 1]);
            scan.extend([id, (id - 1) << 4 | (id - 1)]);
        }
        // Extended sequential coding has four tables of each kind.
        push_segment(&mut file, 0xC1, &frame);
        push_segment(&mut file, 0xDA, &[&scan[..], &[0, 63, 0]].concat());
        file.extend_from_slice(coded);
        Ok(file)
    }
}

fn push_segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend((payload.len() as u16 + 2).to_be_bytes());
    file.extend_from_slice(payload);
}
