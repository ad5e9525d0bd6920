//! Negotiation of a format by the request's `Accept` header (RFC 9110 section 12.5.1).

use crate::param::{BEST, subtype};

/// Returns the item of `auto`, MIME types and words, whose type has the highest weight in the header `accept`, the
/// first one among equals. `None` if no type is named with a weight above 0, or if one of `others` has a higher one.
///
/// Wildcards do not count, because clients send them regardless of the formats that they support.
pub(crate) fn negotiate<'a>(
    accept: &str,
    auto: &[(&str, &'a str)],
    others: impl IntoIterator<Item = &'static str>,
) -> Option<&'a str> {
    let mut best = (0.0, None);
    for (mime, word) in auto {
        let weight = weight(accept, mime);
        if best.0 < weight {
            best = (weight, Some(*word));
        }
    }
    let preferred = others.into_iter().map(|mime| weight(accept, mime)).fold(0.0, f32::max);
    best.1.filter(|_| preferred <= best.0)
}

/// Returns the word for the types of `auto` that the header `accept` names with a weight above 0, and at least that of each
/// of `others`: [`BEST`], and their subtypes.
pub(crate) fn accepted(
    accept: &str,
    auto: &[(&str, &str)],
    others: impl IntoIterator<Item = &'static str>,
) -> String {
    let preferred = others.into_iter().map(|mime| weight(accept, mime)).fold(0.0, f32::max);
    let is_accepted = |mime: &str| {
        let weight = weight(accept, mime);
        0.0 < weight && preferred <= weight
    };
    let accepted = auto.iter().filter(|(mime, _)| is_accepted(mime));
    accepted.fold(BEST.to_owned(), |word, (mime, _)| format!("{word}-{}", subtype(mime)))
}

/// Returns the weight that `accept` gives to the MIME type `mime` by name, from 0 to 1; 0 if it does not name it.
fn weight(accept: &str, mime: &str) -> f32 {
    let weights = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().filter(|name| name.eq_ignore_ascii_case(mime))?;
        let stated = parts.find_map(|part| {
            let (key, weight) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("q").then(|| weight.trim())
        });
        // A weight that is no number is no reason to refuse the type.
        let weight = stated.and_then(|weight| weight.parse().ok()).filter(|weight: &f32| !weight.is_nan());
        Some(weight.map_or(1.0, |weight| weight.clamp(0.0, 1.0)))
    });
    weights.fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_type_is_named() {
        let auto = [("image/avif", "auto-avif"), ("image/webp", "webp")];
        let check = |accept: &str, expected| {
            assert_eq!(accepted(accept, &auto, ["image/jpeg", "image/png"]), expected, "{accept}");
        };
        check("image/avif,image/webp,*/*", "best-avif-webp");
        check("image/webp,image/avif;q=0.5", "best-avif-webp");
        check("IMAGE/WEBP", "best-webp");
        check("image/avif;q=0.2", "best-avif");
        check("image/avif;q=0,image/webp;q=0", "best");
        check("*/*", "best");
        check("image/webp;q=0.5,image/avif,image/png;q=0.8", "best-avif");
    }

    #[test]
    fn the_highest_weight_wins() {
        let auto = [("image/avif", "avif"), ("image/webp", "webp")];
        let check = |accept: &str, expected| {
            assert_eq!(negotiate(accept, &auto, ["image/jpeg", "image/png"]), expected, "{accept}");
        };
        check("image/avif", Some("avif"));
        check("image/webp, IMAGE/AVIF", Some("avif"));
        check("image/avif;q=0.5,image/webp;q=0.9", Some("webp"));
        check("image/avif;q=0.5,image/webp;q=0.500", Some("avif"));
        check("image/avif;level=1;Q=0.000,image/webp;q=0.1", Some("webp"));
        check("image/avif;q=x", Some("avif"));
        check("image/avif;q=NaN", Some("avif"));
        check("image/avif;q=7,image/webp", Some("avif"));
        check("image/avif;q=0, image/avif;q=0", None);
        check("", None);
        check("*/*", None);
        check("image/*", None);
        // The source's format is a JPEG or a PNG.
        check("image/webp;q=0.1,image/jpeg", None);
        check("image/webp,image/jpeg", Some("webp"));
        check("image/webp;q=0.8,image/png;q=0.5,*/*", Some("webp"));
        check("image/webp;q=0.8,image/svg+xml", Some("webp"));
        // What browsers send.
        check("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", Some("avif"));
        check("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", Some("avif"));
        check(
            "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,image/*;q=0.8",
            Some("avif"),
        );
    }
}
