//! Matrices of three by three over red, green and blue.

use super::{STRIDE, sample::Sample};
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

/// Returns grey as RGB, with its alpha; other models are unchanged.
pub(super) fn with_colours(mut frame: Frame) -> Frame {
    let model = match frame.model {
        Model::Grey => Model::Rgb,
        Model::GreyAlpha => Model::Rgba,
        _ => return frame,
    };
    let channels = usize::from(frame.model.channels());
    for plane in &mut frame.planes {
        plane.samples = match &plane.samples {
            Samples::U8(samples) => Samples::U8(tripled(samples, channels)),
            Samples::U16(samples) => Samples::U16(tripled(samples, channels)),
        };
        plane.channels = model.channels();
    }
    Frame { model, ..frame }
}

fn tripled<T: Sample>(samples: &[T], channels: usize) -> Vec<T> {
    let mut tripled = Vec::with_capacity(samples.len() / channels * (channels + 2));
    for pixel in samples.chunks_exact(channels) {
        tripled.extend_from_slice(&[pixel[0]; 3]);
        tripled.extend_from_slice(&pixel[1..]);
    }
    tripled
}
