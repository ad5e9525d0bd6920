//! Means of rectangular cells.

use crate::sample::Sample;
use safelight_core::{Plane, Rect, Result, Samples, Size, Stop};

/// Replaces the samples of each cell by their mean, in place. Cells are of `cell` sample points and begin at the top left
/// corner of `part`; those at its right and bottom end with it. `part` is within the plane.
///
/// With `has_alpha` the other channels are weighted with the last one; where the mean alpha is 0, so are the colours.
///
/// # Errors
/// Those of [`Stop::check`]; the samples are then partly replaced.
pub fn mosaic(plane: &mut Plane, part: Rect, cell: Size, has_alpha: bool, stop: &Stop) -> Result<()> {
    let grid = Grid { width: plane.size.w as usize, channels: plane.channels.into(), part, cell, has_alpha };
    match &mut plane.samples {
        Samples::U8(samples) => grid.replace(samples, stop),
        Samples::U16(samples) => grid.replace(samples, stop),
    }
}

struct Grid {
    /// Sample points of a row of the plane.
    width: usize,
    channels: usize,
    part: Rect,
    cell: Size,
    has_alpha: bool,
}

/// The sums of a cell.
#[derive(Clone, Copy, Default)]
struct Sums {
    channels: [u64; 4],
    weight: u64,
}

impl Grid {
    fn replace<T: Sample>(&self, samples: &mut [T], stop: &Stop) -> Result<()> {
        let Rect { x, y, size } = self.part;
        let stride = self.width * self.channels;
        let (start, end) = (x as usize * self.channels, (x + size.w) as usize * self.channels);
        let cell_samples = self.cell.w as usize * self.channels;
        let mut rows: Vec<_> = samples.chunks_exact_mut(stride.max(1)).skip(y as usize).collect();
        rows.truncate(size.h as usize);
        let mut sums = vec![Sums::default(); size.w.div_ceil(self.cell.w) as usize];
        for rows in rows.chunks_mut(self.cell.h as usize) {
            stop.check()?;
            sums.fill(Sums::default());
            for row in rows.iter() {
                for (cell, sums) in row[start..end].chunks(cell_samples).zip(&mut sums) {
                    cell.chunks_exact(self.channels).for_each(|pixel| self.add(pixel, sums));
                }
            }
            let points = |index: usize| {
                let w = (size.w as usize - index * self.cell.w as usize).min(self.cell.w as usize);
                (w * rows.len()) as u64
            };
            let means: Vec<[T; 4]> =
                sums.iter().enumerate().map(|(i, sums)| self.mean(*sums, points(i))).collect();
            for row in rows {
                for (cell, mean) in row[start..end].chunks_mut(cell_samples).zip(&means) {
                    for pixel in cell.chunks_exact_mut(self.channels) {
                        pixel.copy_from_slice(&mean[..self.channels]);
                    }
                }
            }
        }
        Ok(())
    }

    fn add<T: Sample>(&self, pixel: &[T], sums: &mut Sums) {
        // Of the last channel, the sum of weights tells the mean.
        let (colours, weight) = match (self.has_alpha, pixel.split_last()) {
            (true, Some((alpha, colours))) => (colours, alpha.index() as u64),
            _ => (pixel, 1),
        };
        sums.weight += weight;
        for (sum, sample) in sums.channels.iter_mut().zip(colours) {
            *sum += weight * sample.index() as u64;
        }
    }

    /// Returns the means of a cell of so many points, rounded.
    fn mean<T: Sample>(&self, sums: Sums, points: u64) -> [T; 4] {
        let rounded =
            |sum: u64, count: u64| T::of((sum + count / 2).checked_div(count).unwrap_or(0) as usize);
        let mut mean = sums.channels.map(|sum| rounded(sum, sums.weight));
        if self.has_alpha {
            mean[self.channels - 1] = rounded(sums.weight, points);
        }
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(channels: u8, samples: &[u8], part: Rect, cell: Size, has_alpha: bool, expected: &[u8]) {
        let size = Size::new(4, (samples.len() / 4 / usize::from(channels)) as u32);
        let wide = |samples: &[u8]| samples.iter().map(|sample| u16::from(*sample) * 257).collect();
        for (samples, expected) in [
            (Samples::U8(samples.to_vec()), Samples::U8(expected.to_vec())),
            (Samples::U16(wide(samples)), Samples::U16(wide(expected))),
        ] {
            let mut plane = Plane { size, channels, samples, step: (1.0, 1.0) };
            mosaic(&mut plane, part, cell, has_alpha, &Stop::default()).unwrap();
            assert_eq!(plane.samples, expected);
        }
    }

    #[test]
    fn each_cell_gets_its_mean() {
        let whole = Rect { x: 0, y: 0, size: Size::new(4, 2) };
        let samples = [0, 2, 9, 1, 4, 6, 3, 7];
        check(1, &samples, whole, Size::new(2, 2), false, &[3, 3, 5, 5, 3, 3, 5, 5]);
        // The last cells are smaller.
        check(1, &samples, whole, Size::new(3, 9), false, &[4, 4, 4, 4, 4, 4, 4, 4]);
        let part = Rect { x: 1, y: 1, size: Size::new(2, 1) };
        check(1, &[0, 2, 9, 1, 4, 5, 3, 7], part, Size::new(2, 2), false, &[0, 2, 9, 1, 4, 4, 4, 7]);
    }

    #[test]
    fn colours_are_weighted_with_alpha() {
        let whole = Rect { x: 0, y: 0, size: Size::new(4, 1) };
        let samples = [200, 100, 80, 0, 40, 0, 60, 0];
        check(2, &samples, whole, Size::new(2, 1), true, &[200, 50, 200, 50, 0, 0, 0, 0]);
    }
}
