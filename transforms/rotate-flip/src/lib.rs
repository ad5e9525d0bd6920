#![doc = include_str!("../README.md")]

mod free;

use safelight_core::{
    Colour, Cost, Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
    Turn, params,
};

/// The plug-in.
#[derive(Debug)]
pub struct RotateFlip;

const PARAMS: &[Param] = &[
    Param {
        key: "rotate",
        aliases: &[],
        kind: ParamKind::Angle { step: 1 },
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
        let (rotate, flip) = (query.get("rotate"), query.get("flip"));
        let degrees = query.integer("rotate").unwrap_or_default();
        if !degrees.is_multiple_of(90) {
            let op = FreeOp { degrees, flip: turn(None, flip), background: params::background(query) };
            return Ok(Some(Step::Pixels(Box::new(op))));
        }
        let turn = turn(rotate, flip);
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

/// A rotation by an angle that is no quarter turn, and then mirrors.
struct FreeOp {
    degrees: u32,
    flip: Turn,
    /// Colour of the corners; `None` for white, or transparency if the image has alpha.
    background: Option<Colour>,
}

impl PixelOp for FreeOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: free::around(input.size, self.degrees.into()), ..input })
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // Positions are between pixels of the input.
        input.size
    }

    fn adds_alpha(&self) -> bool {
        self.background.is_some_and(|colour| colour.alpha < 255)
    }

    fn cost(&self, input: u64, output: u64) -> Cost {
        /// Sixteen samples of each channel make a pixel.
        const PIXEL_NS: u64 = 120;
        Cost::new(0, input.saturating_add(output.saturating_mul(PIXEL_NS)))
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let frame = frame.materialize()?.into_rgb()?;
        let suitable = if frame.model.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
        let background = self.background.unwrap_or(suitable);
        free::rotated(frame, self.degrees.into(), background, stop)?.turn(self.flip)
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
        check("rotate=left", "rotate: expected a number of degrees, got \"left\"");
        check("flip=x", "flip: expected one of h, v, hv, got \"x\"");
    }

    #[test]
    fn other_angles_are_rotated_on_the_background_and_then_mirrored() {
        let params = || PARAMS.iter().chain(&[params::BACKGROUND]);
        let rotated = |raw, model: Model, pixel: &[u8]| {
            let query = Query::parse(raw, "", params()).unwrap();
            let Some(Step::Pixels(op)) = RotateFlip.step(&query).unwrap() else {
                panic!("{raw} requests no step")
            };
            let frame = Frame::whole(Size::new(30, 20), model, Samples::U8(pixel.repeat(600)));
            let stated = op.output(frame.geometry).unwrap();
            let found = op.apply(frame, &Stop::default()).unwrap();
            assert_eq!(found.geometry, stated, "{raw}");
            let Samples::U8(samples) = &found.planes[0].samples else { panic!("8 bits stay") };
            (found.model, samples[..usize::from(found.model.channels())].to_vec(), samples.clone())
        };
        let corner = |raw, model, pixel| {
            let (model, corner, _) = rotated(raw, model, pixel);
            (model, corner)
        };
        assert_eq!(corner("rotate=30", Model::Grey, &[7]), (Model::Grey, vec![255]));
        assert_eq!(corner("rotate=-30", Model::Rgba, &[1, 2, 3, 200]), (Model::Rgba, vec![0, 0, 0, 0]));
        assert_eq!(corner("rotate=30&background=red", Model::Grey, &[7]), (Model::Rgb, vec![255, 0, 0]));
        assert_eq!(
            corner("rotate=30&background=ff000080", Model::Rgb, &[7, 8, 9]),
            (Model::Rgba, vec![255, 0, 0, 128])
        );
        // A mirror after a rotation is a rotation the other way, of what is symmetric.
        assert_eq!(rotated("rotate=20&flip=h", Model::Grey, &[7]), rotated("rotate=340", Model::Grey, &[7]));
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
