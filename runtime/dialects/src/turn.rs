//! Turns: the eight ways to place a picture on its sides.

use safelight_core::{Orientation, Rect, Size};

/// A turn: a picture is mirrored left to right, or not, and then rotated clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    is_mirrored: bool,
    /// Clockwise quarters, 0 to 3.
    quarters: u8,
}

impl Turn {
    /// A mirror from left to right.
    pub(crate) const HORIZONTAL: Self = Self { is_mirrored: true, quarters: 0 };

    /// A mirror from top to bottom.
    pub(crate) const VERTICAL: Self = Self { is_mirrored: true, quarters: 2 };

    /// A clockwise rotation by so many quarters, which may be negative.
    pub(crate) fn clockwise(quarters: i64) -> Self {
        Self { is_mirrored: false, quarters: quarters.rem_euclid(4) as u8 }
    }

    /// The turn that shows stored pixels upright (EXIF 2.32, tag 0x0112).
    pub(crate) fn upright(orientation: Orientation) -> Self {
        let (is_mirrored, quarters) = match orientation.get() {
            2 => (true, 0),
            3 => (false, 2),
            4 => (true, 2),
            5 => (true, 3),
            6 => (false, 1),
            7 => (true, 1),
            8 => (false, 3),
            _ => (false, 0),
        };
        Self { is_mirrored, quarters }
    }

    /// The turn that does this one, and then `next`.
    pub(crate) fn then(self, next: Self) -> Self {
        let own = if next.is_mirrored { 4 - self.quarters } else { self.quarters };
        Self { is_mirrored: self.is_mirrored != next.is_mirrored, quarters: (next.quarters + own) % 4 }
    }

    /// The turn that takes this one back.
    pub(crate) fn inverse(self) -> Self {
        if self.is_mirrored { self } else { Self { quarters: (4 - self.quarters) % 4, ..self } }
    }

    /// Returns whether width and height are exchanged.
    pub(crate) fn is_transposed(self) -> bool {
        self.quarters % 2 == 1
    }

    /// Returns the size of a turned picture.
    pub(crate) fn size(self, size: Size) -> Size {
        if self.is_transposed() { size.transposed() } else { size }
    }

    /// Returns a rectangle within a picture of `size`, after the turn.
    pub(crate) fn rect(self, rect: Rect, size: Size) -> Rect {
        let (mut rect, mut size) = (rect, size);
        if self.is_mirrored {
            rect.x = size.w.saturating_sub(rect.x.saturating_add(rect.size.w));
        }
        for _ in 0..self.quarters {
            let top = rect.x;
            rect.x = size.h.saturating_sub(rect.y.saturating_add(rect.size.h));
            rect.y = top;
            (rect.size, size) = (rect.size.transposed(), size.transposed());
        }
        rect
    }

    /// Returns the values of `rotate`, in degrees, and of `flip`, which follows it.
    pub(crate) fn to_query(self) -> (u16, Option<&'static str>) {
        // A mirror before a rotation equals one after a rotation the other way.
        let quarters = if self.is_mirrored { (4 - self.quarters) % 4 } else { self.quarters };
        match (self.is_mirrored, quarters) {
            // One parameter instead of two.
            (true, 2) => (0, Some("v")),
            (is_mirrored, quarters) => (u16::from(quarters) * 90, is_mirrored.then_some("h")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Turn> {
        (1..=8).filter_map(Orientation::new).map(Turn::upright)
    }

    /// Returns where the corner of a picture of 3 × 2 is, and whether it was mirrored.
    fn corner(turn: Turn) -> (u32, u32) {
        let rect = turn.rect(Rect { x: 0, y: 0, size: Size::new(1, 1) }, Size::new(3, 2));
        (rect.x, rect.y)
    }

    #[test]
    fn orientations_are_those_of_exif() {
        // Where the standard shows row 0 and column 0: top left, top right, bottom right, bottom left, and so on.
        let expected = [(0, 0), (2, 0), (2, 1), (0, 1), (0, 0), (1, 0), (1, 2), (0, 2)];
        assert_eq!(all().map(corner).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn turns_are_a_group() {
        let rect = Rect { x: 0, y: 1, size: Size::new(2, 3) };
        let size = Size::new(7, 5);
        for one in all() {
            assert_eq!(one.then(one.inverse()), Turn::default(), "{one:?}");
            assert_eq!(one.inverse().rect(one.rect(rect, size), one.size(size)), rect);
            for two in all() {
                let both = two.rect(one.rect(rect, size), one.size(size));
                assert_eq!(one.then(two).rect(rect, size), both, "{one:?} {two:?}");
            }
        }
    }

    #[test]
    fn queries_turn_alike() {
        for turn in all() {
            let (degrees, flip) = turn.to_query();
            let flip = match flip {
                Some("h") => Turn::HORIZONTAL,
                Some("v") => Turn::VERTICAL,
                _ => Turn::default(),
            };
            assert_eq!(Turn::clockwise(i64::from(degrees / 90)).then(flip), turn);
        }
        assert_eq!(Turn::clockwise(-1), Turn::clockwise(7));
    }
}
