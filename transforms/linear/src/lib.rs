#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform, plain_decimal,
    signed_decimal,
};
use safelight_filters::colour::{apply_curve, apply_curves};

const LINEAR: Param = Param {
    key: "linear",
    aliases: &[],
    kind: ParamKind::Text {
        form: "a factor from 0 to 16 and an offset from -4096 to 4096, as in 1.2,-10, or three such pairs",
        example: "1.2,-10",
        canonical: |text| Some(to_text(&parse(text)?)),
    },
    default: None,
    doc: "multiplies each sample by a factor and adds an offset, in levels of 255; three pairs are for red, green and blue",
};

/// A factor, and an offset in levels of 255.
type Change = (f64, f64);

const MAX_FACTOR: f64 = 16.0;
/// Enough for the largest factor to keep any level.
const MAX_OFFSET: f64 = 4096.0;

/// Reads one pair, or three.
fn parse(text: &str) -> Option<[Change; 3]> {
    let numbers: Vec<&str> = text.split(',').collect();
    let pair = |at: usize| {
        let factor = plain_decimal(numbers[at]).filter(|factor| *factor <= MAX_FACTOR)?;
        let offset = signed_decimal(numbers[at + 1]).filter(|offset| offset.abs() <= MAX_OFFSET)?;
        // Zero has no sign, so that a query has one form.
        Some((factor, offset + 0.0))
    };
    match numbers.len() {
        2 => Some([pair(0)?; 3]),
        6 => Some([pair(0)?, pair(2)?, pair(4)?]),
        _ => None,
    }
}

fn to_text(changes: &[Change; 3]) -> String {
    let used = if is_same(changes) { &changes[..1] } else { changes };
    let pairs: Vec<_> = used.iter().map(|(factor, offset)| format!("{factor},{offset}")).collect();
    pairs.join(",")
}

/// Whether red, green and blue change alike.
fn is_same(changes: &[Change; 3]) -> bool {
    changes.iter().all(|change| *change == changes[0])
}

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Linear;

impl Transform for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn params(&self) -> &'static [Param] {
        &[LINEAR]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let changes = query.get(LINEAR.key).and_then(parse);
        Ok(changes.map(|changes| Step::Pixels(Box::new(LinearOp { changes }))))
    }
}

struct LinearOp {
    changes: [Change; 3],
}

impl PixelOp for LinearOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let curves = self.changes.map(|(factor, offset)| move |level: f64| factor * level + offset / 255.0);
        if is_same(&self.changes) {
            let [curve, ..] = curves;
            return apply_curve(frame, curve, stop);
        }
        apply_curves(frame, &curves, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples};

    fn query(raw: &str) -> Result<Query> {
        Query::parse(raw, "", Linear.params())
    }

    #[test]
    fn values_have_one_form() {
        let check = |value: &str, canonical: &str| {
            let found = query(&format!("linear={value}")).unwrap().to_string().replace("%2C", ",");
            assert_eq!(found, format!("linear={canonical}"));
        };
        check("1.20,-10", "1.2,-10");
        check("1,2,1,2,1.0,2", "1,2");
        check("1,255,0,-0,16,0", "1,255,0,0,16,0");
        for value in
            ["", "1", "1,2,3", "17,0", "-1,0", "+1,0", "1e1,0", "1,4097", "nan,0", "1,inf", "1,2,3,4,5,6,7,8"]
        {
            assert!(
                query(&format!("linear={value}")).map_or(true, |query| query.get("linear").is_none()),
                "{value}"
            );
        }
    }

    #[test]
    fn samples_are_limited_and_alpha_stays() {
        let check = |raw: &str, expected: [u8; 4]| {
            let Some(Step::Pixels(op)) = Linear.step(&query(raw).unwrap()).unwrap() else { panic!("{raw}") };
            let frame = Frame::whole(Size::new(1, 1), Model::Rgba, Samples::U8(vec![10, 100, 200, 7]));
            let found = op.apply(frame, &Stop::default()).unwrap();
            assert_eq!(found.planes[0].samples, Samples::U8(expected.to_vec()), "{raw}");
        };
        check("linear=1,0", [10, 100, 200, 7]);
        check("linear=2,-30", [0, 170, 255, 7]);
        check("linear=1,5,1,0,0.5,0", [15, 100, 100, 7]);
    }
}
