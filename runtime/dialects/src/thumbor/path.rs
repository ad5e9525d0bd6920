//! The parts of a path, each of which may be missing.

use super::{Flavour, filters};

/// A parsed path, after its signature.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the URL")]
pub(super) struct Path {
    pub(super) is_meta: bool,
    pub(super) is_debug: bool,
    pub(super) trim: Option<Trim>,
    /// Left, top, right, bottom.
    pub(super) crop: Option<[f64; 4]>,
    pub(super) fit: Option<FitIn>,
    pub(super) is_stretched: bool,
    pub(super) width: Side,
    pub(super) height: Side,
    /// Left to right, and top to bottom.
    pub(super) flip: (bool, bool),
    /// Left, top, right, bottom.
    pub(super) padding: [u32; 4],
    /// -1 for left, 1 for right.
    pub(super) horizontal: Option<i8>,
    /// -1 for top, 1 for bottom.
    pub(super) vertical: Option<i8>,
    pub(super) is_smart: bool,
    /// Names and arguments.
    pub(super) filters: Vec<(String, String)>,
    /// The rest, as it was sent.
    pub(super) key: String,
}

/// The search for a border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trim {
    pub(super) tolerance: u32,
}

/// `fit-in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FitIn {
    pub(super) is_adaptive: bool,
    pub(super) is_full: bool,
}

/// A side of the box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// As the other side demands.
    #[default]
    Free,
    /// That of the source.
    Original,
    Pixels(u32),
}

impl Path {
    /// Parses a path. What is no part in its place is the key.
    pub(super) fn parse(flavour: Flavour, path: &str) -> Self {
        let mut parsed = Self::default();
        let mut rest = path;
        let is_imagor = flavour == Flavour::Imagor;
        let mut take = |accept: &mut dyn FnMut(&str) -> bool| {
            if let Some((segment, after)) = rest.split_once('/')
                && accept(segment)
            {
                rest = after;
            }
        };
        if !is_imagor {
            take(&mut |segment| is(&mut parsed.is_debug, segment == "debug"));
        }
        take(&mut |segment| is(&mut parsed.is_meta, segment == "meta"));
        take(&mut |segment| some(&mut parsed.trim, Trim::parse(flavour, segment)));
        take(&mut |segment| some(&mut parsed.crop, crop(flavour, segment)));
        take(&mut |segment| some(&mut parsed.fit, FitIn::parse(segment)));
        if is_imagor {
            take(&mut |segment| is(&mut parsed.is_stretched, segment == "stretch"));
        }
        take(&mut |segment| parsed.size(flavour, segment));
        if is_imagor {
            take(&mut |segment| padding(segment).map(|padding| parsed.padding = padding).is_some());
        }
        take(&mut |segment| some(&mut parsed.horizontal, word(segment, ["left", "center", "right"])));
        take(&mut |segment| some(&mut parsed.vertical, word(segment, ["top", "middle", "bottom"])));
        take(&mut |segment| is(&mut parsed.is_smart, segment == "smart"));
        if let Some(text) = rest.strip_prefix("filters:") {
            let found = match flavour {
                Flavour::Thumbor => filters::thumbor(text),
                Flavour::Imagor => filters::imagor(text),
            };
            if let Some((filters, after)) = found {
                parsed.filters = filters;
                rest = after;
            }
        }
        rest.clone_into(&mut parsed.key);
        parsed
    }

    fn size(&mut self, flavour: Flavour, segment: &str) -> bool {
        let Some((width, height)) = segment.split_once('x') else { return false };
        let flips = (width.starts_with('-'), height.starts_with('-'));
        let side = |text: &str| match text.strip_prefix('-').unwrap_or(text) {
            "" => Some(Side::Free),
            "orig" if flavour == Flavour::Thumbor => Some(Side::Original),
            digits => Some(match whole(digits)? {
                0 => Side::Free,
                pixels => Side::Pixels(pixels),
            }),
        };
        let (Some(width), Some(height)) = (side(width), side(height)) else { return false };
        (self.width, self.height, self.flip) = (width, height, flips);
        true
    }
}

fn is(flag: &mut bool, is_set: bool) -> bool {
    *flag = is_set;
    is_set
}

fn some<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    *place = value;
    place.is_some()
}

fn word(segment: &str, words: [&str; 3]) -> Option<i8> {
    words.iter().zip([-1, 0, 1]).find(|(word, _)| **word == segment).map(|(_, side)| side)
}

/// Returns a number of digits only. One that is too large is the largest.
fn whole(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}

impl Trim {
    fn parse(flavour: Flavour, segment: &str) -> Option<Self> {
        let mut parts = segment.split(':');
        if parts.next() != Some("trim") {
            return None;
        }
        let mut trim = Self { tolerance: u32::from(flavour == Flavour::Imagor) };
        let parts: Vec<_> = parts.collect();
        match parts.as_slice() {
            // The colour is always that of the pixel at the top left here.
            [] | ["top-left" | "bottom-right"] => (),

            // thumbor reads the number only after a corner.
            [number] => {
                let number = whole(number)?;
                if flavour == Flavour::Imagor {
                    trim.tolerance = number;
                }
            }
            ["top-left" | "bottom-right", number] => trim.tolerance = whole(number)?,
            _ => return None,
        }
        Some(trim)
    }
}

fn crop(flavour: Flavour, segment: &str) -> Option<[f64; 4]> {
    let number = |text: &str| {
        let is_number = match flavour {
            Flavour::Thumbor => whole(text).is_some(),
            Flavour::Imagor => text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'),
        };
        text.parse::<f64>().ok().filter(|_| is_number)
    };
    let (start, end) = segment.split_once(':')?;
    let ((left, top), (right, bottom)) = (start.split_once('x')?, end.split_once('x')?);
    Some([number(left)?, number(top)?, number(right)?, number(bottom)?])
}

/// Returns left, top, right and bottom of `AxB` or `AxB:CxD`.
fn padding(segment: &str) -> Option<[u32; 4]> {
    let pair = |text: &str| {
        let (x, y) = text.split_once('x')?;
        Some((whole(x)?, whole(y)?))
    };
    let (start, end) = segment.split_once(':').unwrap_or((segment, segment));
    let ((left, top), (right, bottom)) = (pair(start)?, pair(end)?);
    Some([left, top, right, bottom])
}

impl FitIn {
    fn parse(segment: &str) -> Option<Self> {
        let (is_adaptive, rest) = match segment.strip_prefix("adaptive-") {
            Some(rest) => (true, rest),
            None => (false, segment),
        };
        let (is_full, rest) = match rest.strip_prefix("full-") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        (rest == "fit-in").then_some(Self { is_adaptive, is_full })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_their_order() {
        let all = "meta/trim:top-left:5/1x2:3x4/adaptive-full-fit-in/-10x-20/left/bottom/smart/filters:blur(3)/a/b.png";
        let path = Path::parse(Flavour::Thumbor, all);
        let expected = Path {
            is_meta: true,
            trim: Some(Trim { tolerance: 5 }),
            crop: Some([1.0, 2.0, 3.0, 4.0]),
            fit: Some(FitIn { is_adaptive: true, is_full: true }),
            width: Side::Pixels(10),
            height: Side::Pixels(20),
            flip: (true, true),
            horizontal: Some(-1),
            vertical: Some(1),
            is_smart: true,
            filters: vec![("blur".to_owned(), "3".to_owned())],
            key: "a/b.png".to_owned(),
            ..Path::default()
        };
        assert_eq!(path, expected);
    }

    #[test]
    fn what_is_out_of_order_is_the_key() {
        let check = |flavour, path: &str, expected: &str| {
            assert_eq!(Path::parse(flavour, path).key, expected, "{path}");
        };
        check(Flavour::Thumbor, "a.png", "a.png");
        check(Flavour::Thumbor, "60x40", "60x40");
        check(Flavour::Thumbor, "60x40/fit-in/a.png", "fit-in/a.png");
        check(Flavour::Thumbor, "60x40/5x5/a.png", "5x5/a.png");
        check(Flavour::Thumbor, "top/left/a.png", "left/a.png");
        check(Flavour::Thumbor, "trim:top-right/a.png", "trim:top-right/a.png");
        check(Flavour::Thumbor, "0.1x0:1x1/a.png", "0.1x0:1x1/a.png");
        check(Flavour::Thumbor, "filters:blur/a.png", "filters:blur/a.png");
        check(Flavour::Imagor, "60x40/5x5/a.png", "a.png");
        check(Flavour::Imagor, "stretch/0.1x0:1x1/a.png", "0.1x0:1x1/a.png");
        check(Flavour::Imagor, "filters:watermark(x/(y),1)/a.png", "a.png");
    }
}
