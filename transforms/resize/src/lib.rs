#![doc = include_str!("../README.md")]

mod fit;
mod gravity;
mod op;
mod pad;
mod plane;
mod resample;

use fit::{Bounds, Fit};
use gravity::Gravity;
use op::ResizeOp;
use safelight_core::{Param, ParamKind, Query, Result, Size, Step, Transform, params};

/// The plug-in.
#[derive(Debug)]
pub struct Resize;

const SIDE: ParamKind = ParamKind::Integer { min: 1, max: 16_384, unit: "px" };

const PARAMS: &[Param] = &[
    Param { key: "width", aliases: &["w"], kind: SIDE, default: None, doc: "width of the box to fit" },
    Param { key: "height", aliases: &["h"], kind: SIDE, default: None, doc: "height of the box to fit" },
    Param {
        key: "fit",
        aliases: &[],
        kind: ParamKind::OneOf {
            words: &["scale-down", "contain", "cover", "fill", "outside", "pad"],
            // sharp's word for the same.
            synonyms: &[("inside", "contain")],
        },
        default: Some("scale-down"),
        doc: "scale-down fits into the box and enlarges only drawings; contain (inside) fits; cover fills it and crops; outside covers it and does not crop; fill stretches; pad fits and fills the rest",
    },
    Param {
        key: "gravity",
        aliases: &["g"],
        kind: ParamKind::Text { form: gravity::FORM, example: "0.3,0.7", canonical: gravity::canonical },
        default: Some("center"),
        doc: "the part of the image that `cover` keeps, and its place for `pad`",
    },
    Param {
        key: "dpr",
        aliases: &[],
        kind: ParamKind::Decimal { min: 1.0, max: 5.0, unit: "" },
        default: Some("1"),
        doc: "device pixels for each pixel of the box",
    },
];

impl Transform for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let dpr = query.decimal("dpr").unwrap_or(1.0);
        let side = |key| query.integer(key).map(|side| (f64::from(side) * dpr).round() as u32);
        let fit = match query.get("fit") {
            Some("contain") => Fit::Contain,
            Some("cover") => Fit::Cover,
            Some("fill") => Fit::Fill,
            Some("outside") => Fit::Outside,
            Some("pad") => Fit::Pad,
            _ => Fit::ScaleDown,
        };
        let gravity = query.get("gravity").and_then(Gravity::parse).unwrap_or_default();
        let background = params::background(query);
        let bounds = match (side("width"), side("height")) {
            (Some(w), Some(h)) => Bounds::Both(Size::new(w, h)),
            (Some(w), None) => Bounds::Width(w),
            (None, Some(h)) => Bounds::Height(h),
            (None, None) => return Ok(None),
        };
        Ok(Some(Step::Pixels(Box::new(ResizeOp { bounds, fit, gravity, background, is_vector: false }))))
    }
}
