#![doc = include_str!("../README.md")]

use safelight_core::{Encode, Param, Query, Result, Step, Transform, params};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Background;

impl Transform for Background {
    fn name(&self) -> &'static str {
        "background"
    }

    fn params(&self) -> &'static [Param] {
        &[params::BACKGROUND]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let colour = params::background(query);
        Ok(colour.map(|colour| {
            Step::EncodeIfDecoding(Box::new(move |encode: &mut Encode| encode.background = colour.rgb))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Colour, Kind};

    fn query(raw: &str) -> Result<Query> {
        Query::parse(raw, "", Background.params())
    }

    #[test]
    fn queries_have_one_canonical_form() {
        let check = |raw, canonical: &str| assert_eq!(query(raw).unwrap().to_string(), canonical, "{raw}");
        check("", "");
        check("bg=FFAA00", "background=ffaa00");
        check("bg=00000000", "background=00000000");
        check("background=a1b2c3FF", "background=a1b2c3");
        check("background=%23f80", "background=ff8800");
        check("background=rgb(255,136,0)", "background=ff8800");
        check("bg=orange", "background=ffa500");
        check("bg=", "");
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        for value in ["ffff0", "+0ff00", "00ff0g", "reddish"] {
            let encoded = value.replace('+', "%2B");
            let error = query(&format!("bg={encoded}")).unwrap_err();
            assert_eq!(error.kind, Kind::InvalidParam, "{value}");
            let expected =
                format!("background: expected a colour such as red, ff8800 or ff880080, got {value:?}");
            assert_eq!(error.message, expected);
        }
    }

    #[test]
    fn transparent_pixels_are_composited_over_the_opaque_colour() {
        let check = |raw, expected: Option<[u8; 3]>| {
            let step = Background.step(&query(raw).unwrap()).unwrap();
            let found = step.map(|step| {
                let Step::EncodeIfDecoding(patch) = step else { panic!("{raw} requires an encode") };
                let mut encode = Encode::default();
                patch(&mut encode);
                encode.background
            });
            assert_eq!(found, expected, "{raw}");
        };
        check("", None);
        check("background=ff8000", Some([0xFF, 0x80, 0]));
        check("background=FF800010", Some([0xFF, 0x80, 0]));
    }

    #[test]
    fn other_transforms_read_the_colour_with_its_alpha() {
        let colour = params::background(&query("bg=33669980").unwrap());
        assert_eq!(colour, Some(Colour { rgb: [0x33, 0x66, 0x99], alpha: 0x80 }));
    }
}
