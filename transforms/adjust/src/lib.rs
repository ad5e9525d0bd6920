#![doc = include_str!("../README.md")]

mod curve;

use curve::Curve;
use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::colour::{Chroma, apply_curve};

const FACTOR: ParamKind = ParamKind::Decimal { min: 0.0, max: 5.0, unit: "" };

const PARAMS: &[Param] = &[
    Param {
        key: "exposure",
        aliases: &[],
        kind: ParamKind::Decimal { min: -5.0, max: 5.0, unit: "stops" },
        default: Some("0"),
        doc: "lightens by so many stops in linear light, or darkens",
    },
    Param {
        key: "gamma",
        aliases: &[],
        kind: ParamKind::Decimal { min: 0.2, max: 5.0, unit: "" },
        default: Some("1"),
        doc: "above 1 lightens the middle tones, below 1 darkens them",
    },
    Param { key: "brightness", aliases: &[], kind: FACTOR, default: Some("1"), doc: "multiplies brightness" },
    Param {
        key: "contrast",
        aliases: &[],
        kind: ParamKind::Decimal { min: 0.0, max: 4.0, unit: "" },
        default: Some("1"),
        doc: "multiplies contrast",
    },
    Param {
        key: "saturation",
        aliases: &[],
        kind: FACTOR,
        default: Some("1"),
        doc: "multiplies saturation; 0 is grey",
    },
    Param {
        key: "hue",
        aliases: &[],
        kind: ParamKind::Angle { step: 1 },
        default: Some("0"),
        doc: "turns colours by so many degrees, from red to yellow",
    },
];

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Adjust;

impl Transform for Adjust {
    fn name(&self) -> &'static str {
        "adjust"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let factor = |key| query.decimal(key).unwrap_or(1.0);
        let curve = Curve {
            exposure: query.decimal("exposure").unwrap_or_default(),
            gamma: factor("gamma"),
            brightness: factor("brightness"),
            contrast: factor("contrast"),
        };
        let chroma = Chroma::new(query.decimal("hue").unwrap_or_default(), factor("saturation"));
        let op = AdjustOp { curve, chroma };
        let is_nothing = op.curve.is_identity() && op.chroma.is_identity();
        Ok((!is_nothing).then(|| Step::Pixels(Box::new(op))))
    }
}

struct AdjustOp {
    curve: Curve,
    chroma: Chroma,
}

impl PixelOp for AdjustOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        if self.curve.is_identity() {
            return self.chroma.apply(frame, stop);
        }
        let curve = |level| self.curve.at(level);
        if self.chroma.is_identity() {
            return apply_curve(frame, curve, stop);
        }
        self.chroma.to_matrix().apply(frame, curve, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples};

    fn applied(raw: &str, model: Model, samples: &[u8]) -> Vec<u8> {
        let query = Query::parse(raw, "", Adjust.params()).unwrap();
        let Some(Step::Pixels(op)) = Adjust.step(&query).unwrap() else { panic!("{raw} requests no step") };
        let pixels = samples.len() / usize::from(model.channels());
        let frame = Frame::whole(Size::new(pixels as u32, 1), model, Samples::U8(samples.to_vec()));
        match op.apply(frame, &Stop::default()).unwrap().planes.remove(0).samples {
            Samples::U8(samples) => samples,
            Samples::U16(_) => panic!("8 bits stay"),
        }
    }

    #[test]
    fn each_key_has_its_effect() {
        let grey = |raw, expected: [u8; 4]| {
            assert_eq!(applied(raw, Model::Grey, &[0, 64, 128, 255]), expected, "{raw}");
        };
        grey("brightness=0.5", [0, 32, 64, 128]);
        grey("brightness=2", [0, 128, 255, 255]);
        grey("contrast=0", [128; 4]);
        grey("contrast=1.5", [0, 32, 128, 255]);
        grey("gamma=2", [0, 128, 181, 255]);
        grey("gamma=0.5", [0, 16, 64, 255]);
        // Twice the light of sRGB 64 is 90, and half of it 44.
        grey("exposure=1", [0, 90, 176, 255]);
        grey("exposure=-1", [0, 44, 92, 188]);
        grey("saturation=0&contrast=1.5", [0, 32, 128, 255]);
        let rgb =
            |raw, expected: [u8; 3]| assert_eq!(applied(raw, Model::Rgb, &[200, 100, 0]), expected, "{raw}");
        rgb("saturation=0", [119; 3]);
        rgb("saturation=0.5", [159, 109, 59]);
        rgb("hue=180", [37, 137, 237]);
        rgb("brightness=0.5&saturation=0", [59; 3]);
        assert_eq!(applied("brightness=0&hue=90", Model::Rgba, &[9, 8, 7, 6]), [0, 0, 0, 6]);
    }

    #[test]
    fn values_that_change_nothing_request_no_step() {
        for raw in ["", "brightness=1.0&contrast=1", "hue=360&exposure=-0&gamma=1.0004"] {
            let query = Query::parse(raw, "", Adjust.params()).unwrap();
            assert_eq!(query.to_string(), "", "{raw}");
            assert!(Adjust.step(&query).unwrap().is_none(), "{raw}");
        }
        let error = Query::parse("exposure=-5.1", "", Adjust.params()).unwrap_err();
        assert_eq!(error.message, "exposure: expected a number from -5 to 5, got \"-5.1\"");
        let error = Query::parse("brightness=-1", "", Adjust.params()).unwrap_err();
        assert_eq!(error.message, "brightness: expected a number from 0 to 5, got \"-1\"");
    }
}
