//! Images of smooth content in every colour model and bit depth, at every native scale of a decoder.

use safelight_core::{Frame, Geometry, Model, Orientation, Plane, Samples, Size, View};

/// A size with sides that are not multiples of 8, so that scaled planes cover a little more than the image.
const SIZE: Size = Size::new(124, 93);
/// A size for tests of many combinations.
const SMALL: Size = Size::new(37, 22);

const MODELS: [Model; 7] = [
    Model::Grey,
    Model::GreyAlpha,
    Model::Rgb,
    Model::Rgba,
    Model::Ycc { chroma: (1, 1) },
    Model::Ycc { chroma: (2, 1) },
    Model::Ycc { chroma: (2, 2) },
];

/// An image without its samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    pub(crate) geometry: Geometry,
    pub(crate) model: Model,
    pub(crate) has_16_bits: bool,
}

/// Returns every combination of model, depth and orientation (upright, and one that exchanges the sides).
pub(crate) fn all() -> Vec<Content> {
    of_size(SIZE)
}

/// Returns the same combinations for small images.
pub(crate) fn small() -> Vec<Content> {
    of_size(SMALL)
}

fn of_size(size: Size) -> Vec<Content> {
    let mut all = Vec::new();
    for orientation in [1, 6] {
        let orientation = Orientation::new(orientation).expect("1 to 8");
        let geometry = Geometry { size, orientation };
        for model in MODELS {
            all.push(Content { geometry, model, has_16_bits: false });
            // Luma and chroma have 8 bits.
            if !matches!(model, Model::Ycc { .. }) {
                all.push(Content { geometry, model, has_16_bits: true });
            }
        }
    }
    all
}

/// Returns the smallest number of eighths at which a decode of an image of `size` covers `needed`.
pub(crate) fn covering(size: Size, needed: Size) -> u32 {
    (1..8).find(|&eighths| scaled(size, eighths).covers(needed)).unwrap_or(8)
}

/// Returns the size of planes of an image of `size` that is decoded at so many eighths.
fn scaled(size: Size, eighths: u32) -> Size {
    Size::new((size.w * eighths).div_ceil(8), (size.h * eighths).div_ceil(8))
}

impl Content {
    /// Returns the frame that a decoder makes at so many eighths of the full size.
    pub(crate) fn frame(&self, eighths: u32) -> Frame {
        let step = 8.0 / f64::from(eighths);
        let luma = scaled(self.geometry.size, eighths);
        let planes = if let Model::Ycc { chroma: (columns, rows) } = self.model {
            let size = Size::new(luma.w.div_ceil(columns.into()), luma.h.div_ceil(rows.into()));
            let steps = (step * f64::from(columns), step * f64::from(rows));
            let chroma = |first| self.plane(size, 1, steps, first);
            vec![self.plane(luma, 1, (step, step), 0), chroma(1), chroma(2)]
        } else {
            vec![self.plane(luma, self.model.channels(), (step, step), 0)]
        };
        let view = View::whole(self.geometry.size);
        Frame { geometry: self.geometry, view, model: self.model, planes, encoding: None }
    }

    /// Returns a plane whose channels are the image's from `first` on.
    fn plane(&self, size: Size, channels: u8, step: (f64, f64), first: u8) -> Plane {
        let mut values = Vec::new();
        for y in 0..size.h {
            for x in 0..size.w {
                let (x, y) = ((f64::from(x) + 0.5) * step.0, (f64::from(y) + 0.5) * step.1);
                values.extend((first..first + channels).map(|channel| value(x, y, channel)));
            }
        }
        let samples = if self.has_16_bits {
            Samples::U16(values.iter().map(|value| (value * 65_535.0).round() as u16).collect())
        } else {
            Samples::U8(values.iter().map(|value| (value * 255.0).round() as u8).collect())
        };
        Plane { size, channels, samples, step }
    }
}

/// The sample at a position in source pixels, from 0 to 1: one slow wave for each channel.
fn value(x: f64, y: f64, channel: u8) -> f64 {
    let channel = f64::from(channel);
    0.5 + 0.2 * ((x + channel * 40.0) / 60.0).sin() + 0.2 * ((y - channel * 30.0) / 55.0).cos()
}

/// Checks that planes, channels, samples and view of a frame agree.
pub(crate) fn check_planes(frame: &Frame) -> Result<(), String> {
    let is_ycc = matches!(frame.model, Model::Ycc { .. });
    let count = if is_ycc { 3 } else { 1 };
    if frame.planes.len() != count {
        return Err(format!("{:?} with {} planes", frame.model, frame.planes.len()));
    }
    let View { x, y, w, h } = frame.view;
    let size = frame.geometry.size;
    if size.w == 0 || size.h == 0 || w <= 0.0 || h <= 0.0 || x < 0.0 || y < 0.0 {
        return Err(format!("the view {:?} of {size:?}", frame.view));
    }
    for plane in &frame.planes {
        let channels = if is_ycc { 1 } else { frame.model.channels() };
        if plane.channels != channels {
            return Err(format!("{:?} with {} channels in a plane", frame.model, plane.channels));
        }
        if plane.samples.len() as u64 != plane.size.pixels() * u64::from(channels) {
            return Err(format!(
                "{} samples for {:?} of {channels} channels",
                plane.samples.len(),
                plane.size
            ));
        }
        if is_ycc && matches!(plane.samples, Samples::U16(_)) {
            return Err("luma or chroma of 16 bits".to_owned());
        }
        let covers = |side: u32, step: f64, end: f64| end <= f64::from(side) * step + 1e-6;
        if !covers(plane.size.w, plane.step.0, x + w) || !covers(plane.size.h, plane.step.1, y + h) {
            return Err(format!(
                "the view {:?} beyond a plane of {:?} × {:?}",
                frame.view, plane.size, plane.step
            ));
        }
    }
    Ok(())
}

/// Returns the frame's samples, from 0 to 1, at the centres of a grid of `size` over its view, interpolated
/// linearly: each plane in turn.
pub(crate) fn sampled(frame: &Frame, size: Size) -> Vec<f64> {
    let mut values = Vec::new();
    for plane in &frame.planes {
        let at = |x: u32, y: u32, channel: u32| {
            let index = ((y * plane.size.w + x) * u32::from(plane.channels) + channel) as usize;
            match &plane.samples {
                Samples::U8(samples) => f64::from(samples[index]) / 255.0,
                Samples::U16(samples) => f64::from(samples[index]) / 65_535.0,
            }
        };
        let position = |start: f64, length: f64, i: u32, count: u32, step: f64, side: u32| {
            let centre = (start + (f64::from(i) + 0.5) * length / f64::from(count)) / step - 0.5;
            let centre = centre.clamp(0.0, f64::from(side - 1));
            let first = centre.floor();
            (first as u32, (first as u32 + 1).min(side - 1), centre - first)
        };
        for y in 0..size.h {
            let (top, bottom, down) =
                position(frame.view.y, frame.view.h, y, size.h, plane.step.1, plane.size.h);
            for x in 0..size.w {
                let (left, right, along) =
                    position(frame.view.x, frame.view.w, x, size.w, plane.step.0, plane.size.w);
                for channel in 0..u32::from(plane.channels) {
                    let row = |y| at(left, y, channel) * (1.0 - along) + at(right, y, channel) * along;
                    values.push(row(top) * (1.0 - down) + row(bottom) * down);
                }
            }
        }
    }
    values
}

/// Returns the peak signal-to-noise ratio in decibels; 99 for equal values.
pub(crate) fn psnr(one: &[f64], other: &[f64]) -> f64 {
    assert_eq!(one.len(), other.len(), "frames of one shape");
    let squares: f64 = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
    (-10.0 * (squares / one.len().max(1) as f64).log10()).min(99.0)
}
