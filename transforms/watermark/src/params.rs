//! The query parameters.

use crate::{
    blend::Blend,
    layout::{Lengths, Scale},
};
use safelight_core::{Param, ParamKind};

pub(crate) const WATERMARK: Param = Param {
    key: "watermark",
    aliases: &[],
    kind: ParamKind::Text { form: "a name or a path", example: "logo", canonical },
    default: None,
    doc: "draws another image on this one: a watermark of the operator by its name, or an image of the same origin by its path",
};

pub(crate) const POSITION: Param = Param {
    key: "watermarkPosition",
    aliases: &[],
    kind: ParamKind::OneOf {
        words: &[
            "south-east",
            "center",
            "north",
            "north-east",
            "east",
            "south",
            "south-west",
            "west",
            "north-west",
            "tile",
        ],
        synonyms: &[
            ("bottom", "south"),
            ("centre", "center"),
            ("left", "west"),
            ("right", "east"),
            ("top", "north"),
        ],
    },
    default: Some("south-east"),
    doc: "where the watermark is; tile repeats it over the whole image",
};

pub(crate) const OFFSET: Param = Param {
    key: "watermarkOffset",
    aliases: &[],
    kind: ParamKind::Text {
        form: "x,y in pixels, or with a decimal point as fractions of the image",
        example: "10,10",
        canonical: |value| Lengths::parse(value).map(|lengths| lengths.to_string()),
    },
    default: Some("0,0"),
    doc: "the distance of the watermark from the edges, inwards; of a tile, the gaps",
};

pub(crate) const SCALE: Param = Param {
    key: "watermarkScale",
    aliases: &[],
    kind: ParamKind::Text {
        form: "a fraction from 0.001 to 10, or two",
        example: "0.25",
        canonical: |value| Scale::parse(value).map(|scale| scale.to_string()),
    },
    default: None,
    doc: "fits the watermark into this part of the image's width and height; by default, it has its own size",
};

pub(crate) const OPACITY: Param = Param {
    key: "watermarkOpacity",
    aliases: &[],
    kind: ParamKind::Decimal { min: 0.0, max: 100.0, unit: "%" },
    default: Some("100"),
    doc: "opacity of the watermark, besides its own",
};

pub(crate) const BLEND: Param = Param {
    key: "watermarkBlend",
    aliases: &[],
    kind: ParamKind::OneOf { words: Blend::WORDS, synonyms: &[] },
    default: Some("normal"),
    doc: "how the colours of the watermark and of the image are mixed, as in CSS",
};

pub(crate) const PARAMS: &[Param] = &[WATERMARK, POSITION, OFFSET, SCALE, OPACITY, BLEND];

/// Returns a name in lower case, or a path.
fn canonical(text: &str) -> Option<String> {
    const MAX_BYTES: usize = 512;
    let is_word = |text: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        text.bytes().all(is_allowed) && text.starts_with(|first: char| first.is_ascii_alphabetic())
    };
    let is_path = text.starts_with('/') && !text.contains(|char: char| char.is_control());
    let is_valid = text.len() <= MAX_BYTES && (is_word(text) || is_path);
    is_valid.then(|| if is_path { text.to_owned() } else { text.to_ascii_lowercase() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Query;

    #[test]
    fn values_have_one_form() {
        let check = |raw: &str, expected: Option<&str>| {
            let found = Query::parse(raw, "", PARAMS).ok().map(|query| query.to_string());
            assert_eq!(found.as_deref(), expected, "{raw}");
        };
        check("watermark=Logo", Some("watermark=logo"));
        check("watermark=%2Flogos%2Fa%20b.png", Some("watermark=%2Flogos%2Fa+b.png"));
        check("watermark=a&watermarkOpacity=50.0", Some("watermark=a&watermarkOpacity=50"));
        check("watermarkScale=0.50", Some("watermarkScale=0.5"));
        check("watermarkScale=0.5,0.50", Some("watermarkScale=0.5"));
        check("watermarkScale=0.5,1", Some("watermarkScale=0.5%2C1"));
        check("watermarkOffset=-0,0", Some(""));
        check("watermarkOffset=-3,0.250", Some("watermarkOffset=-3%2C0.25"));
        for invalid in [
            "watermark=a/b",
            "watermark=..",
            "watermark=/a%0Ab",
            "watermarkScale=0",
            "watermarkScale=10.1",
            "watermarkScale=0.1,0.1,0.1",
            "watermarkOffset=1",
            "watermarkOffset=1.5,0",
            "watermarkOffset=20000,0",
            "watermarkPosition=attention",
            "watermarkOpacity=101",
        ] {
            check(invalid, None);
        }
    }
}
