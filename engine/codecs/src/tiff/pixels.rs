//! From the samples of strips and tiles to the samples of a frame.

use super::layout::{Alpha, Colours, Layout};
use safelight_core::{Samples, Size};

/// The samples of a frame while pieces are placed in it, shape `[h, w, channels]`. CMYK stays CMYK.
pub(super) struct Pixels<'a> {
    layout: &'a Layout,
    samples: Samples,
    /// The samples of a row of a piece.
    row: Vec<u16>,
    scale: Scale,
}

impl<'a> Pixels<'a> {
    /// The caller has checked the size against the limits.
    pub(super) fn new(layout: &'a Layout) -> Self {
        let count = layout.size.pixels() as usize * layout.channels();
        let samples =
            if layout.is_wide() { Samples::U16(vec![0; count]) } else { Samples::U8(vec![0; count]) };
        let row = vec![0; layout.piece.w as usize * layout.piece_samples()];
        Self { layout, samples, row, scale: Scale::new(layout) }
    }

    /// Places the decoded piece `raw`, whose first column and row are at `x`, `y`, and which has the sample `plane` if
    /// the samples of a pixel are apart.
    pub(super) fn place(&mut self, raw: &[u8], (x, y): (u32, u32), plane: u16) {
        let Self { layout, samples, row, scale } = self;
        let channels = layout.channels();
        let visible = Size::new(layout.piece.w.min(layout.size.w - x), layout.piece.h.min(layout.size.h - y));
        let rows = raw.chunks_exact(layout.row_bytes() as usize).take(visible.h as usize);
        let step = layout.piece_samples();
        for (y, packed) in (y as usize..).zip(rows) {
            let start = (y * layout.size.w as usize + x as usize) * channels;
            let range = start..start + visible.w as usize * channels;
            if let (true, Samples::U8(samples)) = (layout.is_plain(), &mut *samples) {
                let placed = &mut samples[range];
                placed.copy_from_slice(&packed[..placed.len()]);
                if layout.is_predicted {
                    add_left(placed, step, u8::wrapping_add);
                }
                continue;
            }
            unpack(packed, layout.bits, layout.order.is_little_endian, row);
            if layout.is_predicted {
                let mask = u16::MAX >> (16 - layout.bits);
                add_left(row, step, |sample, left| sample.wrapping_add(left) & mask);
            }
            let pixels = row.chunks_exact(step);
            match samples {
                Samples::U8(samples) => {
                    let put = |value: u16| value as u8;
                    put_row(layout, scale, plane, pixels, &mut samples[range], put);
                }
                Samples::U16(samples) => {
                    put_row(layout, scale, plane, pixels, &mut samples[range], |value| value);
                }
            }
        }
    }

    /// The samples, with straight alpha.
    pub(super) fn into_samples(mut self) -> Samples {
        if let Some(Alpha { is_associated: true, .. }) = self.layout.alpha {
            let channels = self.layout.channels();
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

/// Writes a row of pixels: `plane` of each, or all samples.
fn put_row<'r, T: Copy>(
    layout: &Layout,
    scale: &Scale,
    plane: u16,
    pixels: impl Iterator<Item = &'r [u16]>,
    out: &mut [T],
    put: impl Fn(u16) -> T,
) {
    let channels = layout.channels();
    let colours = channels - usize::from(layout.alpha.is_some());
    let alpha = layout.alpha.map(|alpha| alpha.sample);
    for (pixel, out) in pixels.zip(out.chunks_exact_mut(channels)) {
        for (sample, value) in (plane..).zip(pixel) {
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

/// Reads samples of `bits` each, of which a row starts at a whole byte. Samples of 16 bits have the byte order of the
/// file, others the highest bit first.
fn unpack(packed: &[u8], bits: u8, is_little_endian: bool, row: &mut [u16]) {
    match bits {
        8 => row.iter_mut().zip(packed).for_each(|(value, byte)| *value = (*byte).into()),
        16 => {
            let read = if is_little_endian { u16::from_le_bytes } else { u16::from_be_bytes };
            row.iter_mut().zip(packed.as_chunks().0).for_each(|(value, bytes)| *value = read(*bytes));
        }
        _ => {
            let (mut held, mut count) = (0_u32, 0);
            let mut bytes = packed.iter();
            for value in row {
                while count < bits {
                    held = held << 8 | bytes.next().copied().map_or(0, u32::from);
                    count += 8;
                }
                count -= bits;
                *value = (held >> count & ((1 << bits) - 1)) as u16;
            }
        }
    }
}

/// Adds to each sample the same sample of the pixel to the left (TIFF 6.0, section 14).
fn add_left<T: Copy>(row: &mut [T], step: usize, add: impl Fn(T, T) -> T) {
    for at in step..row.len() {
        row[at] = add(row[at], row[at - step]);
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

/// The scaling of samples to the range of the frame.
struct Scale {
    /// The largest value of a sample in the file, and in the frame.
    from: u32,
    to: u32,
    is_inverted: bool,
}

impl Scale {
    fn new(layout: &Layout) -> Self {
        let to = if layout.is_wide() { u16::MAX.into() } else { u8::MAX.into() };
        let is_inverted = layout.colours == Colours::Grey { is_inverted: true };
        Self { from: (1 << layout.bits) - 1, to, is_inverted }
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
    fn samples_of_any_depth_are_unpacked() {
        let check = |bits, is_little_endian, packed: &[u8], expected: &[u16]| {
            let mut row = vec![0; expected.len()];
            unpack(packed, bits, is_little_endian, &mut row);
            assert_eq!(row, expected, "{bits} bits");
        };
        check(1, true, &[0b1010_0000, 0b1000_0000], &[1, 0, 1, 0, 0, 0, 0, 0, 1]);
        check(2, true, &[0b1101_1000], &[3, 1, 2, 0]);
        check(4, false, &[0x1F, 0xA0], &[1, 15, 10]);
        check(8, false, &[1, 255], &[1, 255]);
        check(12, true, &[0x12, 0x3A, 0xBC], &[0x123, 0xABC]);
        check(16, true, &[1, 2], &[0x0201]);
        check(16, false, &[1, 2], &[0x0102]);
    }

    #[test]
    fn differences_are_added_up() {
        let mut row = [250, 1, 10, 2, 0xFF, 0xFE];
        add_left(&mut row, 2, u8::wrapping_add);
        assert_eq!(row, [250, 1, 4, 3, 3, 1]);
    }

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
