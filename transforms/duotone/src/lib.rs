#![doc = include_str!("../README.md")]

use safelight_core::{
    Colour, Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::colour::gradient;

const DUOTONE: Param = Param {
    key: "duotone",
    aliases: &[],
    kind: ParamKind::Text {
        form: "two colours with a comma between them",
        example: "000080,ffd700",
        canonical: |value| {
            let [dark, light] = colours(value)?;
            Some(format!("{dark},{light}"))
        },
    },
    default: None,
    doc: "replaces colours by a gradient from the first colour, for black, to the second, for white",
};

/// Parses two opaque colours.
fn colours(text: &str) -> Option<[Colour; 2]> {
    let (dark, light) = text.split_once(',')?;
    let opaque = |text| Colour::parse(text).map(|colour| Colour { alpha: 255, ..colour });
    Some([opaque(dark)?, opaque(light)?])
}

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Duotone;

impl Transform for Duotone {
    fn name(&self) -> &'static str {
        "duotone"
    }

    fn params(&self) -> &'static [Param] {
        &[DUOTONE]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let colours = query.get(DUOTONE.key).and_then(colours);
        Ok(colours.map(|colours| {
            let [dark, light] = colours.map(|colour| colour.rgb.map(|sample| f64::from(sample) / 255.0));
            Step::Pixels(Box::new(DuotoneOp { dark, light }))
        }))
    }
}

/// The colours of black and white, 0 to 1.
struct DuotoneOp {
    dark: [f64; 3],
    light: [f64; 3],
}

impl PixelOp for DuotoneOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mix = |level: f64, i: usize| (1.0 - level) * self.dark[i] + level * self.light[i];
        gradient(frame, |level| [0, 1, 2].map(|i| mix(level, i)), stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_two_colours() {
        let query = |value: &str| Query::parse(&format!("duotone={value}"), "", Duotone.params());
        let check = |value, expected: &str| assert_eq!(query(value).unwrap().get("duotone"), Some(expected));
        check("navy,gold", "000080,ffd700");
        check("%23f00,00ff0080", "ff0000,00ff00");
        check("rgb(1%202%203),fff", "010203,ffffff");
        for value in ["navy", "navy,", "navy,gold,red", "rgb(1,2,3),fff"] {
            let message = query(value).unwrap_err().message;
            let expected = format!("duotone: expected two colours with a comma between them, got {value:?}");
            assert_eq!(message, expected);
        }
    }
}
