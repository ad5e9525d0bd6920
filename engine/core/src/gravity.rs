//! The part of an image that is kept where something is cut off, and the place of an image in a larger box.

use crate::plain_decimal;
use std::fmt;

/// The position of a part in an image, or of an image in a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gravity {
    /// Fractions of the free space to the left and above: 0 for west and north, 1 for east and south. The point at these
    /// fractions of the image is at the same fractions of the box, as in CSS `background-position`.
    At {
        /// From west to east.
        x: f64,
        /// From north to south.
        y: f64,
    },
    /// The point at these fractions of the image is in the middle, as far as the image reaches.
    Focus {
        /// From west to east.
        x: f64,
        /// From north to south.
        y: f64,
    },
    /// The part that draws attention: edges, saturated colours and skin. The centre until a step has found it.
    Attention,
    /// The part with the most information. The centre until a step has found it.
    Entropy,
}

/// Description of a valid value of `gravity`.
pub(crate) const FORM: &str = "center, north, north-east, east, south-east, south, south-west, west, north-west, \
                               attention, entropy, or x,y as fractions from 0 to 1";

/// Description of a valid value of `focus`.
pub(crate) const FOCUS_FORM: &str = "x,y as fractions from 0 to 1";

const WORDS: [(&str, Gravity); 11] = [
    ("center", Gravity::CENTRE),
    ("north", Gravity::At { x: 0.5, y: 0.0 }),
    ("north-east", Gravity::At { x: 1.0, y: 0.0 }),
    ("east", Gravity::At { x: 1.0, y: 0.5 }),
    ("south-east", Gravity::At { x: 1.0, y: 1.0 }),
    ("south", Gravity::At { x: 0.5, y: 1.0 }),
    ("south-west", Gravity::At { x: 0.0, y: 1.0 }),
    ("west", Gravity::At { x: 0.0, y: 0.5 }),
    ("north-west", Gravity::At { x: 0.0, y: 0.0 }),
    ("attention", Gravity::Attention),
    ("entropy", Gravity::Entropy),
];

/// Words of others for the same.
const SYNONYMS: [(&str, &str); 7] = [
    ("auto", "attention"),
    ("bottom", "south"),
    ("centre", "center"),
    ("left", "west"),
    ("right", "east"),
    ("smart", "attention"),
    ("top", "north"),
];

impl Default for Gravity {
    fn default() -> Self {
        Self::CENTRE
    }
}

impl Gravity {
    /// The middle.
    pub const CENTRE: Self = Self::At { x: 0.5, y: 0.5 };

    /// Parses a word, or two fractions.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let synonym = SYNONYMS.iter().find(|(synonym, _)| *synonym == text);
        let text = synonym.map_or(text.as_str(), |(_, word)| word);
        if let Some((_, gravity)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Some(*gravity);
        }
        let (x, y) = point(text)?;
        Some(Self::At { x, y })
    }

    /// Parses the two fractions of a focus.
    pub fn parse_focus(text: &str) -> Option<Self> {
        let (x, y) = point(text)?;
        Some(Self::Focus { x, y })
    }

    /// Returns the start, on each axis, of a part of `part` pixels in an image of `image` pixels.
    pub fn start(self, image: (f64, f64), part: (f64, f64)) -> (f64, f64) {
        let free = (image.0 - part.0, image.1 - part.1);
        match self {
            Self::At { x, y } => (free.0 * x, free.1 * y),
            Self::Focus { x, y } => {
                let axis = |at: f64, image: f64, part: f64, free: f64| {
                    (at * image - part / 2.0).clamp(0.0, free.max(0.0))
                };
                (axis(x, image.0, part.0, free.0), axis(y, image.1, part.1, free.1))
            }
            Self::Attention | Self::Entropy => (free.0 / 2.0, free.1 / 2.0),
        }
    }

    /// Returns the same position for a part, from `start` on, of the image that it was meant for.
    #[must_use]
    pub fn within(self, image: (f64, f64), start: (f64, f64), part: (f64, f64)) -> Self {
        let Self::Focus { x, y } = self else { return self };
        let axis = |at: f64, image: f64, start: f64, part: f64| ((at * image - start) / part).clamp(0.0, 1.0);
        Self::Focus { x: axis(x, image.0, start.0, part.0), y: axis(y, image.1, start.1, part.1) }
    }

    /// Returns whether the position depends on what the image shows.
    pub fn is_smart(self) -> bool {
        matches!(self, Self::Attention | Self::Entropy)
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, WORDS.iter().find(|(_, gravity)| gravity == self)) {
            (_, Some((word, _))) => f.write_str(word),
            (Self::At { x, y } | Self::Focus { x, y }, None) => write!(f, "{x},{y}"),
            (Self::Attention | Self::Entropy, None) => unreachable!("both have words"),
        }
    }
}

/// Parses two numbers from 0 to 1 of digits and a point, rounded to three decimals.
fn point(text: &str) -> Option<(f64, f64)> {
    let fraction = |text: &str| {
        let number = plain_decimal(text)?;
        (number <= 1.0).then(|| (number * 1000.0).round() / 1000.0)
    };
    let (x, y) = text.split_once(',')?;
    Some((fraction(x)?, fraction(y)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_mean_the_same() {
        let check =
            |text, expected: &str| assert_eq!(Gravity::parse(text).unwrap().to_string(), expected, "{text}");
        check("Smart", "attention");
        check("auto", "attention");
        check("centre", "center");
        check("0.5,0.0", "north");
        check("LEFT", "west");
        check("0.30004,1", "0.3,1");
        assert_eq!(Gravity::parse("face"), None);
        assert_eq!(Gravity::parse_focus("0.5,0.5").unwrap().to_string(), "0.5,0.5");
        assert_eq!(Gravity::parse_focus("center"), None);
    }

    #[test]
    fn a_focus_is_in_the_middle_where_it_can_be() {
        let check = |x, y, expected: (f64, f64)| {
            let start = Gravity::Focus { x, y }.start((100.0, 50.0), (40.0, 50.0));
            assert!(
                (start.0 - expected.0).abs() + (start.1 - expected.1).abs() < 1e-9,
                "{x}, {y}: {start:?}"
            );
        };
        check(0.5, 0.9, (30.0, 0.0));
        check(0.6, 0.1, (40.0, 0.0));
        check(0.05, 0.5, (0.0, 0.0));
        check(1.0, 0.5, (60.0, 0.0));
        let part = Gravity::Focus { x: 0.6, y: 0.5 }.within((100.0, 50.0), (40.0, 0.0), (40.0, 50.0));
        assert_eq!(part, Gravity::Focus { x: 0.5, y: 0.5 });
    }
}
