//! The layout of the samples of a directory: strips or tiles, their number, and their size if they are not
//! compressed (TIFF 6.0 sections 8 and 15).

use super::{Entry, Ifd, TiffReader, tags};

/// The fields of a directory on which the lengths of others depend.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleLayout {
    width: u64,
    height: u64,
    pub(super) samples: u64,
    /// Bits of the first sample, and of all samples of a pixel.
    pub(super) bits: u64,
    pixel_bits: u64,
    rows_per_strip: u64,
    tile: Option<[u64; 2]>,
    is_planar: bool,
    /// The horizontal and vertical subsampling of chroma.
    subsampling: Option<[u64; 2]>,
    is_uncompressed: bool,
}

impl SampleLayout {
    /// Reads the fields; `None` if the directory states no size.
    pub(super) fn read(ifd: &Ifd, reader: &TiffReader) -> Option<Self> {
        const PLANAR: u64 = 2;
        const UNCOMPRESSED: u64 = 1;
        const YCBCR: u64 = 6;
        // More samples, or more bits, are in no file that decoders read.
        const MAX_SAMPLES: u64 = 1 << 16;
        const MAX_BITS: u64 = 64;
        let entry = |tag| ifd.entries.iter().find(|entry: &&Entry| entry.tag == tag);
        let values = |tag| entry(tag).into_iter().flat_map(|entry| reader.uints(entry));
        let value = |tag, default| values(tag).next().unwrap_or(default);
        let [width, height] = [value(tags::WIDTH, 0), value(tags::HEIGHT, 0)];
        // A file that does not state the number of samples may state the bits of each.
        let samples = value(tags::SAMPLES_PER_PIXEL, values(tags::BITS_PER_SAMPLE).count() as u64);
        let samples = samples.clamp(1, MAX_SAMPLES);
        let bits = value(tags::BITS_PER_SAMPLE, 1).min(MAX_BITS);
        let tile = [value(tags::TILE_WIDTH, 0), value(tags::TILE_HEIGHT, 0)];
        let is_subsampled = value(tags::PHOTOMETRIC, 0) == YCBCR;
        let mut subsampling = values(tags::SUBSAMPLING);
        let mut factor = || subsampling.next().unwrap_or(2).clamp(1, 4);
        // Decoders take the bits of the first sample for those that are not stated.
        let pixel_bits = (0..samples).zip(values(tags::BITS_PER_SAMPLE).map(|bits| bits.min(MAX_BITS)));
        let (stated, sum) = pixel_bits.fold((0, 0), |(count, sum), (_, bits)| (count + 1, sum + bits));
        (0 < width && 0 < height).then_some(Self {
            width,
            height,
            samples,
            bits,
            pixel_bits: sum + (samples - stated) * bits,
            rows_per_strip: value(tags::ROWS_PER_STRIP, height).clamp(1, height.max(1)),
            tile: tile.iter().all(|side| 0 < *side).then_some(tile),
            is_planar: value(tags::PLANAR_CONFIGURATION, 1) == PLANAR,
            subsampling: is_subsampled.then(|| [factor(), factor()]),
            is_uncompressed: value(tags::COMPRESSION, UNCOMPRESSED) == UNCOMPRESSED,
        })
    }

    /// The most strips, or tiles, of the directory. Some writers list tiles in the fields of strips.
    pub(super) fn pieces(&self) -> u64 {
        let strips = self.height.div_ceil(self.rows_per_strip);
        let tiles =
            self.tile.map_or(0, |[w, h]| self.width.div_ceil(w).saturating_mul(self.height.div_ceil(h)));
        strips.max(tiles).saturating_mul(if self.is_planar { self.samples } else { 1 })
    }

    /// The bytes of strip or tile `i`; `None` if it is compressed, or a strip in a file of tiles.
    ///
    /// Where decoders disagree, whether subsampled chroma is stored in units (TIFF 6.0 section 21), the most of them.
    pub(super) fn bytes(&self, is_tile: bool, i: u64) -> Option<u64> {
        let (columns, rows) = match self.tile {
            _ if !self.is_uncompressed => return None,
            Some([w, h]) if is_tile => (w, h),
            None if !is_tile => {
                let strips = self.height.div_ceil(self.rows_per_strip);
                let before = (i % strips).checked_mul(self.rows_per_strip)?;
                (self.width, self.rows_per_strip.min(self.height - before))
            }
            _ => return None,
        };
        let bits = if self.is_planar { self.bits } else { self.pixel_bits };
        let plain = columns.checked_mul(bits)?.div_ceil(8).checked_mul(rows)?;
        let Some([h, v]) = self.subsampling.filter(|_| !self.is_planar) else { return Some(plain) };
        let units = columns.div_ceil(h).checked_mul(rows.div_ceil(v))?;
        let subsampled = units.checked_mul(h * v + 2)?.checked_mul(self.bits)?.div_ceil(8);
        Some(plain.max(subsampled))
    }
}
