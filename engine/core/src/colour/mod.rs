//! Colours in the notations of CSS.

mod names;

use names::NAMES;
use std::fmt;

/// An sRGB colour with straight alpha. `Display` is the canonical notation: hexadecimal digits in lower case, without a
/// number sign and without an alpha of 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// Red, green, blue.
    pub rgb: [u8; 3],
    /// Alpha; 255 is opaque.
    pub alpha: u8,
}

impl Colour {
    /// Opaque white.
    pub const WHITE: Self = Self { rgb: [255; 3], alpha: 255 };
    /// Fully transparent black.
    pub const TRANSPARENT: Self = Self { rgb: [0; 3], alpha: 0 };

    /// Parses a colour of CSS (Color Module Level 4, sections 4 to 7): hexadecimal digits with or without a number
    /// sign, a name, `rgb()` or `hsl()`, in any letter case.
    ///
    /// # Examples
    /// ```
    /// use safelight_core::Colour;
    ///
    /// let orange = Colour { rgb: [0xFF, 0xA5, 0], alpha: 255 };
    /// for text in ["ffa500", "#FFA500", "orange", "rgb(255, 165, 0)", "rgb(255 165 0 / 100%)"] {
    ///     assert_eq!(Colour::parse(text), Some(orange), "{text}");
    /// }
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if let Some(colour) = from_digits(text.strip_prefix('#').unwrap_or(&text)) {
            return Some(colour);
        }
        if text == "transparent" {
            return Some(Self::TRANSPARENT);
        }
        if let Ok(index) = NAMES.binary_search_by_key(&text.as_str(), |(name, _)| name) {
            let [_, rgb @ ..] = NAMES[index].1.to_be_bytes();
            return Some(Self { rgb, alpha: 255 });
        }
        let (function, arguments) = text.strip_suffix(')')?.split_once('(')?;
        let (components, alpha) = arguments_of(arguments)?;
        let rgb = match function {
            "rgb" | "rgba" => from_rgb(components)?,
            "hsl" | "hsla" => from_hsl(components)?,
            _ => return None,
        };
        let alpha = alpha.map_or(Some(1.0), |alpha| number(alpha, 1.0))?;
        Some(Self { rgb, alpha: level(alpha) })
    }

    /// Returns whether red, green and blue are equal.
    pub fn is_grey(self) -> bool {
        let [r, g, b] = self.rgb;
        r == g && g == b
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.rgb;
        write!(f, "{r:02x}{g:02x}{b:02x}")?;
        if self.alpha == 255 { Ok(()) } else { write!(f, "{:02x}", self.alpha) }
    }
}

/// Parses `rgb`, `rgba`, `rrggbb` or `rrggbbaa`.
fn from_digits(text: &str) -> Option<Colour> {
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let doubled = |text: &str| text.chars().flat_map(|digit| [digit, digit]).collect::<String>();
    let long = if text.len() <= 4 { doubled(text) } else { text.to_owned() };
    let number = u32::from_str_radix(&long, 16).ok().filter(|_| is_hexadecimal)?;
    let [r, g, b, alpha] = match long.len() {
        6 => number << 8 | 0xFF,
        8 => number,
        _ => return None,
    }
    .to_be_bytes();
    Some(Colour { rgb: [r, g, b], alpha })
}

/// Splits the arguments of a function, `a, b, c, alpha` or `a b c / alpha`, into three components and the alpha.
fn arguments_of(text: &str) -> Option<([&str; 3], Option<&str>)> {
    let (components, alpha) = match text.split_once('/') {
        Some((components, alpha)) => (components, Some(alpha.trim())),
        None => (text, None),
    };
    let parts: Vec<_> = if components.contains(',') {
        components.split(',').map(str::trim).collect()
    } else {
        components.split_whitespace().collect()
    };
    match (parts.as_slice(), alpha) {
        (&[one, two, three], alpha) => Some(([one, two, three], alpha)),
        (&[one, two, three, alpha], None) => Some(([one, two, three], Some(alpha))),
        _ => None,
    }
}

/// Parses red, green and blue: numbers to 255, or percentages.
fn from_rgb(components: [&str; 3]) -> Option<[u8; 3]> {
    let [r, g, b] = components.map(|component| number(component, 255.0));
    Some([level(r?), level(g?), level(b?)])
}

/// Parses hue in degrees, saturation and lightness in percent.
fn from_hsl([hue, saturation, lightness]: [&str; 3]) -> Option<[u8; 3]> {
    let hue = number(hue.strip_suffix("deg").unwrap_or(hue), 1.0)
        .filter(|_| !hue.ends_with('%'))?
        .rem_euclid(360.0);
    let (saturation, lightness) = (number(saturation, 100.0)?, number(lightness, 100.0)?);
    // CSS Color Module Level 4, section 7.1.
    let (saturation, lightness) = (saturation.clamp(0.0, 1.0), lightness.clamp(0.0, 1.0));
    let amplitude = saturation * lightness.min(1.0 - lightness);
    let channel = |offset: f64| {
        let position = (offset + hue / 30.0).rem_euclid(12.0);
        level(lightness - amplitude * (position - 3.0).min(9.0 - position).clamp(-1.0, 1.0))
    };
    Some([channel(0.0), channel(8.0), channel(4.0)])
}

/// Parses a number, of which `whole` is 1, or a percentage, of which 100 is 1.
fn number(text: &str, whole: f64) -> Option<f64> {
    let (digits, whole) = match text.strip_suffix('%') {
        Some(digits) => (digits, 100.0),
        None => (text, whole),
    };
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b".-+".contains(&byte));
    let number: f64 = digits.parse().ok().filter(|_| is_plain)?;
    Some(number / whole)
}

/// Returns the level of a share from 0 to 1.
fn level(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ascend() {
        assert!(NAMES.is_sorted_by(|(one, _), (two, _)| one < two));
    }

    #[test]
    fn notations_of_css_are_colours() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                Colour::parse(text).map(|colour| colour.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        };
        for text in ["fff", "#FFF", "ffff", "#ffffff", "FFFFFFFF", "white", "White", "rgb(255,255,255)"] {
            check(text, "ffffff");
        }
        check("#1a3", "11aa33");
        check("#1a38", "11aa3388");
        check("0a0b0c80", "0a0b0c80");
        check("rebeccapurple", "663399");
        check("transparent", "00000000");
        check("rgb(18, 52, 86)", "123456");
        check("rgb(18 52 86)", "123456");
        check("rgba(18,52,86,.5)", "12345680");
        check("RGB(18 52 86 / 50%)", "12345680");
        check("rgb(100%, 0%, 50%)", "ff0080");
        check("rgb(300, -5, 17.6)", "ff0012");
        check("hsl(120, 100%, 25%)", "008000");
        check("hsl(-240deg 100% 25% / 0)", "00800000");
        check("hsla(0,0%,50%,1)", "808080");
        check("hsl(210, 50%, 40%)", "336699");
    }

    #[test]
    fn other_text_is_no_colour() {
        for text in [
            "",
            "#",
            "f",
            "ff",
            "fffff",
            "fffffff",
            "fffffffff",
            "00ff0g",
            "+0ff00",
            "##fff",
            "reddish",
            "rgb()",
            "rgb(1,2)",
            "rgb(1,2,3,4,5)",
            "rgb(1,2,3",
            "rgb(1e2,0,0)",
            "rgb(nan,0,0)",
            "rgb(inf 0 0)",
            "hsl(50%,1%,1%)",
            "url(1,2,3)",
            "ä",
            "1,2,3",
            " white",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }
}
