//! The nominal size of a drawing (SVG 2, 8.2; CSS Images 3, 5).

use resvg::usvg::roxmltree::Node;
use safelight_core::Size;
use std::ops::RangeInclusive;

/// The size where nothing states one (CSS 2.2, 10.3.2).
const DEFAULT: (f64, f64) = (300.0, 150.0);
/// Longer sides are taken for this one, which no limit on outputs allows.
const MAX_SIDE: f64 = 1e9;

/// Returns the sanitised file `text`, whose root element is `root`, with its nominal size as width and height; and that
/// size. So a file with shares of what is around, or without any size, is drawn in the size that is planned with.
pub(super) fn with_size(text: &str, root: Node<'_, '_>) -> (String, Size) {
    const START: &str = "<svg";
    let size = nominal(root);
    let mut ranges: Vec<_> = ["width", "height"]
        .into_iter()
        .filter_map(|name| root.attribute_node(name))
        .map(|attribute| attribute.range())
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut sized = format!("{START} width=\"{}\" height=\"{}\"", size.w, size.h);
    let mut at = root.range().start + START.len();
    for range in ranges {
        sized.push_str(&text[at..range.start]);
        at = range.end;
    }
    sized.push_str(&text[at..]);
    (sized, size)
}

/// The size of the root element in pixels, rounded, at least 1.
fn nominal(root: Node<'_, '_>) -> Size {
    let side = |name| root.attribute(name).and_then(length);
    let (w, h) = match (side("width"), side("height"), root.attribute("viewBox").and_then(view_box)) {
        (Some(w), Some(h), _) => (w, h),
        (Some(w), None, Some((vw, vh))) => (w, w * vh / vw),
        (None, Some(h), Some((vw, vh))) => (h * vw / vh, h),
        (None, None, Some(view)) => size_of_view(view),
        (w, h, None) => (w.unwrap_or(DEFAULT.0), h.unwrap_or(DEFAULT.1)),
    };
    let side = |side: f64| side.round().clamp(1.0, MAX_SIDE) as u32;
    Size::new(side(w), side(h))
}

/// The size of a drawing of which only the `viewBox` is known. Its units are pixels, if that is a usual size; but it
/// states a ratio, and no size, so that one of very small or many units has the longer side of [`DEFAULT`].
fn size_of_view((w, h): (f64, f64)) -> (f64, f64) {
    const USUAL: RangeInclusive<f64> = 16.0..=16_384.0;
    let longer = w.max(h);
    if USUAL.contains(&longer) { (w, h) } else { (w / longer * DEFAULT.0, h / longer * DEFAULT.0) }
}

/// A positive length in pixels (CSS Values 4, 6); `None` for none, and for a share of what is around.
fn length(text: &str) -> Option<f64> {
    /// The size of text where nothing states one.
    const EM: f64 = 16.0;
    let text = text.trim();
    let is_unit = |(at, letter): (usize, char)| {
        let is_exponent = matches!(letter, 'e' | 'E')
            && text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || matches!(next, '+' | '-'));
        letter.is_ascii_alphabetic() && !is_exponent || letter == '%'
    };
    let at = text.char_indices().find(|&letter| is_unit(letter)).map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(at);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "px" => 1.0,
        "pt" => 4.0 / 3.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        "q" => 96.0 / 101.6,
        "em" | "rem" => EM,
        "ex" => EM / 2.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor).filter(|side| side.is_finite() && 0.0 < *side)
}

/// Width and height of a `viewBox`.
fn view_box(text: &str) -> Option<(f64, f64)> {
    let numbers = text.split(|letter: char| letter == ',' || letter.is_ascii_whitespace());
    let numbers: Option<Vec<f64>> = numbers.filter(|it| !it.is_empty()).map(|it| it.parse().ok()).collect();
    match numbers?.as_slice() {
        &[_, _, w, h] if 0.0 < w && 0.0 < h && w.is_finite() && h.is_finite() => Some((w, h)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::usvg::roxmltree::Document;

    #[test]
    fn sizes_follow_attributes_and_the_view() {
        let check = |attributes: &str, expected: (u32, u32)| {
            let text = format!("<svg {attributes} id=\"a\"><g width=\"1\"/></svg>");
            let document = Document::parse(&text).expect("a small document");
            let (sized, found) = with_size(&text, document.root_element());
            assert_eq!((found.w, found.h), expected, "{attributes}");
            let document = Document::parse(&sized).expect("attributes are not doubled");
            let [w, h, id] =
                ["width", "height", "id"].map(|name| document.root_element().attribute(name).unwrap());
            assert_eq!((w, h, id), (&*expected.0.to_string(), &*expected.1.to_string(), "a"), "{sized}");
            assert!(sized.ends_with("><g width=\"1\"/></svg>"), "{sized}");
        };
        check("width='20' height='30'", (20, 30));
        check("height='30' viewBox='0 0 1 1' width='20'", (20, 30));
        check("width='20.2px' height='1in'", (20, 96));
        check("width='25.4mm' height='2.54CM'", (96, 96));
        check("width='72pt' height='6pc'", (96, 96));
        check("width='2em' height='2ex'", (32, 16));
        check("width='1e2' height='.5'", (100, 1));
        check("width='1E+1px' height='1e1mm'", (10, 38));
        check("viewBox='5 5 24,12'", (24, 12));
        check("viewBox='0 0 1 0.5'", (300, 150));
        check("viewBox='0 0 200000 400000'", (150, 300));
        check("viewBox='0 0 1e38 1e-38'", (300, 1));
        check("width='48' viewBox='0 0 24 12'", (48, 24));
        check("height='100%' width='48' viewBox='0 0 24 12'", (48, 24));
        check("width='100%' height='100%' viewBox='0 0 24 12'", (24, 12));
        check("width='auto' height='50vh' viewBox='0 0 24 12'", (24, 12));
        check("viewBox='0 0 0 12' width='-4' height='a'", (300, 150));
        check("viewBox='0 0 NaN 12' width='NaN' height='inf'", (300, 150));
        check("viewBox='0 0 9 9 9' width='0' height='1e999'", (300, 150));
        check("width='4é' height='e5'", (300, 150));
        check("", (300, 150));
        check("width='40'", (40, 150));
        check("width='1e300' height='1'", (1_000_000_000, 1));
    }
}
