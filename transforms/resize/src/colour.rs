//! Colours, as in CSS hexadecimal notation without the number sign.

use std::fmt;

/// What a value must be.
pub(crate) const FORM: &str = "a colour as rrggbb or rrggbbaa in hexadecimal digits";

/// An sRGB colour, alpha straight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour {
    /// Red, green, blue.
    pub(crate) rgb: [u8; 3],
    /// 255 for opaque.
    pub(crate) alpha: u8,
}

impl Colour {
    pub(crate) const WHITE: Self = Self { rgb: [255; 3], alpha: 255 };
    pub(crate) const NOTHING: Self = Self { rgb: [0; 3], alpha: 0 };

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(text, 16).ok().filter(|_| is_hexadecimal)?;
        let [r, g, b, alpha] = match text.len() {
            6 => number << 8 | 0xFF,
            8 => number,
            _ => return None,
        }
        .to_be_bytes();
        Some(Self { rgb: [r, g, b], alpha })
    }

    /// Whether it is a shade of grey.
    pub(crate) fn is_grey(self) -> bool {
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

pub(crate) fn canonical(text: &str) -> Option<String> {
    Colour::parse(text).map(|colour| colour.to_string())
}
