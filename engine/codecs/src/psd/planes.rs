//! The planes of the composite: one row after another, all of a plane before the next, raw or in runs of their own.

use super::FORMAT;
use super::file::{Coding, Colours, Composite};
use crate::error::CodecError;
use crate::pack_bits::pack_bits;
use crate::tone::srgb;
use safelight_core::{Result, Samples, Stop};

/// The rows of the planes, from the first.
struct Rows<'a> {
    coding: Coding,
    /// The lengths of the rows that follow.
    lengths: &'a [u8],
    data: &'a [u8],
    row: Vec<u8>,
}

impl Composite {
    /// The planes that are decoded: colours, then alpha.
    pub(super) fn channels(&self) -> usize {
        usize::from(self.colours.planes()) + usize::from(self.has_alpha)
    }

    /// Whether samples are decoded to 16 bits.
    pub(super) fn is_wide(&self) -> bool {
        8 < self.depth && self.colours != Colours::Cmyk
    }

    /// Bytes of a row of a plane.
    pub(super) fn row_bytes(&self) -> u64 {
        (u64::from(self.size.w) * u64::from(self.depth)).div_ceil(8)
    }

    /// Decodes the samples, shape `[h, w, channels]`. Indices stay indices, and CMYK is 0 for none.
    ///
    /// # Errors
    /// [`safelight_core::Kind::Corrupt`] if rows are missing, and those of [`Stop::check`].
    pub(super) fn samples(&self, stop: &Stop) -> Result<Samples> {
        let count = self.size.pixels() as usize * self.channels();
        let mut rows = Rows::new(self)?;
        // Without a profile, numbers with a fraction are linear light of sRGB.
        let is_linear = self.icc.is_none();
        Ok(match (self.colours, self.depth) {
            (Colours::Bitmap, _) => {
                let mut grey = vec![0; count];
                let w = self.size.w as usize;
                for line in grey.chunks_exact_mut(w) {
                    stop.check()?;
                    let bits = rows.next()?;
                    for (x, level) in line.iter_mut().enumerate() {
                        *level = if bits[x / 8] >> (7 - x % 8) & 1 == 1 { 0 } else { u8::MAX };
                    }
                }
                Samples::U8(grey)
            }
            (Colours::Cmyk, 8) => {
                Samples::U8(self.place(
                    &mut rows,
                    stop,
                    |channel, [level]| {
                        if channel < 4 { u8::MAX - level } else { level }
                    },
                )?)
            }
            (Colours::Cmyk, _) => Samples::U8(self.place(&mut rows, stop, |channel, bytes| {
                let level = ((u32::from(u16::from_be_bytes(bytes)) + 128) / 257) as u8;
                if channel < 4 { u8::MAX - level } else { level }
            })?),
            (_, 8) => Samples::U8(self.place(&mut rows, stop, |_, [level]| level)?),
            (_, 16) => Samples::U16(self.place(&mut rows, stop, |_, bytes| u16::from_be_bytes(bytes))?),
            (colours, _) => Samples::U16(self.place(&mut rows, stop, |channel, bytes| {
                let light = f32::from_be_bytes(bytes);
                let is_light = is_linear && channel < usize::from(colours.planes());
                // A cast takes what is no number for 0.
                let level = if is_light && !light.is_nan() { srgb(light) } else { light };
                (level.clamp(0.0, 1.0) * 65_535.0).round() as u16
            })?),
        })
    }

    /// Places the samples of `N` bytes of all channels, as `level` converts them for the number of their channel.
    fn place<const N: usize, S: Copy + Default>(
        &self,
        rows: &mut Rows<'_>,
        stop: &Stop,
        level: impl Fn(usize, [u8; N]) -> S,
    ) -> Result<Vec<S>> {
        let (w, h, channels) = (self.size.w as usize, self.size.h as usize, self.channels());
        let mut samples = vec![S::default(); w * h * channels];
        for channel in 0..channels {
            for line in samples.chunks_exact_mut(w * channels) {
                stop.check()?;
                let row = rows.next()?.as_chunks::<N>().0;
                for (sample, bytes) in line.iter_mut().skip(channel).step_by(channels).zip(row) {
                    *sample = level(channel, *bytes);
                }
            }
        }
        Ok(samples)
    }
}

impl<'a> Rows<'a> {
    fn new(composite: &'a Composite) -> Result<Self, CodecError> {
        let table = match composite.coding {
            Coding::Raw => 0,
            Coding::PackBits(bytes) => composite.size.h as usize * usize::from(composite.planes) * bytes,
        };
        let (lengths, data) = composite.data.split_at_checked(table).ok_or_else(missing)?;
        let row = vec![0; composite.row_bytes() as usize];
        Ok(Self { coding: composite.coding, lengths, data, row })
    }

    /// Decodes the next row. Runs that end early leave zeros.
    fn next(&mut self) -> Result<&[u8], CodecError> {
        let length = match self.coding {
            Coding::Raw => self.row.len(),
            Coding::PackBits(bytes) => {
                let (length, rest) = self.lengths.split_at_checked(bytes).ok_or_else(missing)?;
                self.lengths = rest;
                length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
        };
        let (coded, rest) = self.data.split_at_checked(length).ok_or_else(missing)?;
        self.data = rest;
        match self.coding {
            Coding::Raw => Ok(coded),
            Coding::PackBits(_) => {
                let made = pack_bits(coded, &mut self.row);
                self.row[made..].fill(0);
                Ok(&self.row)
            }
        }
    }
}

fn missing() -> CodecError {
    CodecError::Damaged(FORMAT, "rows are missing".into())
}
