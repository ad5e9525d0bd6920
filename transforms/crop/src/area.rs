//! The requested rectangle, and its part within an image.

use safelight_core::{Error, Gravity, Rect, Result, Size, plain_decimal};
use std::fmt;

/// Description of a valid value.
pub(crate) const FORM: &str =
    "x,y,w,h in pixels, or as fractions from 0 to 1 with a decimal point, w and h above 0, or aspect:16:9";

/// A requested rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// Left edge, top edge, width, height in pixels.
    Pixels([u32; 4]),
    /// Left edge, top edge, width, height in millionths of the image.
    Millionths([u32; 4]),
    /// The largest rectangle with this ratio of width and height, in thousandths.
    Aspect([u32; 2]),
}

/// One in millionths. Integers make edges fall on the same pixel on every machine.
const WHOLE: u32 = 1_000_000;

impl Area {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(ratio) = aspect(text) {
            return Some(Self::Aspect(ratio));
        }
        let are_fractions = text.contains('.');
        let number = if are_fractions { millionths } else { pixels };
        let numbers: Vec<u32> = text.split(',').map(number).collect::<Option<_>>()?;
        let &[x, y, w, h] = numbers.as_slice() else { return None };
        let is_something = 0 < w && 0 < h;
        let area = if are_fractions { Self::Millionths } else { Self::Pixels };
        is_something.then(|| area([x, y, w, h]))
    }

    /// Returns whether `gravity` decides about the position.
    pub(crate) fn has_gravity(&self) -> bool {
        matches!(self, Self::Aspect(_))
    }

    /// Returns the part within an image of `size`.
    ///
    /// # Errors
    /// [`safelight_core::Kind::InvalidParam`] if that part is empty.
    pub(crate) fn rect(&self, size: Size, gravity: Gravity) -> Result<Rect> {
        let (x, y) = match *self {
            Self::Pixels([x, y, w, h]) => (cut(x, w, size.w), cut(y, h, size.h)),
            Self::Millionths([x, y, w, h]) => (part(x, w, size.w), part(y, h, size.h)),
            Self::Aspect(ratio) => return Ok(largest(ratio, size, gravity)),
        };
        let (Some((x, w)), Some((y, h))) = (x, y) else {
            let Size { w, h } = size;
            let message = format!("{self} is outside the image of {w} × {h} pixels");
            return Err(Error::param("crop", message));
        };
        Ok(Rect { x, y, size: Size::new(w, h) })
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Pixels(numbers) => numbers.map(|number| number.to_string()),
            Self::Millionths(numbers) => numbers.map(decimal),
            Self::Aspect(ratio) => {
                let [w, h] = ratio.map(|number| f64::from(number) / 1000.0);
                return write!(f, "aspect:{w}:{h}");
            }
        };
        f.write_str(&text.join(","))
    }
}

/// Parses `aspect:w:h` or `w:h`: numbers from 0.001 to 10000, with up to three decimals. Returns thousandths.
fn aspect(text: &str) -> Option<[u32; 2]> {
    const MAX: f64 = 10_000.0;
    let number = |text: &str| {
        let number = plain_decimal(text)?;
        let thousandths = (number * 1000.0).round();
        (1.0..=1000.0 * MAX).contains(&thousandths).then_some(thousandths as u32)
    };
    let (w, h) = text.strip_prefix("aspect:").unwrap_or(text).split_once(':')?;
    Some([number(w)?, number(h)?])
}

/// Returns the largest rectangle of a ratio within an image. The shorter side is rounded half up, and at least one pixel.
fn largest([w, h]: [u32; 2], image: Size, gravity: Gravity) -> Rect {
    let from_other = |other: u32, own: u32, across: u32| {
        let product = 2 * u64::from(other) * u64::from(own) + u64::from(across);
        u32::try_from(product / (2 * u64::from(across))).unwrap_or(u32::MAX).max(1)
    };
    let size = Size::new(image.w.min(from_other(image.h, w, h)), image.h.min(from_other(image.w, h, w)));
    let pair = |size: Size| (f64::from(size.w), f64::from(size.h));
    let (x, y) = gravity.start(pair(image), pair(size));
    Rect { x: x.round() as u32, y: y.round() as u32, size }
}

/// Formats `millionths` with a decimal point and as few digits as possible.
fn decimal(millionths: u32) -> String {
    let text = format!("{}.{:06}", millionths / WHOLE, millionths % WHOLE);
    let shortest = text.trim_end_matches('0');
    if shortest.ends_with('.') { format!("{shortest}0") } else { shortest.to_owned() }
}

fn pixels(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

fn millionths(text: &str) -> Option<u32> {
    let number = plain_decimal(text)?;
    (number <= 1.0).then(|| (number * f64::from(WHOLE)).round() as u32)
}

/// Returns start and length of the part within a side of `side` pixels, or `None` if it is empty.
fn cut(start: u32, length: u32, side: u32) -> Option<(u32, u32)> {
    let left = side.checked_sub(start).filter(|&left| 0 < left)?;
    Some((start, length.min(left)))
}

/// Does the same for millionths. Edges are rounded to whole pixels, half a pixel up, so that adjacent areas stay
/// adjacent; less than a pixel becomes one.
fn part(start: u32, length: u32, side: u32) -> Option<(u32, u32)> {
    let end = start.saturating_add(length).min(WHOLE);
    if WHOLE <= start || side == 0 {
        return None;
    }
    let edge = |millionths: u32| {
        let rounded = u64::from(side) * u64::from(millionths) + u64::from(WHOLE / 2);
        (rounded / u64::from(WHOLE)) as u32
    };
    let start = edge(start).min(side - 1);
    Some((start, edge(end).saturating_sub(start).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_rounded_at_their_edges() {
        let check = |start, length, side, expected| {
            let millionths = |text| millionths(text).unwrap();
            assert_eq!(
                part(millionths(start), millionths(length), side),
                expected,
                "{start} {length} {side}"
            );
        };
        check("0.0", "1.0", 7, Some((0, 7)));
        check("0.0", "0.5", 7, Some((0, 4)));
        check("0.5", "0.5", 7, Some((4, 3)));
        check("0.1", "0.2", 10, Some((1, 2)));
        check("0.999999", "1.0", 10, Some((9, 1)));
        check("0.0", "0.000001", 10, Some((0, 1)));
        check("0.96", "0.000001", 10, Some((9, 1)));
        check("0.0", "1.0", u32::MAX, Some((0, u32::MAX)));
        check("1.0", "1.0", 10, None);
        check("0.0", "1.0", 0, None);
    }

    #[test]
    fn halves_tile_every_side() {
        for side in 2..200 {
            let (start, length) = part(0, WHOLE / 2, side).unwrap();
            assert_eq!(start, 0);
            assert_eq!(part(WHOLE / 2, WHOLE / 2, side).unwrap(), (length, side - length));
        }
    }
}
