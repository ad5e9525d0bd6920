//! Queries: pairs, times, and what they replace.

use super::invalid;
use crate::refusal::Refusal;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Returns the pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// Returns the last value of a key.
pub(super) fn last<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
}

/// Returns the seconds since 1970 of `YYYYMMDDTHHmmssZ`.
pub(super) fn time(text: &str) -> Option<u64> {
    let is_time = text.len() == 16 && text.is_ascii() && &text[8..9] == "T" && text.ends_with('Z');
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    if !is_time {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    let is_valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !is_valid {
        return None;
    }
    // Days of the proleptic Gregorian calendar, with years that begin in March (H. Hinnant, "chrono-Compatible Low-Level
    // Date Algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    u64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second).ok()
}

/// Replaces edits by those of a query.
///
/// # Errors
/// [`Refusal`].
pub(super) fn replace(edits: &mut Map<String, Value>, pairs: &[(String, String)]) -> Result<(), Refusal> {
    let mut resize = Map::new();
    for key in ["width", "height"] {
        if let Some(text) = last(pairs, key) {
            let digits: String =
                text.chars().take_while(|digit| digit.is_ascii_digit() || *digit == '-').collect();
            let side = digits.parse::<i64>().unwrap_or(0);
            resize.insert(key.to_owned(), if side == 0 { Value::Null } else { side.into() });
        }
    }
    if let Some(fit) = last(pairs, "fit") {
        resize.insert("fit".to_owned(), fit.into());
    }
    if !resize.is_empty() {
        edits.insert("resize".to_owned(), resize.into());
    }
    if let Some(text) = last(pairs, "rotate") {
        let number =
            || text.parse::<f64>().map_err(|_| invalid(format!("rotate: expected a number, got {text:?}")));
        edits.insert("rotate".to_owned(), if text.is_empty() { Value::Null } else { number()?.into() });
    }
    for key in ["flip", "flop", "grayscale", "greyscale"] {
        if let Some(text) = last(pairs, key) {
            edits.insert(key.to_owned(), (!["0", "false", ""].contains(&text)).into());
        }
    }
    if let Some(format) = last(pairs, "format") {
        edits.insert("toFormat".to_owned(), format.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        for (text, expected) in [
            ("19700101T000000Z", Some(0)),
            ("20000229T120102Z", Some(951_825_662)),
            ("20261127T213406Z", Some(1_795_815_246)),
            ("20261327T213406Z", None),
            ("20261127T213406", None),
            ("2026112xT213406Z", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
    }
}
