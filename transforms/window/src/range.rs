//! Windows: the mapping from stored values to levels (DICOM PS3.3 C.11.2.1.2.1).

use safelight_core::plain_decimal;
use std::fmt;

/// Description of a valid value.
pub(crate) const FORM: &str = "center,width: a number from -65536 to 65536 and one from 1 to 131072";

/// Resolution of numbers: thousandths.
const WHOLE: i64 = 1000;
/// Limits that are beyond every 16-bit value.
const MAX_CENTER: i64 = 65_536 * WHOLE;
const MAX_WIDTH: i64 = 131_072 * WHOLE;

/// A window, in thousandths of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    center: i64,
    width: i64,
}

impl Range {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (center, width) = text.split_once(',')?;
        let (sign, center) = center.strip_prefix('-').map_or((1, center), |center| (-1, center));
        let (center, width) = (sign * thousandths(center)?, thousandths(width)?);
        let is_in_range = center.abs() <= MAX_CENTER && (WHOLE..=MAX_WIDTH).contains(&width);
        is_in_range.then_some(Self { center, width })
    }

    /// Returns the level, 0 to 255, for the stored `value`: formula C.11-2a, rounded to the nearest.
    pub(crate) fn level(self, value: i32) -> u8 {
        // All terms are doubled, because the formula has halves: x - (c - 0.5), and (w - 1) / 2.
        let from_center = 2 * (i64::from(value) * WHOLE - self.center) + WHOLE;
        let reach = self.width - WHOLE;
        if from_center <= -reach {
            0
        } else if reach < from_center {
            255
        } else {
            // ((x - (c - 0.5)) / (w - 1) + 0.5) · 255. The first factor is from 0 to 1, and w is not 1 here.
            (((from_center + reach) * 255 + reach) / (2 * reach)) as u8
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.center < 0 { "-" } else { "" };
        write!(f, "{sign}{},{}", decimal(self.center.abs()), decimal(self.width))
    }
}

/// Parses a number of digits and a point, rounded to three decimals.
fn thousandths(text: &str) -> Option<i64> {
    plain_decimal(text).map(|number| (number * WHOLE as f64).round() as i64)
}

/// Formats `thousandths` in as few digits as possible.
fn decimal(thousandths: i64) -> String {
    let (whole, part) = (thousandths / WHOLE, thousandths % WHOLE);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:03}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes the formula as the standard writes it.
    fn linear(value: f64, center: f64, width: f64) -> f64 {
        if value <= center - 0.5 - (width - 1.0) / 2.0 {
            0.0
        } else if value > center - 0.5 + (width - 1.0) / 2.0 {
            255.0
        } else {
            ((value - (center - 0.5)) / (width - 1.0) + 0.5) * 255.0
        }
    }

    #[test]
    fn levels_are_those_of_the_standard() {
        for text in ["2048,4096", "0,100", "0,1", "-600.5,1500.25", "40,2", "65536,131072", "0,1.001"] {
            let range = Range::parse(text).unwrap();
            let (center, width) = text.split_once(',').unwrap();
            let (center, width) = (center.parse().unwrap(), width.parse().unwrap());
            for value in (-70_000..70_000).step_by(7).chain(-120..120) {
                let (found, expected) = (f64::from(range.level(value)), linear(value.into(), center, width));
                assert!((found - expected).abs() <= 0.5 + 1e-6, "{text} {value}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn the_examples_of_the_standard_hold() {
        // C.11.2.1.2.1: center 2048 and width 4096 map 0 to the lowest and 4095 to the highest level.
        let all = Range::parse("2048,4096").unwrap();
        assert_eq!([0, 1, 4094, 4095].map(|value| all.level(value)), [0, 0, 255, 255]);
        assert_eq!([8, 9].map(|value| all.level(value)), [0, 1]);
        // Center 2048 and width 1: 2047 is the last black value.
        let edge = Range::parse("2048,1").unwrap();
        assert_eq!([2047, 2048].map(|value| edge.level(value)), [0, 255]);
        // Center 0 and width 100: -50 and below are black, 49 and above white.
        let narrow = Range::parse("0,100").unwrap();
        assert_eq!([-51, -50, 49, 50].map(|value| narrow.level(value)), [0, 0, 255, 255]);
    }
}
