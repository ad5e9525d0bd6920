//! Matrices of three by three over red, green and blue.

use super::STRIDE;
use crate::{channels::with_colours, sample::Sample};
use safelight_core::{Frame, Model, Result, Samples, Stop};

/// A linear change of red, green and blue: one row for each result, one column for each source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix(pub [[f64; 3]; 3]);

impl Matrix {
    /// The matrix that changes nothing.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// Applies `curve` to each colour sample, from 0 to 1, limits the result to this range, and applies the matrix to
    /// it. Rounds once. Alpha is unchanged; luma and chroma become RGB, and so does grey if the matrix colours it.
    ///
    /// # Errors
    /// Those of [`Stop::check`] and [`Frame::into_rgb`].
    pub fn apply(&self, frame: Frame, curve: impl Fn(f64) -> f64, stop: &Stop) -> Result<Frame> {
        let frame = frame.into_rgb()?;
        if self.keeps_grey() && matches!(frame.model, Model::Grey | Model::GreyAlpha) {
            return super::apply_curve(frame, curve, stop);
        }
        let mut frame = with_colours(frame);
        frame.encoding = None;
        for plane in &mut frame.planes {
            let channels = usize::from(plane.channels);
            match &mut plane.samples {
                Samples::U8(samples) => self.multiply(samples, channels, &curve, stop)?,
                Samples::U16(samples) => self.multiply(samples, channels, &curve, stop)?,
            }
        }
        Ok(frame)
    }

    /// Returns whether grey stays the same grey: each row has the sum 1.
    fn keeps_grey(&self) -> bool {
        self.0.iter().all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-9)
    }

    fn multiply<T: Sample>(
        &self,
        samples: &mut [T],
        channels: usize,
        curve: impl Fn(f64) -> f64,
        stop: &Stop,
    ) -> Result<()> {
        let table: Vec<f32> =
            T::levels().map(|level| (curve(level).clamp(0.0, 1.0) * f64::from(T::MAX)) as f32).collect();
        let rows = self.0.map(|row| row.map(|factor| factor as f32));
        for part in samples.chunks_mut(STRIDE / channels * channels) {
            stop.check()?;
            for pixel in part.chunks_exact_mut(channels) {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(|sample| table[sample.index()]);
                for (sample, row) in pixel.iter_mut().zip(&rows) {
                    *sample = T::rounded(row[0] * r + row[1] * g + row[2] * b);
                }
            }
        }
        Ok(())
    }
}
