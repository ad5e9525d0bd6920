#![doc = include_str!("../README.md")]

mod corner;

use corner::{cut, radii};
use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform, params,
};
use safelight_filters::with_alpha;

const ROUND: Param = Param {
    key: "round",
    aliases: &[],
    kind: ParamKind::Text {
        form: "a radius from 1 to 16384, max or ellipse",
        example: "20",
        canonical: |value| {
            Some(match Shape::parse(value)? {
                Shape::Radius(radius) => radius.to_string(),
                Shape::Max => "max".to_owned(),
                Shape::Ellipse => "ellipse".to_owned(),
            })
        },
    },
    default: None,
    doc: "rounds the corners with a radius in pixels of the response, the largest one, or to an ellipse",
};

/// The shape that an image is cut to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    /// Corners of a radius in pixels.
    Radius(u32),
    /// Corners of half of the shorter side.
    Max,
    /// An ellipse.
    Ellipse,
}

/// The largest side that `resize` makes.
const MAX_RADIUS: u32 = 16_384;

impl Shape {
    fn parse(text: &str) -> Option<Self> {
        let is_word = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        if is_word(&["max", "circle"]) {
            return Some(Self::Max);
        }
        if is_word(&["ellipse"]) {
            return Some(Self::Ellipse);
        }
        let radius = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        (1..=MAX_RADIUS).contains(&radius).then_some(Self::Radius(radius))
    }
}

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Round;

impl Transform for Round {
    fn name(&self) -> &'static str {
        "round"
    }

    fn params(&self) -> &'static [Param] {
        &[ROUND]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let shape = query.get(ROUND.key).and_then(Shape::parse);
        let dpr = params::dpr(query);
        Ok(shape.map(|shape| Step::Pixels(Box::new(RoundOp { shape, dpr }))))
    }
}

struct RoundOp {
    shape: Shape,
    dpr: f64,
}

impl PixelOp for RoundOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // The radius is in pixels of the output.
        input.size
    }

    fn adds_alpha(&self) -> bool {
        true
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = with_alpha(frame.materialize()?.into_rgb()?);
        let radii = radii(self.shape, self.dpr, frame.geometry.size);
        for plane in &mut frame.planes {
            cut(plane, radii, stop)?;
        }
        Ok(frame)
    }
}
