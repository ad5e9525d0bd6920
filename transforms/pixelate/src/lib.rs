#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Rect, Result, Size, Step, Stop, Transform,
};
use safelight_filters::mosaic;

const PIXELATE: Param = Param {
    key: "pixelate",
    aliases: &[],
    kind: ParamKind::Integer { min: 2, max: 1000, unit: "px" },
    default: None,
    doc: "shows the image as squares of this side, in pixels of the response",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Pixelate;

impl Transform for Pixelate {
    fn name(&self) -> &'static str {
        "pixelate"
    }

    fn params(&self) -> &'static [Param] {
        &[PIXELATE]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.integer(PIXELATE.key).map(|side| Step::Pixels(Box::new(PixelateOp { side }))))
    }
}

/// Squares of `side` pixels.
struct PixelateOp {
    side: u32,
}

impl PixelOp for PixelateOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // The side is in pixels of the output.
        input.size
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = frame.materialize()?.into_rgb()?;
        let has_alpha = frame.model.has_alpha();
        frame.encoding = None;
        for plane in &mut frame.planes {
            let whole = Rect { x: 0, y: 0, size: plane.size };
            mosaic(plane, whole, Size::new(self.side, self.side), has_alpha, stop)?;
        }
        Ok(frame)
    }
}
