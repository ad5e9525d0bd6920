//! From the samples of strips and tiles to the samples of a frame.

use super::colours::{Alpha, Colours};
use super::depth::join_bytes;
use super::layout::{Layout, Predictor};
use safelight_core::{Samples, Size};
use std::ops::Range;

/// The samples of a frame while pieces are placed in it, shape `[h, w, channels]`. CMYK stays CMYK.
pub(super) struct Pixels<'a> {
    layout: &'a Layout,
    samples: Samples,
    rows: Rows,
    scale: Scale,
}

/// Buffers for the samples of a row of a piece.
struct Rows {
    levels: Vec<u16>,
    /// Stored numbers of more than 16 bits.
    long: Vec<u64>,
    /// The bytes of samples, joined.
    joined: Vec<u8>,
}

/// The most bytes that [`Rows`] takes for a sample of a piece's row: a level, and a long number with its bytes.
pub(super) const ROW_SAMPLE_BYTES: u64 = 2 + 8 + 8;

impl<'a> Pixels<'a> {
    /// The caller has checked the size against the limits.
    pub(super) fn new(layout: &'a Layout) -> Self {
        let count = layout.size.pixels() as usize * layout.channels();
        let samples =
            if layout.is_wide() { Samples::U16(vec![0; count]) } else { Samples::U8(vec![0; count]) };
        let bytes = layout.row_bytes(0) as usize;
        let count = bytes * 8 / usize::from(layout.depth.bits);
        let rows = Rows {
            levels: vec![0; count],
            long: vec![0; if layout.depth.is_long() { count } else { 0 }],
            joined: vec![0; if layout.predictor == Predictor::Bytes { bytes } else { 0 }],
        };
        Self { layout, samples, rows, scale: Scale::new(layout) }
    }

    /// Places the decoded piece `raw`, whose first column and row are at `x`, `y`, and which has the sample `plane` if
    /// the samples of a pixel are apart.
    pub(super) fn place(&mut self, raw: &mut [u8], (x, y): (u32, u32), plane: u16) {
        let Self { layout, samples, rows, scale } = self;
        let layout = *layout;
        let visible = Size::new(layout.piece.w.min(layout.size.w - x), layout.piece.h.min(layout.size.h - y));
        let row_length = layout.size.w as usize * layout.channels();
        let columns = x as usize * layout.channels()..(x + visible.w) as usize * layout.channels();
        // Rows of the image for each row of samples.
        let height = (layout.step(plane).1 * layout.block().1) as usize;
        let packed = raw.chunks_exact_mut(layout.row_bytes(plane) as usize);
        let targets = y as usize * row_length..(y + visible.h) as usize * row_length;
        let target = Target { layout, scale, plane, columns };
        match samples {
            Samples::U8(samples) if layout.is_plain() => {
                for (packed, out) in packed.zip(samples[targets].chunks_mut(row_length)) {
                    let placed = &mut out[target.columns.clone()];
                    placed.copy_from_slice(&packed[..placed.len()]);
                    if layout.predictor == Predictor::Horizontal {
                        add_left(placed, layout.piece_samples());
                    }
                }
            }
            Samples::U8(samples) => {
                for (packed, out) in packed.zip(samples[targets].chunks_mut(row_length * height)) {
                    target.put(rows.levels(layout, packed), out, |level| level as u8);
                }
            }
            Samples::U16(samples) => {
                for (packed, out) in packed.zip(samples[targets].chunks_mut(row_length * height)) {
                    target.put(rows.levels(layout, packed), out, |level| level);
                }
            }
        }
    }

    /// The samples, with straight alpha; luma and chroma, and L\*a\*b\*, are RGB.
    pub(super) fn into_samples(mut self) -> Samples {
        let channels = self.layout.channels();
        match (&self.layout.colours, &mut self.samples) {
            (Colours::YCbCr(ycbcr), Samples::U8(samples)) => ycbcr.to_rgb(samples, channels),
            (Colours::Lab(lab), samples) => lab.to_rgb(samples, channels),
            _ => (),
        }
        if let Some(Alpha { is_associated: true, .. }) = self.layout.alpha {
            match &mut self.samples {
                Samples::U8(samples) => straighten(samples, channels, u8::MAX.into(), |value| value as u8),
                Samples::U16(samples) => {
                    straighten(samples, channels, u16::MAX.into(), |value| value as u16);
                }
            }
        }
        self.samples
    }
}

impl Rows {
    /// The levels of the samples of a row, whose predictions are reversed.
    fn levels(&mut self, layout: &Layout, packed: &mut [u8]) -> &[u16] {
        let Self { levels, long, joined } = self;
        let (depth, step, mut order) = (layout.depth, layout.piece_samples(), layout.order);
        let packed = if layout.predictor == Predictor::Bytes {
            join_bytes(packed, step, depth.bits, joined);
            order.is_little_endian = false;
            joined
        } else {
            packed
        };
        let is_predicted = layout.predictor == Predictor::Horizontal;
        if depth.is_long() {
            depth.unpack(packed, order, long);
            if is_predicted {
                depth.add_left(long, step);
            }
            levels.iter_mut().zip(&*long).for_each(|(level, number)| *level = depth.level(*number));
        } else {
            depth.unpack(packed, order, levels);
            if is_predicted {
                depth.add_left(levels, step);
            }
            if !depth.is_unsigned() {
                for level in &mut *levels {
                    *level = depth.level((*level).into());
                }
            }
        }
        levels
    }
}

/// The part of the rows of a frame that is in a piece.
struct Target<'a> {
    layout: &'a Layout,
    scale: &'a Scale,
    plane: u16,
    /// The samples of a row.
    columns: Range<usize>,
}

impl Target<'_> {
    /// Writes a row of `levels` to `rows` of the frame: one, or all those that share chroma.
    fn put<T: Copy>(&self, levels: &[u16], rows: &mut [T], put: impl Fn(u16) -> T) {
        let Self { layout, plane, columns, .. } = self;
        let channels = layout.channels();
        let row_length = layout.size.w as usize * channels;
        let (step, block) = (layout.step(*plane), layout.block());
        let rows = rows.chunks_mut(row_length).map(|row| row[columns.clone()].chunks_exact_mut(channels));
        if block != (1, 1) {
            let (w, h) = (block.0 as usize, block.1 as usize);
            for (y, row) in rows.enumerate() {
                let blocks = levels.chunks_exact(w * h + 2).flat_map(|block| {
                    let luma = &block[y * w..][..w];
                    luma.iter().map(|luma| [*luma, block[w * h], block[w * h + 1]])
                });
                for (pixel, levels) in row.zip(blocks) {
                    pixel.iter_mut().zip(levels).for_each(|(out, level)| *out = put(level));
                }
            }
        } else if step != (1, 1) {
            for row in rows {
                let levels = levels.iter().flat_map(|level| std::iter::repeat_n(*level, step.0 as usize));
                row.zip(levels).for_each(|(pixel, level)| pixel[usize::from(*plane)] = put(level));
            }
        } else {
            for row in rows {
                self.put_row(levels, row, &put);
            }
        }
    }

    /// Writes a row of pixels: one plane of each, or all samples.
    fn put_row<'r, T: Copy + 'r>(
        &self,
        levels: &[u16],
        row: impl Iterator<Item = &'r mut [T]>,
        put: impl Fn(u16) -> T,
    ) {
        let Self { layout, scale, plane, .. } = self;
        let colours = layout.channels() - usize::from(layout.alpha.is_some());
        let alpha = layout.alpha.map(|alpha| alpha.sample);
        for (pixel, out) in levels.chunks_exact(layout.piece_samples()).zip(row) {
            for (sample, value) in (*plane..).zip(pixel) {
                if Some(sample) == alpha {
                    out[colours] = put(scale.opacity(*value));
                } else if let Colours::Palette(table) = &layout.colours {
                    if sample == 0 {
                        let entries = table.len() / 3;
                        for (channel, out) in out[..3].iter_mut().enumerate() {
                            *out = put(table[channel * entries + usize::from(*value)].into());
                        }
                    }
                } else if usize::from(sample) < colours {
                    out[usize::from(sample)] = put(scale.colour(*value));
                }
            }
        }
    }
}

/// Adds to each sample the same sample of the pixel to the left (TIFF 6.0, section 14).
fn add_left(row: &mut [u8], step: usize) {
    for at in step..row.len() {
        row[at] = row[at].wrapping_add(row[at - step]);
    }
}

/// Divides colours by their opacity. Rounded down, as libvips and Pillow do; colours that are larger than their opacity
/// are clamped, and those of transparent pixels are 0.
fn straighten<T: Copy + Into<u32>>(samples: &mut [T], channels: usize, max: u32, put: impl Fn(u32) -> T) {
    for pixel in samples.chunks_exact_mut(channels) {
        let Some((alpha, colours)) = pixel.split_last_mut() else { continue };
        let alpha: u32 = (*alpha).into();
        for colour in colours {
            let value: u32 = (*colour).into();
            *colour = put((value * max).checked_div(alpha).unwrap_or(0).min(max));
        }
    }
}

/// The scaling of levels to the range of the frame.
struct Scale {
    /// The largest level in the file, and in the frame.
    from: u32,
    to: u32,
    is_inverted: bool,
}

impl Scale {
    fn new(layout: &Layout) -> Self {
        let to = if layout.is_wide() { u16::MAX.into() } else { u8::MAX.into() };
        let is_inverted = layout.colours == Colours::Grey { is_inverted: true };
        Self { from: layout.depth.max().into(), to, is_inverted }
    }

    fn opacity(&self, value: u16) -> u16 {
        if self.from == self.to {
            return value;
        }
        ((u32::from(value) * self.to + self.from / 2) / self.from) as u16
    }

    fn colour(&self, value: u16) -> u16 {
        let value = if self.is_inverted { (self.from as u16).wrapping_sub(value) } else { value };
        self.opacity(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn associated_alpha_becomes_straight() {
        let mut samples = [37_u8, 27, 8, 120, 7, 43, 2, 60, 9, 9, 9, 0, 200, 0, 0, 100];
        straighten(&mut samples, 4, 255, |value| value as u8);
        assert_eq!(samples, [78, 57, 17, 120, 29, 182, 8, 60, 0, 0, 0, 0, 255, 0, 0, 100]);
        let mut samples = [30_000_u16, 40_000];
        straighten(&mut samples, 2, 65_535, |value| value as u16);
        assert_eq!(samples, [49_151, 40_000]);
    }
}
