#![doc = include_str!("../README.md")]

mod sides;

use safelight_core::{
    Colour, Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform, params,
};
use safelight_filters::place;
use sides::Sides;

const PARAMS: &[Param] = &[
    Param {
        key: "border",
        aliases: &[],
        kind: ParamKind::Text {
            form: "one to four widths from 0 to 1000 with commas between them",
            example: "8",
            canonical: |value| Sides::canonical(value, 1000),
        },
        default: Some("0"),
        doc: "adds a border of these widths, in pixels of the response: top, right, bottom, left",
    },
    Param {
        key: "borderColor",
        aliases: &[],
        kind: ParamKind::Colour,
        default: Some("000000"),
        doc: "the colour of the border",
    },
    Param {
        key: "padding",
        aliases: &["extend"],
        kind: ParamKind::Text {
            form: "one to four widths from 0 to 4096 with commas between them",
            example: "10,20",
            canonical: |value| Sides::canonical(value, 4096),
        },
        default: Some("0"),
        doc: "adds space of these widths around the border, in the colour of background",
    },
];

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Padding;

impl Transform for Padding {
    fn name(&self) -> &'static str {
        "padding"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let dpr = params::dpr(query);
        let sides = |key| query.get(key).and_then(Sides::parse).unwrap_or_default().times(dpr);
        let (border, padding) = (sides("border"), sides("padding"));
        let is_nothing = border == Sides::default() && padding == Sides::default();
        let border_colour = query.get("borderColor").and_then(Colour::parse).unwrap_or(BLACK);
        let background = params::background(query);
        Ok((!is_nothing)
            .then(|| Step::Pixels(Box::new(PaddingOp { border, border_colour, padding, background }))))
    }
}

const BLACK: Colour = Colour { rgb: [0; 3], alpha: 255 };

struct PaddingOp {
    border: Sides,
    border_colour: Colour,
    padding: Sides,
    /// `None` for white, or transparency if the image has alpha.
    background: Option<Colour>,
}

impl PixelOp for PaddingOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: self.padding.around(self.border.around(input.size)), ..input })
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // Widths are in pixels of the output.
        input.size
    }

    fn adds_alpha(&self) -> bool {
        let is_translucent = |colour: Colour| colour.alpha < 255;
        is_translucent(self.border_colour) || self.background.is_some_and(is_translucent)
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = frame.materialize()?.into_rgb()?;
        let suitable = if frame.model.has_alpha() { Colour::TRANSPARENT } else { Colour::WHITE };
        for (sides, colour) in
            [(self.border, self.border_colour), (self.padding, self.background.unwrap_or(suitable))]
        {
            stop.check()?;
            if sides != Sides::default() {
                let size = sides.around(frame.geometry.size);
                frame = place(&frame, size, (sides.left, sides.top), colour)?;
            }
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{
        Model, Samples,
        params::{BACKGROUND, DPR},
    };

    fn applied(raw: &str, model: Model, samples: &[u8]) -> (Size, Model, Vec<u8>) {
        let query = Query::parse(raw, "", PARAMS.iter().chain(&[BACKGROUND, DPR])).unwrap();
        let Some(Step::Pixels(op)) = Padding.step(&query).unwrap() else { panic!("{raw} requests no step") };
        let frame = Frame::whole(Size::new(1, 1), model, Samples::U8(samples.to_vec()));
        let stated = op.output(frame.geometry).unwrap();
        let mut found = op.apply(frame, &Stop::default()).unwrap();
        assert_eq!(found.geometry, stated, "{raw}");
        let Samples::U8(samples) = found.planes.remove(0).samples else { panic!("8 bits stay") };
        (stated.size, found.model, samples)
    }

    #[test]
    fn a_border_is_inside_the_padding() {
        let check =
            |raw, (model, samples): (Model, &[u8]), (w, h, after, expected): (u32, u32, Model, &[u8])| {
                let found = applied(raw, model, samples);
                assert_eq!(found, (Size::new(w, h), after, expected.to_vec()), "{raw}");
            };
        let grey = (Model::Grey, &[7_u8][..]);
        check("border=0,1", grey, (3, 1, Model::Grey, &[0, 7, 0]));
        check("border=0,1,0,0&padding=0,0,0,1", grey, (3, 1, Model::Grey, &[255, 7, 0]));
        check("padding=1,0,0", grey, (1, 2, Model::Grey, &[255, 7]));
        check("extend=0,0,1&dpr=1.5", grey, (1, 3, Model::Grey, &[7, 255, 255]));
        check("padding=0,0,0,1&background=808080", grey, (2, 1, Model::Grey, &[128, 7]));
        check("padding=0,0,0,1", (Model::GreyAlpha, &[7, 9]), (2, 1, Model::GreyAlpha, &[0, 0, 7, 9]));
        check("border=0,1,0,0&borderColor=red", grey, (2, 1, Model::Rgb, &[7, 7, 7, 255, 0, 0]));
    }

    #[test]
    fn widths_have_one_canonical_form() {
        let check = |value: &str, expected: Option<&str>| {
            let query = Query::parse(&format!("padding={value}"), "", PARAMS);
            assert_eq!(
                query.ok().and_then(|query| query.get("padding").map(str::to_owned)).as_deref(),
                expected,
                "{value}"
            );
        };
        check("05", Some("5"));
        check("5,5,5,5", Some("5"));
        check("5,6,5,6", Some("5,6"));
        check("5,6,7,6", Some("5,6,7"));
        check("1,2,3,4096", Some("1,2,3,4096"));
        for value in ["0", "0,0", "", "4097", "1,2,3,4,5", "-1", "1.5", "1,", "a"] {
            check(value, None);
        }
    }
}
