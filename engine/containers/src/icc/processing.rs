//! Multi-process elements: conversions in floating point (ICC.1:2022 section 10.16).

use super::element::{Element, Ranges};

/// A chain of elements, to whose positions a table refers.
pub(super) fn elements(element: Element, out: &mut Ranges) -> Option<()> {
    (element.kind()? == *b"mpet").then_some(())?;
    element.keep(0, 4, out)?;
    element.keep(8, 8, out)?;
    for part in positions(element, 16, element.long(12)?, out)? {
        match &part.kind()? {
            b"cvst" => curves(part, out)?,
            b"matf" => {
                let (inputs, outputs) = channels(part, out)?;
                part.keep(12, 4 * (inputs * outputs + outputs), out)?;
            }
            b"clut" => {
                let (inputs, outputs) = channels(part, out)?;
                let numbers = part.grid_points(12, inputs, out)?.checked_mul(outputs)?;
                part.keep(28, numbers.checked_mul(4)?, out)?;
            }
            // Placeholders, which change nothing.
            b"bACS" | b"eACS" => {
                channels(part, out)?;
            }
            _ => return None,
        }
    }
    Some(())
}

/// Keeps the type and the numbers of channels of an element, and returns the latter.
fn channels(element: Element, out: &mut Ranges) -> Option<(usize, usize)> {
    element.keep(0, 4, out)?;
    element.keep(8, 4, out)?;
    Some((element.short(8)?, element.short(10)?))
}

/// The elements to which a table of `count` offsets and sizes at `at` refers.
fn positions<'a>(
    element: Element<'a>,
    at: usize,
    count: usize,
    out: &mut Ranges,
) -> Option<Vec<Element<'a>>> {
    // It checks the count too, before memory is reserved for it.
    element.keep(at, count.checked_mul(8)?, out)?;
    let part = |i: usize| {
        let (start, bytes) = (element.long(at + 8 * i)?, element.long(at + 8 * i + 4)?);
        element.part(start..start.checked_add(bytes)?)
    };
    (0..count).map(part).collect()
}

/// A curve for each channel.
fn curves(element: Element, out: &mut Ranges) -> Option<()> {
    let (inputs, _) = channels(element, out)?;
    for curve in positions(element, 12, inputs, out)? {
        segments(curve, out)?;
    }
    Some(())
}

/// A curve of segments: between every two, a number at which they meet.
fn segments(curve: Element, out: &mut Ranges) -> Option<()> {
    const PARAMETERS: [usize; 3] = [4, 5, 5];
    (curve.kind()? == *b"curf").then_some(())?;
    let count = curve.short(8)?;
    let borders = 4 * count.checked_sub(1)?;
    curve.keep(0, 4, out)?;
    curve.keep(8, 2, out)?;
    curve.keep(12, borders, out)?;
    let mut at = 12 + borders;
    for _ in 0..count {
        let head = curve.part(at..at + 12)?;
        let (kept, numbers) = match &head.kind()? {
            b"parf" => (2, *PARAMETERS.get(head.short(8)?)?),
            b"samf" => (4, head.long(8)?),
            _ => return None,
        };
        head.keep(0, 4, out)?;
        head.keep(8, kept, out)?;
        let bytes = numbers.checked_mul(4)?;
        curve.keep(at + 12, bytes, out)?;
        at += 12 + bytes;
    }
    Some(())
}
