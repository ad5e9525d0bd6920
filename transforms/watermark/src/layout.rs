//! The size of the watermark on an image, and its places.

use crate::params::{OFFSET, POSITION, SCALE};
use safelight_core::{Gravity, Query, Rect, Size, View, params, plain_decimal, signed_decimal};
use std::fmt;

/// Where the watermark goes, on an image of any size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placing {
    /// `None` repeats it.
    gravity: Option<Gravity>,
    offset: Lengths,
    /// `None` for its own size.
    scale: Option<Scale>,
    /// Device pixels of a pixel of `offset`.
    dpr: f64,
}

/// Two lengths: of columns and of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lengths([Length; 2]);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Length {
    Pixels(f64),
    /// Of the image.
    Fraction(f64),
}

impl Default for Length {
    fn default() -> Self {
        Self::Pixels(0.0)
    }
}

/// The part of the image's width and height into which the watermark fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale(f64, f64);

impl Lengths {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (x, y) = text.split_once(',')?;
        Some(Self([Length::parse(x)?, Length::parse(y)?]))
    }

    /// Returns the lengths in pixels of an image of `size`.
    fn within(self, size: Size, dpr: f64) -> (f64, f64) {
        let Self([x, y]) = self;
        (x.within(size.w, dpr), y.within(size.h, dpr))
    }
}

impl Length {
    /// An integer is a number of pixels; with a decimal point, a number is a fraction of the image.
    fn parse(text: &str) -> Option<Self> {
        /// The largest side that `resize` makes.
        const MAX_PIXELS: f64 = 16_384.0;
        let number = signed_decimal(text)?;
        // Zero has no sign, and is the same in both.
        if number == 0.0 {
            return Some(Self::default());
        }
        if text.contains('.') {
            let number = (number * 1000.0).round() / 1000.0;
            return (number.abs() < 1.0).then_some(Self::Fraction(number));
        }
        (number.abs() <= MAX_PIXELS).then_some(Self::Pixels(number))
    }

    fn within(self, side: u32, dpr: f64) -> f64 {
        match self {
            Self::Pixels(pixels) => (pixels * dpr).round(),
            Self::Fraction(fraction) => (fraction * f64::from(side)).round(),
        }
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |length: Length| match length {
            Length::Pixels(number) | Length::Fraction(number) => number + 0.0,
        };
        let Self([x, y]) = *self;
        write!(f, "{},{}", number(x), number(y))
    }
}

impl Scale {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let number = plain_decimal(text)?;
            let number = (number * 1000.0).round() / 1000.0;
            (0.001..=10.0).contains(&number).then_some(number)
        };
        match text.split_once(',') {
            Some((w, h)) => Some(Self(number(w)?, number(h)?)),
            None => number(text).map(|number| Self(number, number)),
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(w, h) = self;
        if w.total_cmp(h).is_eq() { write!(f, "{w}") } else { write!(f, "{w},{h}") }
    }
}

/// What is drawn on an image of one size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    /// The part of the watermark that is visible at some place, in its own pixels.
    pub(crate) part: View,
    /// The size of that part on the image.
    pub(crate) shown: Size,
    /// Where it is drawn.
    pub(crate) places: Places,
}

/// Places of an overlay: from `first` on, `step` pixels from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) first: (u32, u32),
    /// `None` for one place.
    pub(crate) step: Option<(u32, u32)>,
}

impl Placing {
    pub(crate) fn of(query: &Query) -> Self {
        Self {
            gravity: query.get(POSITION.key).map_or(SOUTH_EAST, Gravity::parse),
            offset: query.get(OFFSET.key).and_then(Lengths::parse).unwrap_or_default(),
            scale: query.get(SCALE.key).and_then(Scale::parse),
            dpr: params::dpr(query),
        }
    }

    /// Returns what is drawn of a watermark of size `own` on `image`; `None` if it is outside.
    pub(crate) fn layout(&self, own: Size, image: Size) -> Option<Layout> {
        let size = self.size(own, image);
        let offset = self.offset.within(image, self.dpr);
        let Some(gravity) = self.gravity else {
            let visible = Rect { x: 0, y: 0, size: size.intersection(image) };
            let step = |side: u32, gap: f64| (f64::from(side) + gap).clamp(1.0, f64::from(u32::MAX)) as u32;
            let places =
                Places { first: (0, 0), step: Some((step(size.w, offset.0), step(size.h, offset.1))) };
            return Some(Layout { part: part(own, size, visible), shown: visible.size, places });
        };
        let pair = |size: Size| (f64::from(size.w), f64::from(size.h));
        let start = gravity.start(pair(image), pair(size));
        let (x, w, left) = visible(start.0.floor() + inwards(gravity, offset).0, size.w, image.w)?;
        let (y, h, top) = visible(start.1.floor() + inwards(gravity, offset).1, size.h, image.h)?;
        let rect = Rect { x, y, size: Size::new(w, h) };
        Some(Layout {
            part: part(own, size, rect),
            shown: rect.size,
            places: Places { first: (left, top), step: None },
        })
    }

    /// Returns the size of a watermark of size `own` on `image`.
    fn size(&self, own: Size, image: Size) -> Size {
        let Some(Scale(across, down)) = self.scale else { return own };
        let across = across * f64::from(image.w) / f64::from(own.w.max(1));
        let factor = across.min(down * f64::from(image.h) / f64::from(own.h.max(1)));
        let side = |side: u32| (f64::from(side) * factor).round().max(1.0) as u32;
        Size::new(side(own.w), side(own.h))
    }
}

const SOUTH_EAST: Option<Gravity> = Some(Gravity::At { x: 1.0, y: 1.0 });

/// Returns the offset to the right and down: from the right and the lower edge, it goes the other way.
fn inwards(gravity: Gravity, offset: (f64, f64)) -> (f64, f64) {
    let Gravity::At { x, y } = gravity else { return offset };
    let signed = |at: f64, offset: f64| if at < 1.0 { offset } else { -offset };
    (signed(x, offset.0), signed(y, offset.1))
}

/// Returns, on one axis, the first visible pixel of what begins at `start` and has `length` pixels, how many are visible,
/// and where they begin on the image.
fn visible(start: f64, length: u32, image: u32) -> Option<(u32, u32, u32)> {
    let end = (start + f64::from(length)).min(f64::from(image));
    let from = start.max(0.0);
    (from < end).then_some(((from - start) as u32, (end - from) as u32, from as u32))
}

/// Returns the part of a watermark of size `own` that is shown as `visible` of its scaled `size`.
fn part(own: Size, size: Size, visible: Rect) -> View {
    let scaled = View {
        x: f64::from(visible.x),
        y: f64::from(visible.y),
        w: f64::from(visible.size.w),
        h: f64::from(visible.size.h),
    };
    View::whole(own).part(size, scaled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::PARAMS;
    use safelight_core::params::DPR;

    #[test]
    fn the_visible_part_is_scaled_and_placed() {
        // Start and width of the part, width and height on the image, and the place there.
        let check = |raw: &str, (w, h): (u32, u32), expected: Option<[u32; 6]>| {
            let query = Query::parse(raw, "", PARAMS.iter().chain(&[DPR])).unwrap();
            let layout = Placing::of(&query).layout(Size::new(40, 20), Size::new(w, h));
            let found = layout.map(|Layout { part, shown, places: Places { first, .. } }| {
                [part.x.round() as u32, part.w.round() as u32, shown.w, shown.h, first.0, first.1]
            });
            assert_eq!(found, expected, "{raw}");
        };
        check("", (100, 100), Some([0, 40, 40, 20, 60, 80]));
        check("watermarkOffset=10,5", (100, 100), Some([0, 40, 40, 20, 50, 75]));
        check("watermarkPosition=center", (101, 100), Some([0, 40, 40, 20, 30, 40]));
        check("watermarkPosition=north&watermarkOffset=-5,3", (100, 100), Some([0, 40, 40, 20, 25, 3]));
        check("watermarkScale=0.5", (160, 100), Some([0, 40, 80, 40, 80, 60]));
        check("watermarkScale=1,0.1", (100, 100), Some([0, 40, 20, 10, 80, 90]));
        check("", (30, 100), Some([10, 30, 30, 20, 0, 80]));
        check("watermarkPosition=tile&watermarkScale=1", (80, 10), Some([0, 40, 20, 10, 0, 0]));
        check("watermarkPosition=west&watermarkOffset=-40,0", (100, 100), None);
    }
}
