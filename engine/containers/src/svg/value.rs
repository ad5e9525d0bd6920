//! Values of attributes and of properties of style sheets.
//!
//! Presentation attributes are parsed as style sheets are (SVG 2, 6.6), so functions and escapes mean the same in both.

/// Functions that refer to nothing outside of the file, in lower case (CSS Values 4, Color 4, Transforms, Filter Effects,
/// Masking, Easing).
const FUNCTIONS: &[&str] = &[
    "blur",
    "brightness",
    "calc",
    "circle",
    "clamp",
    "color",
    "color-mix",
    "contrast",
    "cubic-bezier",
    "device-cmyk",
    "drop-shadow",
    "ellipse",
    "grayscale",
    "hsl",
    "hsla",
    "hue-rotate",
    "hwb",
    "icc-color",
    "inset",
    "invert",
    "lab",
    "lch",
    "linear",
    "matrix",
    "matrix3d",
    "max",
    "min",
    "oklab",
    "oklch",
    "opacity",
    "path",
    "perspective",
    "polygon",
    "rect",
    "rgb",
    "rgba",
    "rotate",
    "rotate3d",
    "rotatex",
    "rotatey",
    "rotatez",
    "saturate",
    "scale",
    "scale3d",
    "scalex",
    "scaley",
    "scalez",
    "sepia",
    "skew",
    "skewx",
    "skewy",
    "steps",
    "translate",
    "translate3d",
    "translatex",
    "translatey",
    "translatez",
    "var",
];

/// Whether a value refers to nothing but fragments of the file.
pub(super) fn is_safe(value: &str) -> bool {
    // A backslash may spell any function, and `<` and `@` begin what is no value.
    if value.contains(['\\', '<', '@', '{', '}']) {
        return false;
    }
    let mut rest = value;
    while let Some(at) = rest.find('(') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let is_name =
            |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_') || !letter.is_ascii();
        let name = &before[before.trim_end_matches(is_name).len()..];
        rest = match name.to_ascii_lowercase().as_str() {
            "url" => match fragment_url(after) {
                Some(rest) => rest,
                None => return false,
            },
            // Parentheses of a calculation, or a transform with a space before them.
            "" => after,
            name if FUNCTIONS.binary_search(&name).is_ok() => after,
            _ => return false,
        };
    }
    true
}

/// What follows a `url()` of a fragment, whose contents `text` begins with.
fn fragment_url(text: &str) -> Option<&str> {
    let (url, rest) = text.split_once(')')?;
    let url = url.trim_matches(|letter: char| letter.is_ascii_whitespace());
    let quoted = ['"', '\''].iter().find_map(|quote| url.strip_prefix(*quote)?.strip_suffix(*quote));
    let name = quoted.unwrap_or(url).strip_prefix('#')?;
    (!name.contains(['"', '\'', '('])).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_ascend() {
        assert!(FUNCTIONS.is_sorted());
    }

    #[test]
    fn references_outside_of_the_file_are_found() {
        for safe in [
            "red",
            "url(#a)",
            "URL( '#a' ) red",
            "url(\"#a b\")",
            "M0 0 L1 1z",
            "rotate (45)",
            "translate(1,2) scale(3)",
            "calc((1px + 2px) * 3)",
            "rgb(1,2,3)",
            "'Open Sans', sans-serif",
            "drop-shadow(0 0 1px rgba(0,0,0,.5)) url(#blur)",
        ] {
            assert!(is_safe(safe), "{safe}");
        }
        for unsafe_value in [
            "url(a.svg#a)",
            "url()",
            "url(//host/#a)",
            "url(#a) url(http://host/)",
            "uRl(data:image/svg+xml,a)",
            "\\75rl(http://host/)",
            "u\\rl(http://host/)",
            "url('#a\") , url(http://host/')",
            "image-set('http://host/' 1x)",
            "image(url)",
            "src('http://host/')",
            "expression(alert(1))",
            "-moz-element(#a)",
            "attr(href)",
            "ｕｒｌ(http://host/)",
            "x-url(http://host/)",
            "red;}@import 'http://host/'",
            "</style>",
            "url(",
        ] {
            assert!(!is_safe(unsafe_value), "{unsafe_value}");
        }
    }
}
