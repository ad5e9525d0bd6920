//! Changes of the two differences of colour that leave luma as it is: saturation and hue.

use super::{Matrix, STRIDE, luma::WEIGHTS};
use safelight_core::{Frame, Model, Result, Samples, Stop};

/// A linear change of Cb and Cr (ITU-T T.871, section 7): one row for each result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chroma([[f64; 2]; 2]);

impl Chroma {
    /// Returns a turn of the hue by `degrees` and a multiplication of the saturation by `factor`. A positive angle turns
    /// red to yellow, as in the `hue-rotate()` of CSS.
    pub fn new(degrees: f64, factor: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self([[factor * cos, factor * -sin], [factor * sin, factor * cos]])
    }

    /// Returns whether nothing changes.
    pub fn is_identity(&self) -> bool {
        *self == Self::new(0.0, 1.0)
    }

    /// Applies the change: to the planes of chroma, if there are such of one size, and otherwise to red, green and blue.
    /// Alpha is unchanged.
    ///
    /// # Errors
    /// Those of [`Stop::check`] and [`Frame::into_rgb`].
    pub fn apply(&self, mut frame: Frame, stop: &Stop) -> Result<Frame> {
        let rows = self.0.map(|row| row.map(|factor| factor as f32));
        let (Model::Ycc { .. }, [_, blue, red]) = (frame.model, frame.planes.as_mut_slice()) else {
            return self.to_matrix().apply(frame, |level| level, stop);
        };
        let (Samples::U8(blue), Samples::U8(red), true) =
            (&mut blue.samples, &mut red.samples, blue.size == red.size)
        else {
            return self.to_matrix().apply(frame, |level| level, stop);
        };
        for (blue, red) in blue.chunks_mut(STRIDE).zip(red.chunks_mut(STRIDE)) {
            stop.check()?;
            for (blue, red) in blue.iter_mut().zip(red) {
                let (cb, cr) = (f32::from(*blue) - 128.0, f32::from(*red) - 128.0);
                [*blue, *red] = rows.map(|row| (row[0] * cb + row[1] * cr + 128.5) as u8);
            }
        }
        Ok(frame)
    }

    /// Returns the same change of red, green and blue.
    pub fn to_matrix(&self) -> Matrix {
        let [red, _, blue] = WEIGHTS;
        // Cb and Cr of a colour, one column for each of red, green and blue.
        let difference = |index: usize, divisor: f64| {
            [0, 1, 2].map(|i| (f64::from(u8::from(i == index)) - WEIGHTS[i]) / divisor)
        };
        let (cb, cr) = (difference(2, 2.0 * (1.0 - blue)), difference(0, 2.0 * (1.0 - red)));
        let mix = |row: [f64; 2]| [0, 1, 2].map(|i| row[0] * cb[i] + row[1] * cr[i]);
        let (cb, cr) = (mix(self.0[0]), mix(self.0[1]));
        let [r, b] =
            [[0, 1, 2].map(|i| 2.0 * (1.0 - red) * cr[i]), [0, 1, 2].map(|i| 2.0 * (1.0 - blue) * cb[i])];
        // Luma is that of the three, so green makes up for red and blue.
        let g = [0, 1, 2].map(|i| -(red * r[i] + blue * b[i]) / WEIGHTS[1]);
        Matrix([r, g, b].map(|row| [0, 1, 2].map(|i| row[i] + WEIGHTS[i])))
    }
}
