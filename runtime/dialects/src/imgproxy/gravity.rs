//! Gravity: the place of a smaller rectangle in a larger one, by imgproxy's rounding.

use super::arguments::{Arguments, Invalid};
use safelight_core::Size;

/// A side, a point or the content, and offsets from there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Gravity {
    anchor: Anchor,
    x: f64,
    y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Anchor {
    /// How far to the right, and how far down: -1, 0 or 1.
    Side(i8, i8),
    /// The offsets are shares of the whole.
    Point,
    /// What catches the eye.
    Smart,
}

impl Default for Anchor {
    fn default() -> Self {
        Self::Side(0, 0)
    }
}

impl Anchor {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "ce" => Self::Side(0, 0),
            "no" => Self::Side(0, -1),
            "so" => Self::Side(0, 1),
            "ea" => Self::Side(1, 0),
            "we" => Self::Side(-1, 0),
            "noea" => Self::Side(1, -1),
            "nowe" => Self::Side(-1, -1),
            "soea" => Self::Side(1, 1),
            "sowe" => Self::Side(-1, 1),
            "fp" => Self::Point,
            "sm" => Self::Smart,
            _ => return None,
        })
    }
}

impl Gravity {
    /// Returns the directions of a word that is a side, a corner or the centre: how far to the right, and how far down.
    pub(super) fn side(word: &str) -> Option<(i8, i8)> {
        match Anchor::parse(word)? {
            Anchor::Side(x, y) => Some((x, y)),
            Anchor::Point | Anchor::Smart => None,
        }
    }

    pub(super) fn is_smart(&self) -> bool {
        self.anchor == Anchor::Smart
    }

    /// Applies a word and offsets. Offsets that are not given stay.
    pub(super) fn apply(&mut self, arguments: &Arguments<'_>) -> Result<(), Invalid> {
        self.anchor = Anchor::parse(arguments.at_most(3)?.first()?).ok_or(Invalid::Option)?;
        match self.anchor {
            Anchor::Smart => {
                arguments.at_most(1)?;
                (self.x, self.y) = (0.0, 0.0);
                return Ok(());
            }
            Anchor::Point => Invalid::unless(arguments.len() == 3)?,
            Anchor::Side(..) => (),
        }
        for (index, offset) in [(1, &mut self.x), (2, &mut self.y)] {
            if arguments.given(index).is_some() {
                *offset = arguments.number(index)?;
                Invalid::unless(self.anchor != Anchor::Point || (0.0..=1.0).contains(offset))?;
            }
        }
        Ok(())
    }

    /// Returns left and top of a rectangle of `inner` within `outer` pixels. Offsets from 1 on are multiplied by `scale`.
    /// The rectangle stays inside, unless it `overflows`: then a pixel of it does.
    pub(super) fn place(&self, outer: Size, inner: Size, scale: f64, overflows: bool) -> (i64, i64) {
        let (x, y) = match self.anchor {
            Anchor::Side(x, y) => (x, y),
            Anchor::Point => (2, 2),
            Anchor::Smart => (0, 0),
        };
        let axis = |side: i8, offset: f64, outer: u32, inner: u32| {
            let (outer, inner) = (i64::from(outer), i64::from(inner));
            let point = |share: f64| (outer as f64 * share).round_ties_even() as i64;
            let off =
                if 1.0 <= offset.abs() { (offset * scale).round_ties_even() as i64 } else { point(offset) };
            let at = match side {
                -1 => off,
                1 => (outer - inner).saturating_sub(off),
                2 => point(offset) - inner / 2,
                _ => (((outer - inner + 1) as f64 / 2.0).round_ties_even() as i64).saturating_add(off),
            };
            let (min, max) = if overflows { (1 - inner, outer - 1) } else { (0, outer - inner) };
            at.clamp(min, max.max(min))
        };
        (axis(x, self.x, outer.w, inner.w), axis(y, self.y, outer.h, inner.h))
    }
}
