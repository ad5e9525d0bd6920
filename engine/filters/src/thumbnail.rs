//! A small copy of a picture, for what is computed from its colours.

use safelight_core::{Error, Frame, Kind, Model, Result, Samples, Size, Stop};

/// A picture of 8-bit red, green, blue and straight alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// Columns and rows.
    pub size: Size,
    /// Row-major, four bytes a pixel.
    pub rgba: Vec<u8>,
}

impl Thumbnail {
    /// Returns the size of a thumbnail of a picture of `size`, whose longer side has at most `max` pixels.
    pub fn size_within(size: Size, max: u32) -> Size {
        let longer = size.w.max(size.h).max(1);
        let scaled = |side: u32| {
            let scaled = f64::from(side) * f64::from(max.min(longer)) / f64::from(longer);
            (scaled.round() as u32).max(1)
        };
        Size::new(scaled(size.w), scaled(size.h))
    }

    /// Averages the view of `frame`, which has no planes of chroma, to `size`: each pixel is the mean of the area that it
    /// covers, weighted by alpha. At the size of the view, the samples are those of the frame.
    ///
    /// # Errors
    /// [`Kind::Internal`] if a plane does not have its stated shape; those of [`Stop::check`].
    pub fn new(frame: &Frame, size: Size, stop: &Stop) -> Result<Self> {
        let defect =
            || Error::new(Kind::Internal, "thumbnail", "a plane's buffer does not have its stated shape");
        let plane = frame.planes.first().ok_or_else(defect)?;
        let (columns, rows) = (plane.size.w as usize, plane.size.h as usize);
        let channels = usize::from(plane.channels);
        if plane.samples.len() != columns * rows * channels || channels != usize::from(frame.model.channels())
        {
            return Err(defect());
        }
        let across = spans(frame.view.x / plane.step.0, frame.view.w / plane.step.0, size.w, columns);
        let down = spans(frame.view.y / plane.step.1, frame.view.h / plane.step.1, size.h, rows);
        let mut rgba = Vec::with_capacity(4 * size.w as usize * size.h as usize);
        let mut sums = vec![[0.0_f64; 4]; size.w as usize];
        for (top, weights) in &down {
            stop.check()?;
            sums.fill([0.0; 4]);
            for (y, weight) in (*top..).zip(weights) {
                let row = y * columns * channels..(y + 1) * columns * channels;
                match &plane.samples {
                    Samples::U8(samples) => {
                        add_row(&mut sums, &samples[row], 1.0, frame.model, &across, *weight);
                    }
                    Samples::U16(samples) => {
                        add_row(&mut sums, &samples[row], 257.0, frame.model, &across, *weight);
                    }
                }
            }
            rgba.extend(sums.iter().flat_map(|&[red, green, blue, alpha]| {
                let colour = |sum: f64| if alpha == 0.0 { 0 } else { (sum / alpha).round() as u8 };
                [colour(red), colour(green), colour(blue), (alpha * 255.0).round() as u8]
            }));
        }
        Ok(Self { size, rgba })
    }
}

/// For each of `count` pixels, the first of `samples` that it covers and the weights of these, which add up to 1, if
/// together they cover `length` from `start` on.
fn spans(start: f64, length: f64, count: u32, samples: usize) -> Vec<(usize, Vec<f64>)> {
    let step = length / f64::from(count);
    let span = |index: u32| {
        let (from, to) = (start + step * f64::from(index), start + step * f64::from(index + 1));
        let first = (from.floor().max(0.0) as usize).min(samples.saturating_sub(1));
        let end = (to.ceil().max(0.0) as usize).clamp(first + 1, samples.max(first + 1));
        let covered = |at: usize| (to.min((at + 1) as f64) - from.max(at as f64)).max(0.0);
        let mut weights: Vec<f64> = (first..end).map(covered).collect();
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 {
            weights = vec![1.0];
        } else {
            for weight in &mut weights {
                *weight /= sum;
            }
        }
        (first, weights)
    };
    (0..count).map(span).collect()
}

/// Adds a row of the plane to the sums of colours, multiplied with alpha, and of alpha, from 0 to 1.
fn add_row<T: Copy + Into<f64>>(
    sums: &mut [[f64; 4]],
    row: &[T],
    unit: f64,
    model: Model,
    across: &[(usize, Vec<f64>)],
    weight: f64,
) {
    let channels = usize::from(model.channels());
    for (sum, (left, weights)) in sums.iter_mut().zip(across) {
        let pixels = row[left * channels..].chunks_exact(channels);
        for (pixel, share) in pixels.zip(weights) {
            let sample = |at: usize| pixel[at].into() / unit;
            let (colour, alpha) = match model {
                Model::Grey => ([sample(0); 3], 1.0),
                Model::GreyAlpha => ([sample(0); 3], sample(1) / 255.0),
                Model::Rgb | Model::Ycc { .. } => ([sample(0), sample(1), sample(2)], 1.0),
                Model::Rgba => ([sample(0), sample(1), sample(2)], sample(3) / 255.0),
            };
            let weight = weight * share * alpha;
            for (sum, colour) in sum.iter_mut().zip(colour) {
                *sum += weight * colour;
            }
            sum[3] += weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Rect;

    fn thumbnail(frame: &Frame, w: u32, h: u32) -> Vec<u8> {
        Thumbnail::new(frame, Size::new(w, h), &Stop::default()).unwrap().rgba
    }

    #[test]
    fn pixels_are_means_of_their_areas() {
        let grey =
            Frame::whole(Size::new(4, 2), Model::Grey, Samples::U8(vec![0, 10, 20, 30, 40, 50, 60, 70]));
        assert_eq!(thumbnail(&grey, 2, 1), [25, 25, 25, 255, 45, 45, 45, 255]);
        let same: Vec<u8> = (0..8).flat_map(|at| [10 * at, 10 * at, 10 * at, 255]).collect();
        assert_eq!(thumbnail(&grey, 4, 2), same);
        // The second third of the width is two thirds of each of two columns.
        assert_eq!(thumbnail(&grey, 3, 2)[4..8], [15, 15, 15, 255]);
        let mut cut = grey;
        cut.crop(Rect { x: 2, y: 1, size: Size::new(2, 1) });
        assert_eq!(thumbnail(&cut, 1, 1), [65, 65, 65, 255]);
    }

    #[test]
    fn transparent_pixels_have_no_colour() {
        let samples = Samples::U16(vec![65_535, 0, 0, 65_535, 0, 65_535, 0, 0]);
        let frame = Frame::whole(Size::new(2, 1), Model::Rgba, samples);
        assert_eq!(thumbnail(&frame, 1, 1), [255, 0, 0, 128]);
        assert_eq!(thumbnail(&frame, 2, 1), [255, 0, 0, 255, 0, 0, 0, 0]);
    }

    #[test]
    fn the_longer_side_has_the_most_pixels() {
        let check = |size: (u32, u32), expected: (u32, u32)| {
            assert_eq!(
                Thumbnail::size_within(Size::new(size.0, size.1), 100),
                Size::new(expected.0, expected.1)
            );
        };
        check((4000, 3000), (100, 75));
        check((30, 4000), (1, 100));
        check((50, 20), (50, 20));
        check((1, 1), (1, 1));
    }
}
