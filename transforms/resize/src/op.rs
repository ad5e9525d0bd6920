//! The step: a layout for the size that comes in, and the samples for it.

use crate::{
    fit::{Bounds, Fit, Layout},
    gravity::Gravity,
    pad::pad,
    resample::Resampler,
};
use safelight_core::{Colour, Error, Frame, Geometry, Kind, Model, PixelOp, Plane, Result, Size, View};

pub(crate) struct ResizeOp {
    pub(crate) bounds: Bounds,
    pub(crate) fit: Fit,
    pub(crate) gravity: Gravity,
    /// `None` for what suits the picture.
    pub(crate) background: Option<Colour>,
}

/// Longest side that is scaled. The weights of one output pixel are held for every source pixel under its
/// kernel: at most 48 bytes for each pixel of a side, whatever becomes of it.
const MAX_SIDE: u32 = 65_535;

impl ResizeOp {
    fn layout(&self, picture: Size) -> Layout {
        Layout::new(picture, self.bounds, self.fit, self.gravity)
    }
}

impl PixelOp for ResizeOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        let Size { w, h } = input.size;
        if MAX_SIDE < w.max(h) {
            let message = format!("a picture of {w} × {h} pixels; {MAX_SIDE} is the longest side it scales");
            return Err(Error::new(Kind::LimitExceeded, "resize", message));
        }
        Ok(Geometry { size: self.layout(input.size).answer, ..input })
    }

    fn needed(&self, input: Geometry, need: Size) -> Size {
        self.layout(input.size).needed(input.size, need)
    }

    fn apply(&self, mut frame: Frame) -> Result<Frame> {
        let geometry = self.output(frame.geometry)?;
        let layout = self.layout(frame.geometry.size);
        if !is_as_wanted(&frame, &layout) {
            let part = within(frame.view, frame.geometry.size, layout.source);
            frame.planes = scaled_planes(frame.planes, frame.model, frame.view, part, layout.scaled)?;
            frame.view = View::whole(layout.scaled);
            frame.geometry.size = layout.scaled;
        }
        if layout.scaled == layout.answer {
            return Ok(frame);
        }
        let suitable = if frame.model.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
        let mut padded =
            pad(&frame.materialize()?.into_rgb()?, &layout, self.background.unwrap_or(suitable))?;
        padded.geometry = geometry;
        Ok(padded)
    }
}

/// `part` of the picture at `view` in every plane, at `size`; of chroma only as many samples as are wanted.
fn scaled_planes(planes: Vec<Plane>, model: Model, view: View, part: View, size: Size) -> Result<Vec<Plane>> {
    let chroma = if let Model::Ycc { chroma } = model { chroma } else { (1, 1) };
    let mut resampler = Resampler::default();
    let scale = |(i, plane)| {
        let (columns, rows) = if i == 0 { (1, 1) } else { chroma };
        let scaled = Size::new(size.w.div_ceil(columns.into()), size.h.div_ceil(rows.into()));
        // A sample of chroma at an edge may stand for less than the others: it lies as if it did not.
        let beyond = |extent: f64, samples: u32, each: u8, side: u32| {
            extent * f64::from(samples) * f64::from(each) / f64::from(side)
        };
        let part = View {
            w: beyond(part.w, scaled.w, columns, size.w),
            h: beyond(part.h, scaled.h, rows, size.h),
            ..part
        };
        let plane = resampler.resample(plane, model, view, part, scaled)?;
        Ok(Plane { step: (columns.into(), rows.into()), ..plane })
    };
    planes.into_iter().enumerate().map(scale).collect()
}

/// Whether the picture is all that is wanted, pixel for pixel.
fn is_as_wanted(frame: &Frame, layout: &Layout) -> bool {
    let size = frame.geometry.size;
    frame.is_full_size() && layout.scaled == size && layout.source == View::whole(size)
}

/// `part` of a picture of `size` that lies at `view`, in pixels of the source.
fn within(view: View, size: Size, part: View) -> View {
    let (sx, sy) = (view.w / f64::from(size.w), view.h / f64::from(size.h));
    View { x: view.x + sx * part.x, y: view.y + sy * part.y, w: sx * part.w, h: sy * part.h }
}
