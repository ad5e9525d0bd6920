//! The filter `watermark(KEY,X,Y,ALPHA,WIDTH,HEIGHT)`.

use crate::{
    signature,
    source::{decoded, normalized},
    watermark::{Anchor, Length, Place, Position, Watermark},
};

/// A watermark, or what of it has no translation.
pub(super) type Found = Result<Watermark, &'static str>;

/// Reads the arguments of thumbor's filter; `None` if they do not fit, and it has no effect.
pub(super) fn thumbor(arguments: &[&str]) -> Option<Found> {
    let (key, arguments) = split_key(arguments)?;
    let [x, y, alpha, rest @ ..] = arguments else { return None };
    if rest.len() > 2 {
        return None;
    }
    let share = |index: usize| match rest.get(index) {
        None | Some(&"none") => Some(None),
        Some(text) => text.parse::<u32>().ok().map(|percent| Some(f64::from(percent) / 100.0)),
    };
    let scale = scale(share(0)?, share(1)?);
    let alpha: i32 = alpha.parse().ok()?;
    let opacity = (1.0 - f64::from(alpha) / 100.0).clamp(0.0, 1.0);
    let axis = |text: &str| match text {
        "center" => Some(Some(Position::at(Anchor::Centre))),
        "repeat" => Some(None),
        text => Position::parse(text).map(Some),
    };
    let (x, y) = (axis(x)?, axis(y)?);
    let Some(name) = path(&key) else { return Some(Err("watermark of another server")) };
    Some(match (x, y) {
        (Some(x), Some(y)) => Ok(Watermark { name, opacity, place: Place::At(x, y), scale }),
        _ => Err("watermark with repeat"),
    })
}

/// Reads the arguments of imagor's filter; `None` if there are too few, and it has no effect.
pub(super) fn imagor(arguments: &[&str]) -> Option<Found> {
    let (key, rest) = arguments.split_first()?;
    let number = |index: usize| rest.get(index).and_then(|text| text.parse::<f64>().ok());
    let opacity = (1.0 - number(2).unwrap_or(0.0) / 100.0).clamp(0.0, 1.0);
    let share = |index: usize| number(index).map(|percent| percent / 100.0).filter(|share| 0.0 < *share);
    // The width alone has no effect.
    let scale = if rest.len() < 5 { None } else { scale(share(3), share(4)) };
    let key = match key.strip_prefix("b64:") {
        Some(text) => signature::from_base64(text)?,
        None => (*key).to_owned(),
    };
    let Some(name) = path(&key) else { return Some(Err("watermark of another server")) };
    // One position alone has no effect.
    let axis = |index: usize| imagor_position(if rest.len() < 2 { "0" } else { rest[index] });
    Some(match (axis(0), axis(1)) {
        (Some(x), Some(y)) => Ok(Watermark { name, opacity, place: Place::At(x, y), scale }),
        (None, None) => {
            Ok(Watermark { name, opacity, place: Place::Tiles(Length::default(), Length::default()), scale })
        }
        _ => Err("watermark with repeat on one axis"),
    })
}

/// Returns a position on an axis; `None` for one that repeats.
fn imagor_position(text: &str) -> Option<Position> {
    let (word, offset) = match text.find(['-', '.']).filter(|at| 0 < *at && text.as_bytes()[*at] == b'-') {
        Some(at) => text.split_at(at),
        None => (text, "0"),
    };
    let anchor = match word {
        "repeat" => return None,
        "center" => Anchor::Centre,
        "left" | "top" | "l" | "t" => Anchor::Start,
        "right" | "bottom" | "r" | "b" => Anchor::End,
        text if text.contains('.') => {
            let share = text.parse().unwrap_or(0.0);
            return Some(Position { anchor: Anchor::Start, distance: Length::Share(share) });
        }
        // A zero has no sign.
        "-0" => return Some(Position::default()),
        text => return Some(Position::parse(text).unwrap_or_default()),
    };
    // Outwards.
    let distance = Length::Pixels(offset.parse().unwrap_or(0.0));
    Some(Position { anchor, distance })
}

fn scale(w: Option<f64>, h: Option<f64>) -> Option<(Option<f64>, Option<f64>)> {
    (w.is_some() || h.is_some()).then_some((w, h))
}

/// Separates the key, which quotes may surround, from the other arguments.
fn split_key<'a, 'b>(arguments: &'b [&'a str]) -> Option<(String, &'b [&'a str])> {
    let first = arguments.first()?;
    let Some(quote) = first.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        return Some(((*first).to_owned(), &arguments[1..]));
    };
    let end = arguments.iter().position(|argument| argument.ends_with(quote))?;
    let key = arguments[..=end].join(",");
    Some((key.trim_matches(quote).to_owned(), &arguments[end + 1..]))
}

/// Returns the path on this site of a key, as the parameter has it; `None` for a URL.
fn path(key: &str) -> Option<String> {
    let key = decoded(key).ok()?;
    if key.contains(':') {
        return None;
    }
    Some(format!("/{}", normalized(&key).ok()?))
}
