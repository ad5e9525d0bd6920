#![doc = include_str!("../README.md")]

mod blend;
mod layout;
mod params;

use blend::{Blend, Overlay};
use layout::{Layout, Placing};
use params::{BLEND, OPACITY, PARAMS, WATERMARK};
use safelight_core::{
    Colour, Cost, Frame, Geometry, Param, PixelOp, Plane, Query, Result, Samples, Side, Size, Step, Stop,
    Transform,
};
use safelight_filters::{Resampler, with_alpha, with_channels_of};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Watermark;

impl Transform for Watermark {
    fn name(&self) -> &'static str {
        "watermark"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let Some(name) = query.get(WATERMARK.key) else { return Ok(None) };
        let opacity = query.get(OPACITY.key).and_then(|percent| percent.parse().ok()).unwrap_or(100.0_f32);
        let op = WatermarkOp {
            side: Side::new(name),
            placing: Placing::of(query),
            opacity: opacity / 100.0,
            blend: query.get(BLEND.key).and_then(Blend::parse).unwrap_or_default(),
            overlay: None,
        };
        Ok(Some(Step::Pixels(Box::new(op))))
    }
}

struct WatermarkOp {
    side: Side,
    placing: Placing,
    /// From 0 to 1.
    opacity: f32,
    blend: Blend,
    /// What is drawn on each frame, once the first was examined.
    overlay: Option<Overlay>,
}

impl PixelOp for WatermarkOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, need: Size) -> Size {
        // Sizes of what is drawn are in pixels of the output.
        if self.layout(input.size).is_some() { input.size } else { need }
    }

    fn cost(&self, input: u64, output: u64) -> Cost {
        /// An overlay of 16 bits with alpha.
        const PIXEL_BYTES: u64 = 8;
        /// The weights of the longest side, and rows of the filter.
        const FIXED_BYTES: u64 = 2 << 20;
        const PIXEL_NS: u64 = 15;
        let Some(image) = &self.side.image else { return Cost::default() };
        let side: u64 = image.planes.iter().map(|plane| plane.size.pixels()).sum();
        // Of 16 bits, the image is copied before it is scaled.
        let is_deep = image.planes.iter().any(|plane| matches!(plane.samples, Samples::U16(_)));
        let copies = if is_deep { 2 * PIXEL_BYTES * side } else { 0 };
        let bytes = output.saturating_mul(PIXEL_BYTES).saturating_add(FIXED_BYTES + copies);
        Cost::new(bytes, input.saturating_add(output).saturating_add(side).saturating_mul(PIXEL_NS))
    }

    fn side(&mut self) -> Option<&mut Side> {
        Some(&mut self.side)
    }

    fn examine(&mut self, first: &Frame, stop: &Stop) -> Result<()> {
        self.overlay = self.overlay(first.geometry.size, stop)?;
        Ok(())
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let Some(overlay) = &self.overlay else { return Ok(frame) };
        let mut frame = frame.materialize()?.into_rgb()?;
        if !overlay.is_grey() {
            frame = with_channels_of(frame, Colour { rgb: [255, 0, 0], alpha: u8::MAX });
        }
        frame.encoding = None;
        let has_alpha = frame.model.has_alpha();
        for plane in &mut frame.planes {
            overlay.draw(plane, has_alpha, stop)?;
        }
        Ok(frame)
    }
}

impl WatermarkOp {
    /// Returns how the image is drawn on frames of `size`; `None` if nothing of it is visible.
    fn layout(&self, size: Size) -> Option<Layout> {
        let image = self.side.image.as_ref().filter(|_| 0.0 < self.opacity)?;
        self.placing.layout(image.geometry.size, size)
    }

    /// Returns what is drawn on frames of `size`: the visible part of the image at its size on them.
    fn overlay(&self, size: Size, stop: &Stop) -> Result<Option<Overlay>> {
        let (Some(image), Some(layout)) = (&self.side.image, self.layout(size)) else { return Ok(None) };
        let Layout { part, shown, places } = layout;
        let (view, model) = (image.view, image.model);
        // The part in pixels of the image's view, whose planes may have another scale.
        let part = view.part(image.geometry.size, part);
        let scale = |plane: &Plane| Resampler::new(stop).resample_shared(plane, model, view, part, shown);
        let planes = image.planes.iter().map(scale).collect::<Result<_>>()?;
        let scaled = Frame { planes, ..Frame::whole(shown, model, Samples::U8(Vec::new())) };
        Ok(Some(Overlay::new(with_alpha(scaled), self.opacity, self.blend, places)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, params::DPR};

    /// Returns the pixels of a white row of 4 after a watermark of two pixels, black and half of red.
    fn drawn(raw: &str) -> Vec<[u8; 3]> {
        let query = Query::parse(raw, "", PARAMS.iter().chain(&[DPR])).unwrap();
        let Some(Step::Pixels(mut op)) = Watermark.step(&query).unwrap() else { panic!("{raw} has no step") };
        let mark = Samples::U8(vec![0, 0, 0, 255, 255, 0, 0, 128]);
        op.side().unwrap().image = Some(Frame::whole(Size::new(2, 1), Model::Rgba, mark).into());
        let frame = Frame::whole(Size::new(4, 1), Model::Grey, Samples::U8(vec![255; 4]));
        op.examine(&frame, &Stop::default()).unwrap();
        let frame = op.apply(frame, &Stop::default()).unwrap();
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits stay") };
        samples.as_chunks().0.to_vec()
    }

    const WHITE: [u8; 3] = [255; 3];
    const BLACK: [u8; 3] = [0; 3];
    const PINK: [u8; 3] = [255, 127, 127];

    #[test]
    fn the_image_is_drawn_at_its_place() {
        let check = |raw: &str, expected: [[u8; 3]; 4]| {
            assert_eq!(drawn(&format!("watermark=a{raw}")), expected, "{raw}");
        };
        check("", [WHITE, WHITE, BLACK, PINK]);
        check("&watermarkPosition=west", [BLACK, PINK, WHITE, WHITE]);
        check("&watermarkPosition=center", [WHITE, BLACK, PINK, WHITE]);
        check("&watermarkPosition=west&watermarkOffset=1,0", [WHITE, BLACK, PINK, WHITE]);
        check("&watermarkPosition=west&watermarkOffset=1,0&dpr=2", [WHITE, WHITE, BLACK, PINK]);
        check("&watermarkPosition=west&watermarkOffset=0.25,0", [WHITE, BLACK, PINK, WHITE]);
        check("&watermarkOffset=-1,0", [WHITE, WHITE, WHITE, BLACK]);
        check("&watermarkOffset=3,0", [PINK, WHITE, WHITE, WHITE]);
        check("&watermarkPosition=tile", [BLACK, PINK, BLACK, PINK]);
        check("&watermarkPosition=tile&watermarkOffset=1,0", [BLACK, PINK, WHITE, BLACK]);
        check("&watermarkOpacity=50", [WHITE, WHITE, [128; 3], [255, 191, 191]]);
        check("&watermarkBlend=multiply", [WHITE, WHITE, BLACK, PINK]);
        check("&watermarkBlend=lighten", [WHITE; 4]);
    }

    #[test]
    fn what_is_not_visible_changes_nothing() {
        let check = |raw: &str, image: Option<Frame>| {
            let query = Query::parse(raw, "", PARAMS).unwrap();
            let Some(Step::Pixels(mut op)) = Watermark.step(&query).unwrap() else {
                panic!("{raw} has no step")
            };
            op.side().unwrap().image = image.map(Into::into);
            let frame = Frame::whole(Size::new(1, 1), Model::Grey, Samples::U8(vec![7]));
            op.examine(&frame, &Stop::default()).unwrap();
            assert_eq!(op.apply(frame.clone(), &Stop::default()).unwrap(), frame, "{raw}");
        };
        let red = || Some(Frame::whole(Size::new(1, 1), Model::Rgb, Samples::U8(vec![255, 0, 0])));
        check("watermark=a", None);
        check("watermark=a&watermarkOffset=9,9", red());
        check("watermark=a&watermarkOpacity=0", red());
    }
}
