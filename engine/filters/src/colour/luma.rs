//! Luma: the grey of a colour by ITU-R BT.601, as JPEG stores it.

use super::STRIDE;
use crate::sample::Sample;
use safelight_core::{Frame, Model, Plane, Result, Samples, Stop};

/// Weights of red, green and blue: ITU-T T.871 (JFIF), section 7.
pub(super) const WEIGHTS: [f64; 3] = [0.299, 0.587, 0.114];

/// The weights in fixed point with 16 fractional bits. Their sum is exactly 1, so grey is unchanged.
const FIXED: [u64; 3] = [19_595, 38_470, 7_471];

/// Returns luma, rounded, of a colour.
pub(super) fn luma<T: Sample>([r, g, b]: [T; 3]) -> usize {
    let [r, g, b] = [r, g, b].map(|sample| sample.index() as u64);
    ((FIXED[0] * r + FIXED[1] * g + FIXED[2] * b + (1 << 15)) >> 16) as usize
}

/// Returns the image in grey: its luma, and its alpha if it has one. The luma plane of a JPEG is kept as it is.
///
/// # Errors
/// Those of [`Stop::check`].
pub fn into_grey(mut frame: Frame, stop: &Stop) -> Result<Frame> {
    let model = match frame.model {
        Model::Grey | Model::GreyAlpha => return Ok(frame),
        Model::Ycc { .. } | Model::Rgb => Model::Grey,
        Model::Rgba => Model::GreyAlpha,
    };
    if matches!(frame.model, Model::Ycc { .. }) {
        frame.planes.truncate(1);
    } else {
        for plane in &mut frame.planes {
            plane.samples = match &plane.samples {
                Samples::U8(samples) => Samples::U8(grey(samples, plane.channels, stop)?),
                Samples::U16(samples) => Samples::U16(grey(samples, plane.channels, stop)?),
            };
            plane.channels = model.channels();
        }
    }
    Ok(Frame { model, encoding: None, ..frame })
}

/// Returns luma and the channels after blue.
fn grey<T: Sample>(samples: &[T], channels: u8, stop: &Stop) -> Result<Vec<T>> {
    let channels = usize::from(channels);
    let mut grey = Vec::with_capacity(samples.len() / channels * (channels - 2));
    for part in samples.chunks(STRIDE / channels * channels) {
        stop.check()?;
        for pixel in part.chunks_exact(channels) {
            grey.push(T::of(luma([pixel[0], pixel[1], pixel[2]])));
            grey.extend_from_slice(&pixel[3..]);
        }
    }
    Ok(grey)
}

/// The distribution of luma over an image.
#[derive(Clone, Debug)]
pub struct Levels {
    counts: Vec<u64>,
}

impl Levels {
    /// Counts the luma of the pixels that the view touches. Pixels that are fully transparent do not count.
    ///
    /// # Errors
    /// Those of [`Stop::check`].
    pub fn of(frame: &Frame, stop: &Stop) -> Result<Self> {
        let mut levels = Self { counts: Vec::new() };
        let Some(plane) = frame.planes.first() else { return Ok(levels) };
        let view = frame.view;
        let range = |start: f64, length: f64, step: f64, side: u32| {
            let first = (start / step).floor().max(0.0) as usize;
            let end = ((start + length) / step).ceil() as usize;
            first.min(side as usize)..end.min(side as usize)
        };
        let columns = range(view.x, view.w, plane.step.0, plane.size.w);
        let rows = range(view.y, view.h, plane.step.1, plane.size.h);
        match &plane.samples {
            Samples::U8(samples) => levels.count(samples, plane, frame.model, (columns, rows), stop)?,
            Samples::U16(samples) => levels.count(samples, plane, frame.model, (columns, rows), stop)?,
        }
        Ok(levels)
    }

    fn count<T: Sample>(
        &mut self,
        samples: &[T],
        plane: &Plane,
        model: Model,
        (columns, rows): (std::ops::Range<usize>, std::ops::Range<usize>),
        stop: &Stop,
    ) -> Result<()> {
        self.counts = vec![0; usize::from(T::MAX) + 1];
        let channels = usize::from(plane.channels);
        let stride = plane.size.w as usize * channels;
        for row in samples.chunks_exact(stride.max(1)).take(rows.end).skip(rows.start) {
            stop.check()?;
            for pixel in row[columns.start * channels..columns.end * channels].chunks_exact(channels) {
                if model.has_alpha() && pixel[channels - 1].index() == 0 {
                    continue;
                }
                let level =
                    if channels < 3 { pixel[0].index() } else { luma([pixel[0], pixel[1], pixel[2]]) };
                self.counts[level] += 1;
            }
        }
        Ok(())
    }

    /// Returns the lowest level, from 0 to 1, at or below which there is this share of the pixels, from 0 to 1. `None`
    /// for an image without visible pixels.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.counts.iter().sum();
        let wanted = ((total as f64 * share).ceil() as u64).max(1);
        let mut sum = 0;
        let level = self.counts.iter().position(|count| {
            sum += count;
            wanted <= sum
        });
        level.map(|level| level as f64 / (self.counts.len() - 1) as f64)
    }
}

/// Replaces the luma `y` of each pixel, from 0 to 1, by `curve(y)`, limited to this range. Differences of colour and alpha
/// are unchanged: red, green and blue change by as much as luma, and planes of chroma not at all.
///
/// # Errors
/// Those of [`Stop::check`].
pub fn map_luma(mut frame: Frame, curve: impl Fn(f64) -> f64, stop: &Stop) -> Result<Frame> {
    frame.encoding = None;
    let has_alpha = frame.model.has_alpha();
    // Of luma and chroma, this is luma.
    if let Some(plane) = frame.planes.first_mut() {
        let colours = usize::from(plane.channels) - usize::from(has_alpha);
        let channels = usize::from(plane.channels);
        match &mut plane.samples {
            Samples::U8(samples) => change_luma(samples, channels, colours, curve, stop)?,
            Samples::U16(samples) => change_luma(samples, channels, colours, curve, stop)?,
        }
    }
    Ok(frame)
}

fn change_luma<T: Sample>(
    samples: &mut [T],
    channels: usize,
    colours: usize,
    curve: impl Fn(f64) -> f64,
    stop: &Stop,
) -> Result<()> {
    let max = f32::from(T::MAX);
    let difference = |level: f64| ((curve(level).clamp(0.0, 1.0) - level) * f64::from(T::MAX)) as f32;
    let differences: Vec<f32> = T::levels().map(difference).collect();
    for part in samples.chunks_mut(STRIDE / channels * channels) {
        stop.check()?;
        for pixel in part.chunks_exact_mut(channels) {
            let level = if colours < 3 { pixel[0].index() } else { luma([pixel[0], pixel[1], pixel[2]]) };
            for sample in &mut pixel[..colours] {
                // Samples of 16 bits are exact in this type.
                let moved = sample.index() as f32 + differences[level];
                *sample = T::rounded(moved.clamp(0.0, max));
            }
        }
    }
    Ok(())
}
