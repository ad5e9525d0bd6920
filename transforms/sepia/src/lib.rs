#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::colour::Matrix;

const SEPIA: Param = Param {
    key: "sepia",
    aliases: &[],
    kind: ParamKind::Decimal { min: 0.0, max: 1.0, unit: "" },
    default: Some("0"),
    doc: "tones brown, by this amount",
};

/// The matrix for the amount 1: Filter Effects Module Level 1, section 9.3.
const BROWN: [[f64; 3]; 3] = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Sepia;

impl Transform for Sepia {
    fn name(&self) -> &'static str {
        "sepia"
    }

    fn params(&self) -> &'static [Param] {
        &[SEPIA]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.decimal(SEPIA.key).map(|amount| {
            let Matrix(same) = Matrix::IDENTITY;
            let mixed = |i: usize, j: usize| amount * BROWN[i][j] + (1.0 - amount) * same[i][j];
            let matrix = Matrix([0, 1, 2].map(|i| [0, 1, 2].map(|j| mixed(i, j))));
            Step::Pixels(Box::new(SepiaOp { matrix }))
        }))
    }
}

struct SepiaOp {
    matrix: Matrix,
}

impl PixelOp for SepiaOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        self.matrix.apply(frame, |level| level, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples};

    #[test]
    fn the_amount_mixes_brown_with_the_original() {
        let check = |raw: &str, expected: [u8; 3]| {
            let query = Query::parse(raw, "", Sepia.params()).unwrap();
            let Some(Step::Pixels(op)) = Sepia.step(&query).unwrap() else {
                panic!("{raw} requests no step")
            };
            let frame = Frame::whole(Size::new(1, 1), Model::Rgb, Samples::U8(vec![100, 150, 200]));
            let found = op.apply(frame, &Stop::default()).unwrap();
            assert_eq!(found.planes[0].samples, Samples::U8(expected.to_vec()), "{raw}");
        };
        check("sepia=1", [192, 171, 134]);
        check("sepia=0.5", [146, 161, 167]);
        assert!(Sepia.step(&Query::parse("sepia=0", "", Sepia.params()).unwrap()).unwrap().is_none());
    }

    #[test]
    fn grey_becomes_brown() {
        let query = Query::parse("sepia=1", "", Sepia.params()).unwrap();
        let Some(Step::Pixels(op)) = Sepia.step(&query).unwrap() else { panic!("a step") };
        let grey = Frame::whole(Size::new(1, 1), Model::GreyAlpha, Samples::U8(vec![100, 50]));
        let found = op.apply(grey, &Stop::default()).unwrap();
        assert_eq!(
            (found.model, &found.planes[0].samples),
            (Model::Rgba, &Samples::U8(vec![135, 120, 94, 50]))
        );
    }
}
