//! The position of an image relative to a box: which part `cover` keeps, and where `pad` places the image.

use std::fmt;

/// Description of a valid value.
pub(crate) const FORM: &str = "center, north, north-east, east, south-east, south, south-west, west, \
                               north-west, or x,y as fractions from 0 to 1";

/// The fractions of the free space to the left and above. The point at these fractions of the image is at the same
/// fractions of the box, as in CSS `background-position`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gravity {
    /// 0 for west, 1 for east.
    pub(crate) x: f64,
    /// 0 for north, 1 for south.
    pub(crate) y: f64,
}

const WORDS: [(&str, Gravity); 9] = [
    ("center", Gravity { x: 0.5, y: 0.5 }),
    ("north", Gravity { x: 0.5, y: 0.0 }),
    ("north-east", Gravity { x: 1.0, y: 0.0 }),
    ("east", Gravity { x: 1.0, y: 0.5 }),
    ("south-east", Gravity { x: 1.0, y: 1.0 }),
    ("south", Gravity { x: 0.5, y: 1.0 }),
    ("south-west", Gravity { x: 0.0, y: 1.0 }),
    ("west", Gravity { x: 0.0, y: 0.5 }),
    ("north-west", Gravity { x: 0.0, y: 0.0 }),
];

impl Default for Gravity {
    fn default() -> Self {
        Self { x: 0.5, y: 0.5 }
    }
}

impl Gravity {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((_, gravity)) = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            return Some(*gravity);
        }
        let (x, y) = text.split_once(',')?;
        Some(Self { x: fraction(x)?, y: fraction(y)? })
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match WORDS.iter().find(|(_, gravity)| gravity == self) {
            Some((word, _)) => f.write_str(word),
            None => write!(f, "{},{}", self.x, self.y),
        }
    }
}

pub(crate) fn canonical(text: &str) -> Option<String> {
    Gravity::parse(text).map(|gravity| gravity.to_string())
}

/// Parses a number from 0 to 1 of digits and a point, rounded to three decimals.
fn fraction(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: f64 = text.parse().ok().filter(|_| is_plain)?;
    (number <= 1.0).then(|| (number * 1000.0).round() / 1000.0)
}
