//! Buffers of samples, and the encoding that samples had in the source.

use crate::{Error, Kind, Result, Size};

/// Samples, row-major, channels interleaved, no padding between rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// 0 to 255.
    U8(Vec<u8>),
    /// 0 to 65 535.
    U16(Vec<u16>),
}

impl Samples {
    /// Returns the number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
        }
    }

    /// Returns whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The range and sign of samples in the source, where they do not use the full range of their type.
///
/// Decoders scale samples to the full range, so only steps on stored values need this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleEncoding {
    /// Bits of a sample, 1 to 16; at most as many as the frame's sample type has.
    pub bits: u8,
    /// Whether stored values start at `-2^(bits - 1)`. In a frame the lowest stored value is 0.
    pub is_signed: bool,
}

impl SampleEncoding {
    /// Returns the stored value for the frame's `sample`, whose maximum is `max`: 255 or 65 535.
    pub fn value(self, sample: u16, max: u16) -> i32 {
        let (sample, max) = (u32::from(sample), u32::from(max));
        i32::from(((sample * self.max() + max / 2) / max) as u16) - self.offset()
    }

    /// Returns the frame's sample, whose maximum is `max` (255 or 65 535), for the stored value that is
    /// `above_min` above the lowest one; larger values give `max`. [`SampleEncoding::value`] is the inverse.
    pub fn sample(self, above_min: u16, max: u16) -> u16 {
        let above_min = u32::from(above_min).min(self.max());
        ((above_min * u32::from(max) + self.max() / 2) / self.max()) as u16
    }

    /// Returns the difference between the largest and the lowest stored value.
    const fn max(self) -> u32 {
        (1 << self.bits) - 1
    }

    const fn offset(self) -> i32 {
        if self.is_signed { 1 << (self.bits - 1) } else { 0 }
    }
}

/// A buffer of one or more interleaved channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Size of the buffer in sample points.
    pub size: Size,
    /// Channels per sample point.
    pub channels: u8,
    /// Shape `[size.h, size.w, channels]`.
    pub samples: Samples,
    /// Source pixels per sample point: columns, rows. 1 at full size, 2 after a decode at one half, twice
    /// that for chroma of half the resolution.
    pub step: (f64, f64),
}

impl Plane {
    /// Copies the part of `size` whose top left corner is at column `x` and row `y`.
    pub(super) fn part(&self, x: usize, y: usize, size: Size) -> Result<Self> {
        let channels = usize::from(self.channels);
        let stride = self.size.w as usize * channels;
        let row = size.w as usize * channels;
        let rows = || (y..y + size.h as usize).map(|y| y * stride + x * channels);
        let copy = || -> Option<Samples> {
            Some(match &self.samples {
                Samples::U8(all) => Samples::U8(copy_rows(all, rows(), row)?),
                Samples::U16(all) => Samples::U16(copy_rows(all, rows(), row)?),
            })
        };
        let outside = || Error::new(Kind::Internal, "frame", "the view reaches outside the planes");
        Ok(Self { size, samples: copy().ok_or_else(outside)?, ..*self })
    }
}

fn copy_rows<T: Copy>(all: &[T], starts: impl Iterator<Item = usize>, row: usize) -> Option<Vec<T>> {
    let rows: Option<Vec<_>> = starts.map(|start| all.get(start..start + row)).collect();
    rows.map(|rows| rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_values_survive_the_round_trip() {
        for (bits, max) in (1..=8).map(|bits| (bits, 255)).chain((1..=16).map(|bits| (bits, 65_535))) {
            for is_signed in [false, true] {
                let encoding = SampleEncoding { bits, is_signed };
                let min = if is_signed { -(1 << (bits - 1)) } else { 0 };
                for value in 0..1 << bits {
                    let sample = encoding.sample(value as u16, max);
                    assert_eq!(encoding.value(sample, max), value + min, "{encoding:?}");
                    // W3C PNG 13.12: readers may undo the scaling with a shift.
                    let shift = if max == 255 { 8 } else { 16 } - bits;
                    assert_eq!(i32::from(sample >> shift), value, "{encoding:?}");
                }
                assert_eq!(encoding.sample(u16::MAX, max), max);
            }
        }
    }
}
