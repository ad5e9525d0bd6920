//! Conversion of rows and columns to lines of floats and back.

use super::filter::{Filter, LANES, Lanes};
use safelight_core::{Result, Size, Stop};

/// The value from which on the lowest bit of a float is worth 1. Adding it rounds a number and leaves the integer
/// in the low bits; unlike a cast, that is done for several samples at once.
const INTEGER: f32 = (1 << (f32::MANTISSA_DIGITS - 1)) as f32;

/// A sample of a plane.
pub(crate) trait Sample: Copy {
    fn widen(self) -> f32;

    /// Rounds to the nearest value and clamps.
    fn narrow(value: f32) -> Self;
}

impl Sample for u8 {
    fn widen(self) -> f32 {
        self.into()
    }

    fn narrow(value: f32) -> Self {
        (value.clamp(0.0, Self::MAX.into()) + INTEGER).to_bits() as Self
    }
}

impl Sample for u16 {
    fn widen(self) -> f32 {
        self.into()
    }

    fn narrow(value: f32) -> Self {
        (value.clamp(0.0, Self::MAX.into()) + INTEGER).to_bits() as Self
    }
}

/// Filters `samples`, of shape `[size.h, size.w, channels]`, along both axes in place.
pub(crate) fn filter<T: Sample>(
    samples: &mut [T],
    size: Size,
    channels: u8,
    has_alpha: bool,
    filter: &Filter,
    stop: &Stop,
) -> Result<()> {
    match (channels, has_alpha) {
        (1, _) => Axes::<1, false>::new(size, filter).run(samples, stop),
        (2, false) => Axes::<2, false>::new(size, filter).run(samples, stop),
        (2, true) => Axes::<2, true>::new(size, filter).run(samples, stop),
        (3, _) => Axes::<3, false>::new(size, filter).run(samples, stop),
        (4, false) => Axes::<4, false>::new(size, filter).run(samples, stop),
        (4, true) => Axes::<4, true>::new(size, filter).run(samples, stop),
        (channels, _) => unreachable!("no model has {channels} channels in a plane"),
    }
}

/// A filter with its scratch lines, for planes of `C` channels, the last of which is alpha if `ALPHA`.
struct Axes<'a, const C: usize, const ALPHA: bool> {
    filter: &'a Filter,
    size: Size,
    input: Vec<Lanes>,
    output: Vec<Lanes>,
}

impl<'a, const C: usize, const ALPHA: bool> Axes<'a, C, ALPHA> {
    fn new(size: Size, filter: &'a Filter) -> Self {
        let longest = vec![[0.0; LANES]; size.w.max(size.h) as usize];
        Self { filter, size, input: longest.clone(), output: longest }
    }

    fn run<T: Sample>(&mut self, samples: &mut [T], stop: &Stop) -> Result<()> {
        let stride = self.size.w as usize * C;
        if stride == 0 {
            return Ok(());
        }
        // Each channel of a row takes a lane.
        for rows in samples.chunks_mut(stride * (LANES / C)) {
            stop.check()?;
            self.rows(rows, stride);
        }
        for first in (0..stride).step_by(LANES) {
            stop.check()?;
            self.columns(samples, stride, first..stride.min(first + LANES));
        }
        Ok(())
    }

    fn rows<T: Sample>(&mut self, samples: &mut [T], stride: usize) {
        for (row, lane) in samples.chunks_exact(stride).zip((0..).step_by(C)) {
            for (lanes, pixel) in self.input.iter_mut().zip(row.as_chunks::<C>().0) {
                lanes[lane..lane + C].copy_from_slice(&pixel.map(T::widen));
            }
        }
        self.line(self.size.w as usize);
        for (row, lane) in samples.chunks_exact_mut(stride).zip((0..).step_by(C)) {
            for (lanes, pixel) in self.output.iter().zip(row.as_chunks_mut::<C>().0) {
                let values = &lanes[lane..lane + C];
                *pixel = std::array::from_fn(|channel| T::narrow(values[channel]));
            }
        }
    }

    fn columns<T: Sample>(&mut self, samples: &mut [T], stride: usize, part: std::ops::Range<usize>) {
        for (row, lanes) in samples.chunks_exact(stride).zip(&mut self.input) {
            for (value, sample) in lanes.iter_mut().zip(&row[part.clone()]) {
                *value = sample.widen();
            }
        }
        self.line(self.size.h as usize);
        for (row, lanes) in samples.chunks_exact_mut(stride).zip(&self.output) {
            for (value, sample) in lanes.iter().zip(&mut row[part.clone()]) {
                *sample = T::narrow(*value);
            }
        }
    }

    fn line(&mut self, length: usize) {
        let (input, output) = (&mut self.input[..length], &mut self.output[..length]);
        if ALPHA {
            input.iter_mut().for_each(premultiply::<C>);
        }
        self.filter.run(input, output);
        if ALPHA {
            output.iter_mut().for_each(unpremultiply::<C>);
        }
    }
}

/// Multiplies colours with their alpha.
fn premultiply<const C: usize>(lanes: &mut Lanes) {
    for pixel in lanes.as_chunks_mut::<C>().0 {
        let alpha = pixel[C - 1];
        pixel[..C - 1].iter_mut().for_each(|colour| *colour *= alpha);
    }
}

/// Divides colours by their alpha; where the stored alpha will be 0, so are the colours.
fn unpremultiply<const C: usize>(lanes: &mut Lanes) {
    for pixel in lanes.as_chunks_mut::<C>().0 {
        let alpha = pixel[C - 1];
        let weight = if alpha < 0.5 { 0.0 } else { 1.0 / alpha };
        pixel[..C - 1].iter_mut().for_each(|colour| *colour *= weight);
    }
}
