//! Colours in CSS hexadecimal notation without the number sign.

use std::fmt;

/// An sRGB colour with straight alpha. `Display` is the canonical notation, in lower case and without an
/// alpha of 255.
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

    /// Parses `rrggbb` or `rrggbbaa` in hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
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
