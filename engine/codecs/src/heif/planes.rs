//! Planes of decoded samples, shrunk by a power of two.

use safelight_core::{Samples, Size};

/// The depth and the resolutions of the planes of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bits of a sample: 8 to 16.
    pub(super) bits: u8,
    /// Pixels, columns and rows, for each sample of chroma; `None` for grey.
    pub(super) chroma: Option<(u32, u32)>,
}

/// A plane of values from 0 to `2^bits - 1`: bytes if that is 8 bits, else words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plane {
    pub(super) size: Size,
    pub(super) samples: Samples,
}

/// Luma, and in images that are not grey two planes of chroma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    pub(super) layout: Layout,
    pub(super) planes: Vec<Plane>,
}

impl Layout {
    /// Returns the sizes of the planes of an image of `size`, each side divided by `shrink`.
    pub(super) fn sizes(self, size: Size, shrink: u32) -> impl Iterator<Item = Size> {
        let luma = Size::new(size.w.div_ceil(shrink), size.h.div_ceil(shrink));
        let chroma = self.chroma.map(|(across, down)| {
            Size::new(size.w.div_ceil(across).div_ceil(shrink), size.h.div_ceil(down).div_ceil(shrink))
        });
        [Some(luma), chroma, chroma].into_iter().flatten()
    }

    /// Returns the bytes of the planes of an image of `size`.
    pub(super) fn bytes(self, size: Size, shrink: u32) -> u64 {
        self.sizes(size, shrink).map(Size::pixels).sum::<u64>() * self.sample_bytes()
    }

    /// Returns the bytes of a sample.
    pub(super) const fn sample_bytes(self) -> u64 {
        if self.bits == 8 { 1 } else { 2 }
    }

    /// Returns the most by which a tile of `size` can be shrunk, so that its planes are whole blocks.
    pub(super) fn most_shrink(self, size: Size) -> u32 {
        let (across, down) = self.chroma.unwrap_or((1, 1));
        let is_whole =
            |shrink: &u32| size.w.is_multiple_of(across * shrink) && size.h.is_multiple_of(down * shrink);
        SHRINKS.into_iter().rev().find(is_whole).unwrap_or(1)
    }
}

/// The divisors of sides.
pub(super) const SHRINKS: [u32; 4] = [1, 2, 4, 8];

impl Planes {
    /// Returns planes of zeros for an image of `size`.
    pub(super) fn blank(layout: Layout, size: Size, shrink: u32) -> Self {
        let blank = |size: Size| {
            let count = size.pixels() as usize;
            let samples =
                if layout.bits == 8 { Samples::U8(vec![0; count]) } else { Samples::U16(vec![0; count]) };
            Plane { size, samples }
        };
        Self { layout, planes: layout.sizes(size, shrink).map(blank).collect() }
    }

    /// Copies `tile`, as far as it is inside, so that its sample `(0, 0)` is at `column * tile width` and
    /// `row * tile height`.
    pub(super) fn paste(&mut self, tile: &Self, column: u32, row: u32) {
        for (plane, tile) in self.planes.iter_mut().zip(&tile.planes) {
            let (x, y) = (tile.size.w.saturating_mul(column), tile.size.h.saturating_mul(row));
            match (&mut plane.samples, &tile.samples) {
                (Samples::U8(to), Samples::U8(from)) => paste(to, plane.size, from, tile.size, (x, y)),
                (Samples::U16(to), Samples::U16(from)) => paste(to, plane.size, from, tile.size, (x, y)),
                _ => (),
            }
        }
    }
}

fn paste<T: Copy>(to: &mut [T], to_size: Size, from: &[T], from_size: Size, (x, y): (u32, u32)) {
    let columns = to_size.w.saturating_sub(x).min(from_size.w) as usize;
    if columns == 0 {
        return;
    }
    let rows = to.chunks_exact_mut(to_size.w as usize).skip(y as usize);
    for (to, from) in rows.zip(from.chunks_exact(from_size.w as usize)) {
        to[x as usize..][..columns].copy_from_slice(&from[..columns]);
    }
}

/// Averages blocks of `shrink` by `shrink` of a plane of `size` whose rows `row` returns; blocks at the edges are smaller.
pub(super) fn shrink<'a, T: Sample + 'a>(
    size: Size,
    shrink: u32,
    bits: u8,
    row: impl Fn(usize) -> &'a [T],
) -> Plane {
    if bits == 8 {
        let (size, samples) = averages(size, shrink, row, |average| average as u8);
        Plane { size, samples: Samples::U8(samples) }
    } else {
        let (size, samples) = averages(size, shrink, row, |average| average as u16);
        Plane { size, samples: Samples::U16(samples) }
    }
}

/// A sample as a decoder returns it.
pub(super) trait Sample: Copy {
    /// Returns the value.
    fn value(self) -> u32;
}

impl Sample for u8 {
    fn value(self) -> u32 {
        self.into()
    }
}

impl Sample for u16 {
    fn value(self) -> u32 {
        self.into()
    }
}

/// Two bytes in the order of the machine.
impl Sample for [u8; 2] {
    fn value(self) -> u32 {
        u16::from_ne_bytes(self).into()
    }
}

fn averages<'a, T: Sample + 'a, U>(
    size: Size,
    shrink: u32,
    row: impl Fn(usize) -> &'a [T],
    narrow: impl Fn(u32) -> U,
) -> (Size, Vec<U>) {
    let blocks = Size::new(size.w.div_ceil(shrink), size.h.div_ceil(shrink));
    let mut out = Vec::with_capacity(blocks.pixels() as usize);
    let (w, h, n) = (size.w as usize, size.h as usize, shrink as usize);
    if n == 1 {
        for y in 0..h {
            out.extend(row(y)[..w].iter().map(|sample| narrow(sample.value())));
        }
        return (blocks, out);
    }
    let mut sums = vec![0; w];
    for y in (0..h).step_by(n) {
        let rows = n.min(h - y);
        sums.fill(0);
        for y in y..y + rows {
            for (sum, sample) in sums.iter_mut().zip(&row(y)[..w]) {
                *sum += sample.value();
            }
        }
        let whole = (rows * n) as u32;
        let (full, rest) = sums.split_at(w - w % n);
        if whole.is_power_of_two() {
            let shift = whole.trailing_zeros();
            out.extend(
                full.chunks_exact(n).map(|sums| narrow((sums.iter().sum::<u32>() + whole / 2) >> shift)),
            );
        } else {
            out.extend(
                full.chunks_exact(n).map(|sums| narrow((sums.iter().sum::<u32>() + whole / 2) / whole)),
            );
        }
        if !rest.is_empty() {
            let count = (rows * rest.len()) as u32;
            out.push(narrow((rest.iter().sum::<u32>() + count / 2) / count));
        }
    }
    (blocks, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_averaged() {
        let rows: [&[u16]; 3] = [&[1, 2, 3, 4, 9], &[5, 6, 7, 9, 9], &[0, 1, 2, 2, 50]];
        let check = |divisor, bits, expected| {
            let plane = shrink(Size::new(5, 3), divisor, bits, |y| rows[y]);
            assert_eq!(plane.samples, expected, "{divisor}");
        };
        check(2, 8, Samples::U8(vec![4, 6, 9, 1, 2, 50]));
        check(4, 10, Samples::U16(vec![4, 23]));
        check(8, 10, Samples::U16(vec![7]));
    }

    #[test]
    fn tiles_are_cut_at_the_edges() {
        let layout = Layout { bits: 8, chroma: Some((2, 2)) };
        let mut whole = Planes::blank(layout, Size::new(6, 3), 1);
        for (column, row, value) in [(0, 0, 1), (1, 0, 2), (0, 1, 3), (1, 1, 4), (2, 0, 5), (0, 9, 6)] {
            let mut tile = Planes::blank(layout, Size::new(4, 2), 1);
            for plane in &mut tile.planes {
                plane.samples = Samples::U8(vec![value; plane.samples.len()]);
            }
            whole.paste(&tile, column, row);
        }
        let samples: Vec<_> = whole.planes.iter().map(|plane| plane.samples.clone()).collect();
        let luma = vec![1, 1, 1, 1, 2, 2, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4];
        let chroma = vec![1, 1, 2, 3, 3, 4];
        assert_eq!(samples, [luma, chroma.clone(), chroma].map(Samples::U8));
    }

    #[test]
    fn tiles_are_shrunk_to_whole_blocks() {
        let check = |chroma, w, h, expected| {
            assert_eq!(Layout { bits: 8, chroma }.most_shrink(Size::new(w, h)), expected);
        };
        check(Some((2, 2)), 512, 512, 8);
        check(Some((2, 2)), 512, 508, 2);
        check(Some((2, 1)), 8, 12, 4);
        check(None, 12, 12, 4);
        check(Some((2, 2)), 7, 8, 1);
    }
}
