//! Widths of four sides.

use safelight_core::Size;

/// Widths in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sides {
    pub(crate) top: u32,
    pub(crate) right: u32,
    pub(crate) bottom: u32,
    pub(crate) left: u32,
}

impl Sides {
    /// Parses one to four numbers: CSS Box Model Module Level 3, section 4.1.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number =
            |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let numbers: Vec<u32> = text.split(',').take(5).map(number).collect::<Option<_>>()?;
        let (top, right, bottom, left) = match numbers[..] {
            [all] => (all, all, all, all),
            [vertical, horizontal] => (vertical, horizontal, vertical, horizontal),
            [top, horizontal, bottom] => (top, horizontal, bottom, horizontal),
            [top, right, bottom, left] => (top, right, bottom, left),
            _ => return None,
        };
        Some(Self { top, right, bottom, left })
    }

    /// Returns the shortest spelling of a value whose numbers are at most `max`.
    pub(crate) fn canonical(text: &str, max: u32) -> Option<String> {
        let Self { top, right, bottom, left } = Self::parse(text)?;
        if max < top.max(right).max(bottom).max(left) {
            return None;
        }
        Some(match (right == left, top == bottom, top == right) {
            (true, true, true) => top.to_string(),
            (true, true, false) => format!("{top},{right}"),
            (true, false, _) => format!("{top},{right},{bottom}"),
            (false, ..) => format!("{top},{right},{bottom},{left}"),
        })
    }

    /// Returns the widths times `factor`, rounded half up.
    pub(crate) fn times(self, factor: f64) -> Self {
        let times = |width: u32| (f64::from(width) * factor).round() as u32;
        Self {
            top: times(self.top),
            right: times(self.right),
            bottom: times(self.bottom),
            left: times(self.left),
        }
    }

    /// Returns the size of what has an image of `size` in its middle.
    pub(crate) fn around(self, size: Size) -> Size {
        let sum = |side: u32, one, other| side.saturating_add(one).saturating_add(other);
        Size::new(sum(size.w, self.left, self.right), sum(size.h, self.top, self.bottom))
    }
}
