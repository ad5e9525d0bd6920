//! Elements that define colours, and their lengths (ICC.1:2022 sections 9 and 10).

use super::{Tag, processing, u32_at};
use std::ops::Range;

/// The bytes of a tag. Offsets count from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    data: &'a [u8],
    /// The offset of the element in the profile.
    start: usize,
}

/// The most ranges of one element: a few for each curve of each channel.
const MAX_RANGES: usize = 1 << 12;

/// The ranges of a profile that an element consists of.
pub(super) type Ranges = Vec<Range<usize>>;

/// The ranges of the element of the tag `name` that define colours; `None` for other tags, and for elements that are
/// not of a type that the tag may have, or shorter than their contents.
pub(super) fn ranges(name: &[u8; 4], element: Element) -> Option<Ranges> {
    let mut out = Ranges::new();
    match name {
        b"rXYZ" | b"gXYZ" | b"bXYZ" | b"wtpt" | b"bkpt" | b"lumi" => {
            element.numbers(b"XYZ ", 12, &mut out)?;
        }
        b"chad" => element.numbers(b"sf32", 9 * 4, &mut out)?,
        b"cicp" => element.numbers(b"cicp", 4, &mut out)?,
        b"rTRC" | b"gTRC" | b"bTRC" | b"kTRC" => {
            element.curve(&mut out)?;
        }
        b"A2B0" | b"A2B1" | b"A2B2" | b"B2A0" | b"B2A1" | b"B2A2" | b"gamt" | b"pre0" | b"pre1" | b"pre2" => {
            element.table(&mut out)?;
        }
        b"D2B0" | b"D2B1" | b"D2B2" | b"D2B3" | b"B2D0" | b"B2D1" | b"B2D2" | b"B2D3" => {
            processing::elements(element, &mut out)?;
        }
        _ => return None,
    }
    Some(out)
}

impl<'a> Element<'a> {
    /// The element of a tag of the profile `data`.
    pub(super) fn new(data: &'a [u8], tag: Tag) -> Self {
        Self { data: &data[tag.start..tag.start + tag.bytes], start: tag.start }
    }

    /// The part from `range.start` to `range.end`, if it is inside.
    pub(super) fn part(self, range: Range<usize>) -> Option<Self> {
        Some(Self { data: self.data.get(range.clone())?, start: self.start + range.start })
    }

    pub(super) fn kind(self) -> Option<[u8; 4]> {
        self.data.first_chunk().copied()
    }

    pub(super) fn byte(self, at: usize) -> Option<usize> {
        self.data.get(at).copied().map(usize::from)
    }

    pub(super) fn short(self, at: usize) -> Option<usize> {
        self.data.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into())
    }

    pub(super) fn long(self, at: usize) -> Option<usize> {
        usize::try_from(u32_at(self.data, at)?).ok()
    }

    /// Adds `bytes` bytes from `at` to `out`, if they are inside.
    pub(super) fn keep(self, at: usize, bytes: usize, out: &mut Ranges) -> Option<()> {
        // Tables of positions may refer to the same bytes any number of times.
        (out.len() < MAX_RANGES).then_some(())?;
        let part = self.part(at..at.checked_add(bytes)?)?;
        out.push(part.start..part.start + part.data.len());
        Some(())
    }

    /// An element of the type `kind` and as many bytes of numbers. Four reserved bytes are between them.
    fn numbers(self, kind: &[u8; 4], bytes: usize, out: &mut Ranges) -> Option<()> {
        (self.kind()? == *kind).then_some(())?;
        self.keep(0, 4, out)?;
        self.keep(8, bytes, out)
    }

    /// A curve, sampled or parametric (sections 10.6 and 10.18). Returns its length in bytes.
    fn curve(self, out: &mut Ranges) -> Option<usize> {
        const PARAMETERS: [usize; 5] = [1, 3, 4, 5, 7];
        self.keep(0, 4, out)?;
        match &self.kind()? {
            b"curv" => {
                let bytes = self.long(8)?.checked_mul(2)?;
                self.keep(8, 4, out)?;
                self.keep(12, bytes, out)?;
                Some(12 + bytes)
            }
            b"para" => {
                let bytes = 4 * PARAMETERS.get(self.short(8)?)?;
                self.keep(8, 2, out)?;
                self.keep(12, bytes, out)?;
                Some(12 + bytes)
            }
            _ => None,
        }
    }

    /// `count` curves in a row, each padded to four bytes.
    fn curves(self, at: usize, count: usize, out: &mut Ranges) -> Option<()> {
        let mut at = at;
        for _ in 0..count {
            let bytes = self.part(at..self.data.len())?.curve(out)?;
            at = at.checked_add(bytes)?.checked_next_multiple_of(4)?;
        }
        Some(())
    }

    /// A table for several channels.
    fn table(self, out: &mut Ranges) -> Option<()> {
        match &self.kind()? {
            b"mft1" => self.plain_table(48, 1, [256, 256], out),
            b"mft2" => self.plain_table(52, 2, [self.short(48)?, self.short(50)?], out),
            b"mAB " => self.curves_and_table(true, out),
            b"mBA " => self.curves_and_table(false, out),
            _ => None,
        }
    }

    /// `lut8Type` and `lut16Type` (sections 10.10 and 10.11): a matrix, input curves, a table, output curves, whose
    /// numbers have `width` bytes and begin at `at`.
    fn plain_table(
        self,
        at: usize,
        width: usize,
        [before, after]: [usize; 2],
        out: &mut Ranges,
    ) -> Option<()> {
        let (inputs, outputs, points) = (self.byte(8)?, self.byte(9)?, self.byte(10)?);
        let numbers = grid(std::iter::repeat_n(points, inputs))?
            .checked_mul(outputs)?
            .checked_add(before * inputs + after * outputs)?;
        self.keep(0, 4, out)?;
        self.keep(8, 3, out)?;
        self.keep(12, at - 12, out)?;
        self.keep(at, numbers.checked_mul(width)?, out)
    }

    /// `lutAToBType` and `lutBToAType` (sections 10.12 and 10.13): curves, a matrix, curves, a table, curves. Each is
    /// present if its offset is not zero.
    fn curves_and_table(self, is_to_connection_space: bool, out: &mut Ranges) -> Option<()> {
        const MATRIX_BYTES: usize = 12 * 4;
        let (inputs, outputs) = (self.byte(8)?, self.byte(9)?);
        let (device, connection) = if is_to_connection_space { (inputs, outputs) } else { (outputs, inputs) };
        self.keep(0, 4, out)?;
        self.keep(8, 2, out)?;
        self.keep(12, 5 * 4, out)?;
        let [b, matrix, m, table, a] = [12, 16, 20, 24, 28].map(|at| self.long(at));
        for (at, count) in [(b?, connection), (m?, connection), (a?, device)] {
            if at != 0 {
                self.curves(at, count, out)?;
            }
        }
        if matrix? != 0 {
            self.keep(matrix?, MATRIX_BYTES, out)?;
        }
        if table? != 0 {
            let part = self.part(table?..self.data.len())?;
            let width = part.byte(16).filter(|width| [1, 2].contains(width))?;
            let numbers = part.grid_points(0, inputs, out)?.checked_mul(outputs)?;
            part.keep(16, 1, out)?;
            part.keep(20, numbers.checked_mul(width)?, out)?;
        }
        Some(())
    }

    /// The number of points of a table whose sides are the `channels` bytes at `at`, which are kept.
    pub(super) fn grid_points(self, at: usize, channels: usize, out: &mut Ranges) -> Option<usize> {
        const MAX_CHANNELS: usize = 16;
        (channels <= MAX_CHANNELS).then_some(())?;
        self.keep(at, channels, out)?;
        grid((0..channels).map_while(|i| self.byte(at + i)))
    }
}

/// The product of the sides of a table.
fn grid(mut sides: impl Iterator<Item = usize>) -> Option<usize> {
    sides.try_fold(1_usize, usize::checked_mul)
}
