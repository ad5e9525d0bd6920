//! The pixel step: computes the layout for an input size, and the samples for it.

use crate::fit::{Fit, Layout, Request};
use safelight_core::{Colour, Error, Frame, Geometry, Kind, Model, PixelOp, Plane, Result, Size, Stop, View};
use safelight_filters::{Resampler, place, salient};

pub(crate) struct ResizeOp {
    pub(crate) request: Request,
    /// Colour that `pad` fills with; `None` for white, or transparency if the image has alpha.
    pub(crate) background: Option<Colour>,
    /// Whether the source is a drawing, which has as many pixels as are needed.
    pub(crate) is_vector: bool,
}

/// Maximum side of an input, which bounds the weights: up to 48 bytes for each source pixel of a side, whatever
/// the output size.
const MAX_SIDE: u32 = 65_535;

impl ResizeOp {
    fn layout(&self, image: Size) -> Layout {
        Layout::new(image, &self.request)
    }
}

impl PixelOp for ResizeOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        let Size { w, h } = input.size;
        if MAX_SIDE < w.max(h) && !self.is_vector {
            let message = format!("cannot resize {w} × {h} pixels: the limit is {MAX_SIDE} a side");
            return Err(Error::new(Kind::LimitExceeded, "resize", message));
        }
        Ok(Geometry { size: self.layout(input.size).output, ..input })
    }

    fn needed(&self, input: Geometry, need: Size) -> Size {
        let needed = self.layout(input.size).needed(input.size, need);
        if self.is_vector {
            return needed;
        }
        Size::new(needed.w.min(input.size.w), needed.h.min(input.size.h))
    }

    fn expect_vector(&mut self) {
        self.is_vector = true;
        if self.request.fit == Fit::ScaleDown {
            self.request.fit = Fit::Contain;
        }
    }

    fn examine(&mut self, first: &Frame, stop: &Stop) -> Result<()> {
        let size = first.geometry.size;
        let kept = self.layout(size).source;
        if self.request.gravity.is_smart() && kept != View::whole(size) {
            let part = (kept.w / f64::from(size.w), kept.h / f64::from(size.h));
            self.request.gravity = salient(self.request.gravity, first, part, stop)?;
        }
        Ok(())
    }

    fn apply(&self, mut frame: Frame, stop: &Stop) -> Result<Frame> {
        let geometry = self.output(frame.geometry)?;
        let layout = self.layout(frame.geometry.size);
        if !is_already_scaled(&frame, &layout) {
            let part = frame.view.part(frame.geometry.size, layout.source);
            frame.planes = scaled_planes(frame.planes, frame.model, frame.view, part, layout.scaled, stop)?;
            frame.view = View::whole(layout.scaled);
            frame.geometry.size = layout.scaled;
        }
        if layout.scaled == layout.output {
            return Ok(frame);
        }
        let suitable = if frame.model.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
        let background = self.background.unwrap_or(suitable);
        place(&frame.materialize()?.into_rgb()?, geometry.size, layout.offset, background)
    }
}

/// Scales `part` of the image at `view` in every plane to `size`, chroma to the resolution that the model states.
fn scaled_planes(
    planes: Vec<Plane>,
    model: Model,
    view: View,
    part: View,
    size: Size,
    stop: &Stop,
) -> Result<Vec<Plane>> {
    let chroma = if let Model::Ycc { chroma } = model { chroma } else { (1, 1) };
    let mut resampler = Resampler::new(stop);
    let scale = |(i, plane)| {
        let (columns, rows) = if i == 0 { (1, 1) } else { chroma };
        let scaled = Size::new(size.w.div_ceil(columns.into()), size.h.div_ceil(rows.into()));
        // A chroma sample at the edge may cover fewer pixels; its position is as if it covered all of them.
        let extended = |extent: f64, samples: u32, each: u8, side: u32| {
            extent * f64::from(samples) * f64::from(each) / f64::from(side)
        };
        let part = View {
            w: extended(part.w, scaled.w, columns, size.w),
            h: extended(part.h, scaled.h, rows, size.h),
            ..part
        };
        let plane = resampler.resample(plane, model, view, part, scaled)?;
        Ok(Plane { step: (columns.into(), rows.into()), ..plane })
    };
    planes.into_iter().enumerate().map(scale).collect()
}

/// Returns whether the image already is the scaled image, pixel for pixel.
fn is_already_scaled(frame: &Frame, layout: &Layout) -> bool {
    let size = frame.geometry.size;
    frame.is_full_size() && layout.scaled == size && layout.source == View::whole(size)
}
