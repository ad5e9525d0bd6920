#![doc = include_str!("../README.md")]

mod fit;
mod op;

use fit::{Bounds, Fit, Request};
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
            // Words of sharp, Cloudflare and imgproxy for the same.
            synonyms: &[("force", "fill"), ("inside", "contain"), ("squeeze", "fill"), ("stretch", "fill")],
        },
        default: Some("scale-down"),
        doc: "scale-down fits into the box and enlarges only drawings; contain (inside) fits; cover fills it and crops; outside covers it and does not crop; fill stretches; pad fits and fills the rest",
    },
    params::GRAVITY,
    params::FOCUS,
    Param {
        key: "zoom",
        aliases: &[],
        kind: ParamKind::Decimal { min: 1.0, max: 10.0, unit: "" },
        default: Some("1"),
        doc: "keeps only the part of the image that is smaller by this factor on each side, around gravity or focus",
    },
    Param {
        key: "minWidth",
        aliases: &[],
        kind: SIDE,
        default: None,
        doc: "enlarges the image to this width at least; what is then beyond the box is cut off",
    },
    Param {
        key: "minHeight",
        aliases: &[],
        kind: SIDE,
        default: None,
        doc: "enlarges the image to this height at least; what is then beyond the box is cut off",
    },
    params::DPR,
];

impl Transform for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let dpr = params::dpr(query);
        let side = |key| query.integer(key).map(|side| (f64::from(side) * dpr).round() as u32);
        let fit = match query.get("fit") {
            Some("contain") => Fit::Contain,
            Some("cover") => Fit::Cover,
            Some("fill") => Fit::Fill,
            Some("outside") => Fit::Outside,
            Some("pad") => Fit::Pad,
            _ => Fit::ScaleDown,
        };
        let bounds = match (side("width"), side("height")) {
            (Some(w), Some(h)) => Bounds::Both(Size::new(w, h)),
            (Some(w), None) => Bounds::Width(w),
            (None, Some(h)) => Bounds::Height(h),
            (None, None) => Bounds::Image,
        };
        let min = Size::new(side("minWidth").unwrap_or_default(), side("minHeight").unwrap_or_default());
        let zoom = query.decimal("zoom").unwrap_or(1.0);
        let gravity = params::gravity(query);
        let request = Request { bounds, fit, gravity, zoom, min };
        let background = params::background(query);
        let is_nothing = request.changes_nothing();
        Ok((!is_nothing).then(|| Step::Pixels(Box::new(ResizeOp { request, background, is_vector: false }))))
    }
}
