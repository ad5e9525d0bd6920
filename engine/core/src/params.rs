//! Parameters that several transforms read, and those of the service.
//!
//! One transform declares each of the first, so that it has one place in `params.json` and in the canonical
//! query; any transform may read it through the function here. Transforms still do not know each other.
//! `docs/decisions/0020-background.md` gives the reasons.

use crate::{Colour, Gravity, Param, ParamKind, Query, gravity};

/// A named query of the operator.
pub const PRESET: Param = Param {
    key: "preset",
    aliases: &[],
    kind: ParamKind::Text {
        form: "the name of a preset",
        example: "card",
        canonical: |text| is_preset_name(text).then(|| text.to_owned()),
    },
    default: None,
    doc: "applies a query that the operator has named; other keys override its values",
};

/// The name under which a browser saves the response.
pub const DOWNLOAD: Param = Param {
    key: "download",
    aliases: &[],
    kind: ParamKind::Text {
        form: "a file name of at most 150 characters, without slashes and control characters",
        example: "photo.jpg",
        canonical: |text| is_file_name(text).then(|| text.to_owned()),
    },
    default: None,
    doc: "tells browsers to save the response under this name",
};

/// The parameters that the service reads itself. They come last in the canonical query, and no transform sees them.
pub const SERVICE: &[Param] = &[PRESET, DOWNLOAD];

/// Returns whether `key` is that of a parameter in [`SERVICE`].
pub fn is_of_service(key: &str) -> bool {
    SERVICE.iter().any(|param| param.key == key)
}

/// Returns whether `text` may be the name of a preset: 1 to 64 letters, digits, hyphens and underscores.
pub fn is_preset_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns whether `text` is a plain file name. Characters that change the direction of text could disguise its extension.
fn is_file_name(text: &str) -> bool {
    let is_plain = |letter: char| {
        !letter.is_control()
            && !matches!(letter, '/' | '\\' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    (1..=150).contains(&text.chars().count())
        && !text.starts_with(['.', ' '])
        && !text.ends_with(['.', ' '])
        && text.chars().all(is_plain)
}

/// The colour behind the image; declared by the transform `background`.
pub const BACKGROUND: Param = Param {
    key: "background",
    aliases: &["bg"],
    kind: ParamKind::Colour,
    default: None,
    doc: "the colour of `pad` (by default white, or transparent if the source has alpha) and behind transparent pixels in formats without alpha (by default black)",
};

/// Returns the value of [`BACKGROUND`], if the query has one.
pub fn background(query: &Query) -> Option<Colour> {
    query.get(BACKGROUND.key).and_then(Colour::parse)
}

/// The part of the image that is kept where something is cut off; declared by the transform `resize`.
pub const GRAVITY: Param = Param {
    key: "gravity",
    aliases: &["g"],
    kind: ParamKind::Text {
        form: gravity::FORM,
        example: "0.3,0.7",
        canonical: |text| Gravity::parse(text).map(|gravity| gravity.to_string()),
    },
    default: Some("center"),
    doc: "the part of the image that `cover`, `zoom` and a `crop` to a ratio keep, and its place for `pad`",
};

/// The point that is in the middle, as far as the image reaches; declared by the transform `resize`.
pub const FOCUS: Param = Param {
    key: "focus",
    aliases: &[],
    kind: ParamKind::Text {
        form: gravity::FOCUS_FORM,
        example: "0.3,0.7",
        canonical: |text| Gravity::parse_focus(text).map(|focus| focus.to_string()),
    },
    default: None,
    doc: "the point of the image that is in the middle of what is kept, as far as the image reaches",
};

/// The device pixel ratio; declared by the transform `resize`.
pub const DPR: Param = Param {
    key: "dpr",
    aliases: &[],
    kind: ParamKind::Decimal { min: 1.0, max: 5.0, unit: "" },
    default: Some("1"),
    doc: "device pixels for each pixel of the box, of padding, borders and radii",
};

/// Returns the value of [`FOCUS`], or else of [`GRAVITY`]. Defaults to the centre.
pub fn gravity(query: &Query) -> Gravity {
    let focus = query.get(FOCUS.key).and_then(Gravity::parse_focus);
    focus.or_else(|| query.get(GRAVITY.key).and_then(Gravity::parse)).unwrap_or_default()
}

/// Returns the value of [`DPR`]. Defaults to 1.
pub fn dpr(query: &Query) -> f64 {
    query.decimal(DPR.key).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_are_plain() {
        for name in ["photo.jpg", "Été 2026 (1).webp", "a", "\"a;b\".png", "写真.avif"] {
            assert!(is_file_name(name), "{name}");
        }
        let long = "a".repeat(151);
        for name in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "a\r\nset-cookie: b",
            "a\0",
            "a\u{202e}gpj.exe",
            "a.",
            "a ",
            &long,
        ] {
            assert!(!is_file_name(name), "{name:?}");
        }
    }
}
