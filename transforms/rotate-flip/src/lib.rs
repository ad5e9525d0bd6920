#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform, Turn,
};

/// The plug-in.
#[derive(Debug)]
pub struct RotateFlip;

const PARAMS: &[Param] = &[
    Param {
        key: "rotate",
        aliases: &[],
        kind: ParamKind::Angle { step: 90 },
        default: Some("0"),
        doc: "rotates the image clockwise, in degrees; negative ones counter-clockwise",
    },
    Param {
        key: "flip",
        aliases: &[],
        kind: ParamKind::OneOf { words: &["h", "v", "hv"], synonyms: &[("vh", "hv")] },
        default: None,
        doc: "mirrors the image after the rotation: h swaps left and right, v top and bottom",
    },
];

impl Transform for RotateFlip {
    fn name(&self) -> &'static str {
        "rotate-flip"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let turn = turn(query.get("rotate"), query.get("flip"));
        Ok((turn != Turn::default()).then(|| Step::Pixels(Box::new(RotateFlipOp(turn)))))
    }
}

fn turn(rotate: Option<&str>, flip: Option<&str>) -> Turn {
    let rotated = match rotate {
        Some("90") => Turn { is_transposed: true, is_mirrored_x: true, is_mirrored_y: false },
        Some("180") => Turn { is_transposed: false, is_mirrored_x: true, is_mirrored_y: true },
        Some("270") => Turn { is_transposed: true, is_mirrored_x: false, is_mirrored_y: true },
        _ => Turn::default(),
    };
    Turn {
        is_mirrored_x: rotated.is_mirrored_x ^ matches!(flip, Some("h" | "hv")),
        is_mirrored_y: rotated.is_mirrored_y ^ matches!(flip, Some("v" | "hv")),
        ..rotated
    }
}

struct RotateFlipOp(Turn);

impl PixelOp for RotateFlipOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: self.0.size(input.size), ..input })
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        // Exchanging the sides is its own inverse.
        self.0.size(need)
    }

    fn apply(&self, frame: Frame, _stop: &Stop) -> Result<Frame> {
        // Pixels that a crop removed need not be turned, if they can be cut off here.
        let frame = if frame.is_full_size() { frame.materialize()? } else { frame };
        frame.turn(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Rect, Samples};

    fn op(raw: &str) -> Box<dyn PixelOp> {
        match RotateFlip.step(&Query::parse(raw, "", PARAMS).unwrap()).unwrap() {
            Some(Step::Pixels(op)) => op,
            _ => panic!("{raw} requests no step"),
        }
    }

    fn frame(rows: &str) -> Frame {
        let size = Size::new(rows.find('/').unwrap() as u32, rows.split('/').count() as u32);
        Frame::whole(size, Model::Grey, Samples::U8(rows.replace('/', "").into_bytes()))
    }

    #[test]
    fn the_image_is_rotated_and_then_mirrored() {
        let check = |raw, expected| {
            let input = frame("abc/def");
            let stated = op(raw).output(input.geometry).unwrap();
            let found = op(raw).apply(input, &Stop::default()).unwrap();
            assert_eq!(found, frame(expected), "{raw}");
            assert_eq!(found.geometry, stated, "{raw}");
        };
        check("rotate=90", "da/eb/fc");
        check("rotate=180", "fed/cba");
        check("rotate=270", "cf/be/ad");
        check("rotate=-90", "cf/be/ad");
        check("rotate=450", "da/eb/fc");
        check("flip=h", "cba/fed");
        check("flip=v", "def/abc");
        check("flip=hv", "fed/cba");
        check("flip=HV", "fed/cba");
        check("flip=vh", "fed/cba");
        check("flip=h&rotate=90", "ad/be/cf");
        check("rotate=90&flip=v", "fc/eb/da");
        check("rotate=90&flip=hv", "cf/be/ad");
        check("rotate=180&flip=h", "def/abc");
        check("rotate=270&flip=h", "fc/eb/da");
    }

    #[test]
    fn turns_that_cancel_out_request_no_step() {
        let step = |raw| RotateFlip.step(&Query::parse(raw, "", PARAMS).unwrap()).unwrap();
        assert!(step("").is_none());
        assert!(step("rotate=0").is_none());
        assert!(step("rotate=360").is_none());
        assert!(step("rotate=180&flip=hv").is_none());
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        let check = |raw, message: &str| {
            assert_eq!(Query::parse(raw, "", PARAMS).unwrap_err().message, message, "{raw}");
        };
        check("rotate=45", "rotate: expected a multiple of 90 degrees, got \"45\"");
        check("rotate=left", "rotate: expected a multiple of 90 degrees, got \"left\"");
        check("flip=x", "flip: expected one of h, v, hv, got \"x\"");
    }

    #[test]
    fn pixels_outside_the_crop_are_not_turned() {
        let mut input = frame("abc/def");
        input.crop(Rect { x: 1, y: 0, size: Size::new(2, 2) });
        assert_eq!(op("rotate=90").apply(input, &Stop::default()).unwrap(), frame("eb/fc"));
    }

    #[test]
    fn a_scaled_decode_keeps_its_nominal_size() {
        let mut input = frame("abc/def");
        input.planes[0].step = (2.0, 2.0);
        input.geometry.size = Size::new(6, 4);
        input.view = safelight_core::View::whole(Size::new(6, 4));
        let turned = op("rotate=90").apply(input, &Stop::default()).unwrap();
        assert_eq!(turned.geometry.size, Size::new(4, 6));
        assert_eq!(turned.planes[0].samples, Samples::U8(b"daebfc".to_vec()));
        assert_eq!(op("rotate=90").needed(turned.geometry, Size::new(2, 3)), Size::new(3, 2));
    }
}
