//! A small copy of an image.

use safelight_core::{Frame, Model, Plane, Result, Samples, Stop, View, frame::rgb_from_ycc};

/// Means of the fields of a square grid over an image, whatever its shape.
pub(super) struct Miniature {
    /// Red, green and blue from 0 to 255, row by row; transparent parts are black.
    pub(super) pixels: Vec<[f32; 3]>,
}

impl Miniature {
    /// Returns a copy of `side` by `side` pixels of what the view shows.
    pub(super) fn of(frame: &Frame, side: usize, stop: &Stop) -> Result<Self> {
        let means = |plane| means(plane, frame.view, side, frame.model.has_alpha(), stop);
        let planes = frame.planes.iter().map(means).collect::<Result<Vec<_>>>()?;
        let pixel = |i: usize| match (frame.model, planes.as_slice()) {
            (Model::Ycc { .. }, [y, cb, cr]) => {
                rgb_from_ycc(y[i][0] as u8, cb[i][0].round() as u8, cr[i][0].round() as u8).map(f32::from)
            }
            (Model::Grey | Model::GreyAlpha, [grey, ..]) => [grey[i][0]; 3],
            (_, [first, ..]) => first[i],
            (_, []) => [0.0; 3],
        };
        Ok(Self { pixels: (0..side * side).map(pixel).collect() })
    }
}

/// Returns the mean of the first channels, from 0 to 255, of each field.
fn means(plane: &Plane, view: View, side: usize, has_alpha: bool, stop: &Stop) -> Result<Vec<[f32; 3]>> {
    match &plane.samples {
        Samples::U8(samples) => fields(samples, 1.0, plane, view, side, has_alpha, stop),
        Samples::U16(samples) => fields(samples, 1.0 / 257.0, plane, view, side, has_alpha, stop),
    }
}

/// Returns the sample points of a field at `index`: at least one.
fn points(
    index: usize,
    side: usize,
    start: f64,
    length: f64,
    step: f64,
    count: u32,
) -> std::ops::Range<usize> {
    let edge = |index: usize| (start + length * index as f64 / side as f64) / step;
    let last = (count as usize).saturating_sub(1);
    let first = (edge(index).floor().max(0.0) as usize).min(last);
    let end = (edge(index + 1).round() as usize).min(count as usize);
    first..end.max(first + 1)
}

fn fields<T: Copy + Into<f32>>(
    samples: &[T],
    scale: f32,
    plane: &Plane,
    view: View,
    side: usize,
    has_alpha: bool,
    stop: &Stop,
) -> Result<Vec<[f32; 3]>> {
    let channels = usize::from(plane.channels);
    let colours = (channels - usize::from(has_alpha)).min(3);
    let mut means = Vec::with_capacity(side * side);
    for row in 0..side {
        stop.check()?;
        for column in 0..side {
            let columns = points(column, side, view.x, view.w, plane.step.0, plane.size.w);
            let mut sum = [0.0; 3];
            let mut count = 0.0;
            for y in points(row, side, view.y, view.h, plane.step.1, plane.size.h) {
                let line = &samples[y * plane.size.w as usize * channels..];
                for pixel in line[columns.start * channels..columns.end * channels].chunks_exact(channels) {
                    let alpha = if has_alpha { pixel[channels - 1].into() * scale / 255.0 } else { 1.0 };
                    sum.iter_mut()
                        .zip(&pixel[..colours])
                        .for_each(|(sum, sample)| *sum += (*sample).into() * alpha);
                    count += 1.0;
                }
            }
            means.push(sum.map(|sum| sum * scale / count));
        }
    }
    Ok(means)
}
