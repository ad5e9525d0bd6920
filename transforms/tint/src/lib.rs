#![doc = include_str!("../README.md")]

mod lab;

use lab::Lab;
use safelight_core::{
    Colour, Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::colour::gradient;

const TINT: Param = Param {
    key: "tint",
    aliases: &[],
    kind: ParamKind::Colour,
    default: None,
    doc: "tints the middle tones with a colour and keeps lightness",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Tint;

impl Transform for Tint {
    fn name(&self) -> &'static str {
        "tint"
    }

    fn params(&self) -> &'static [Param] {
        &[TINT]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let colour = query.get(TINT.key).and_then(Colour::parse);
        Ok(colour.map(|colour| {
            let tint = Lab::from(colour.rgb.map(|sample| f64::from(sample) / 255.0));
            Step::Pixels(Box::new(TintOp { tint }))
        }))
    }
}

struct TintOp {
    tint: Lab,
}

impl PixelOp for TintOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let colour = |level| {
            let grey = Lab::from([level; 3]);
            let weight = 1.0 - 4.0 * (grey.lightness - 0.5).powi(2);
            Lab { a: weight * self.tint.a, b: weight * self.tint.b, ..grey }.into()
        };
        gradient(frame, colour, stop)
    }
}
