#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::colour::into_grey;

const GRAYSCALE: Param = Param {
    key: "grayscale",
    aliases: &["greyscale"],
    kind: ParamKind::Flag,
    default: None,
    doc: "removes the colours and keeps the luma",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Grayscale;

impl Transform for Grayscale {
    fn name(&self) -> &'static str {
        "grayscale"
    }

    fn params(&self) -> &'static [Param] {
        &[GRAYSCALE]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.flag(GRAYSCALE.key).then(|| Step::Pixels(Box::new(GrayscaleOp))))
    }
}

struct GrayscaleOp;

impl PixelOp for GrayscaleOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        into_grey(frame, stop)
    }
}
