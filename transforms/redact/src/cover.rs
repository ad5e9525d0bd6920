//! The covers of rectangles.

use safelight_core::{Model, Plane, Rect, Result, Samples, Size, Stop};
use safelight_filters::mosaic;

/// The cover of a rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// Squares of their mean.
    Pixelate,
    /// The same, interpolated linearly.
    Blur,
    /// Black.
    Fill,
}

/// Most squares along a side.
const MAX_CELLS: u32 = 6;

/// Covers `area`, in pixels of an image at full size, in the plane at `index` of the model. Every sample that the area
/// touches is replaced.
pub(crate) fn cover(
    plane: &mut Plane,
    area: Rect,
    with: Cover,
    model: Model,
    index: usize,
    stop: &Stop,
) -> Result<()> {
    let part = touched(plane, area);
    let side = part.size.w.max(part.size.h).div_ceil(MAX_CELLS);
    let cell = Size::new(side, side);
    if with == Cover::Fill {
        fill(plane, part, model.has_alpha(), if index == 0 { 0 } else { 128 });
        return Ok(());
    }
    mosaic(plane, part, cell, model.has_alpha(), stop)?;
    if with == Cover::Blur {
        let channels = usize::from(plane.channels);
        let row = plane.size.w as usize;
        match &mut plane.samples {
            Samples::U8(samples) => soften(samples, row, channels, part, side, stop)?,
            Samples::U16(samples) => soften(samples, row, channels, part, side, stop)?,
        }
    }
    Ok(())
}

/// Returns the sample points that an area in pixels touches.
fn touched(plane: &Plane, area: Rect) -> Rect {
    let axis = |start: u32, length: u32, step: f64, side: u32| {
        let first = ((f64::from(start) / step).floor() as u32).min(side.saturating_sub(1));
        let end = ((f64::from(start) + f64::from(length)) / step).ceil() as u32;
        (first, end.min(side).max(first + 1) - first)
    };
    let (x, w) = axis(area.x, area.size.w, plane.step.0, plane.size.w);
    let (y, h) = axis(area.y, area.size.h, plane.step.1, plane.size.h);
    Rect { x, y, size: Size::new(w, h) }
}

/// Sets every channel to black, or differences of colour to `zero`, and alpha to opaque.
fn fill(plane: &mut Plane, part: Rect, has_alpha: bool, zero: u8) {
    let channels = usize::from(plane.channels);
    let pixel: Vec<u8> =
        (0..channels).map(|i| if has_alpha && i + 1 == channels { 255 } else { zero }).collect();
    let width = plane.size.w as usize;
    match &mut plane.samples {
        Samples::U8(samples) => rows(samples, width * channels, channels, part)
            .for_each(|row| row.chunks_exact_mut(channels).for_each(|to| to.copy_from_slice(&pixel))),
        Samples::U16(samples) => rows(samples, width * channels, channels, part).for_each(|row| {
            for to in row.chunks_exact_mut(channels) {
                to.iter_mut().zip(&pixel).for_each(|(to, from)| *to = 257 * u16::from(*from));
            }
        }),
    }
}

/// Returns the part of each row of a plane that is in `part`.
fn rows<T>(samples: &mut [T], stride: usize, channels: usize, part: Rect) -> impl Iterator<Item = &mut [T]> {
    let (start, end) = (part.x as usize * channels, (part.x + part.size.w) as usize * channels);
    let all = samples.chunks_exact_mut(stride.max(1)).skip(part.y as usize).take(part.size.h as usize);
    all.map(move |row| &mut row[start..end])
}

/// Interpolates squares of `side` sample points linearly between their centres.
fn soften<T: Copy + Into<u32> + TryFrom<u64>>(
    samples: &mut [T],
    width: usize,
    channels: usize,
    part: Rect,
    side: u32,
    stop: &Stop,
) -> Result<()> {
    let (columns, lines) = (part.size.w.div_ceil(side), part.size.h.div_ceil(side));
    let stride = width * channels;
    // One pixel of each square, before any is overwritten.
    let mut means: Vec<u32> = Vec::with_capacity((columns * lines) as usize * channels);
    for row in rows(samples, stride, channels, part).step_by(side as usize) {
        for pixel in row.chunks_exact(channels).step_by(side as usize) {
            means.extend(pixel.iter().map(|sample| -> u32 { (*sample).into() }));
        }
    }
    let row_of = columns as usize * channels;
    for (y, row) in rows(samples, stride, channels, part).enumerate() {
        stop.check()?;
        let (top, bottom, down) = between(y as u32, side, lines);
        for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
            let (left, right, along) = between(x as u32, side, columns);
            for (channel, sample) in pixel.iter_mut().enumerate() {
                let at = |row: u32, column: u32| {
                    u64::from(means[row as usize * row_of + column as usize * channels + channel])
                };
                let whole = 2 * u64::from(side);
                let line = |row| at(row, left) * (whole - along) + at(row, right) * along;
                let sum = line(top) * (whole - down) + line(bottom) * down;
                // A mean of samples fits in one.
                if let Ok(mean) = T::try_from((sum + whole * whole / 2) / (whole * whole)) {
                    *sample = mean;
                }
            }
        }
    }
    Ok(())
}

/// Returns the squares before and after a position, and the weight of the second, in halves of a sample point out of twice
/// the side.
fn between(position: u32, side: u32, count: u32) -> (u32, u32, u64) {
    let twice = 2 * u64::from(position) + 1;
    let Some(from_first) = twice.checked_sub(u64::from(side)) else { return (0, 0, 0) };
    let first = ((from_first / (2 * u64::from(side))) as u32).min(count - 1);
    let second = (first + 1).min(count - 1);
    (first, second, from_first % (2 * u64::from(side)))
}
