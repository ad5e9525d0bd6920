//! Example queries, generated from the declared parameters: tests, fuzz targets and benches use them, so that
//! a new transform is covered as soon as it is registered.

use crate::{REGISTRY, TRANSFORMS};
use safelight_core::{Param, ParamKind, Plan, best_words};
use std::sync::LazyLock;

/// Positions between the lowest and the highest value of a range.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// Numbers tried in the places of an example's numbers, besides those that the parameter's form names.
const NUMBERS: [&str; 6] = ["0", "1", "0.0", "0.25", "0.5", "1.0"];

/// The parameters of one transform, each with its example values.
type Examples = Vec<(&'static Param, Vec<String>)>;

/// Example values of each transform, in the registry's order.
static EXAMPLES: LazyLock<Vec<Examples>> = LazyLock::new(|| {
    let examples = |param: &'static Param| (param, example_values(param));
    TRANSFORMS.iter().map(|transform| transform.params().iter().map(examples).collect()).collect()
});

/// Returns example queries that together use every parameter: one query for each example value of each
/// parameter, and for every transform with several parameters queries that set all of them.
///
/// Each query is valid for [`REGISTRY`] and has a canonical form that is not empty. A query may still have no
/// effect (`dpr` without a side), or not suit a given image.
///
/// # Examples
/// ```
/// let queries = safelight_registry::example_queries();
/// assert!(queries.iter().any(|query| query == "width=1"));
/// assert!(queries.iter().any(|query| query == "blur=0.3"));
/// ```
pub fn example_queries() -> Vec<String> {
    let mut queries = Vec::new();
    for examples in EXAMPLES.iter() {
        for (param, values) in examples {
            queries.extend(values.iter().map(|value| pair(param, value)));
        }
        if 1 < examples.len() {
            let rows = examples.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
            // Each parameter starts at another of its values, so that two equal ranges differ in a row.
            let row = |row: usize| {
                let pairs = examples
                    .iter()
                    .enumerate()
                    .map(|(column, (param, values))| pair(param, &values[(row + column) % values.len()]));
                pairs.collect::<Vec<_>>().join("&")
            };
            queries.extend((0..rows).map(row));
        }
    }
    queries
}

/// Number of bytes that [`example_query`] reads.
pub fn example_query_len() -> usize {
    1 + EXAMPLES.iter().map(Vec::len).sum::<usize>()
}

/// Returns the query that `choices` select from the example values of all parameters.
///
/// The first byte selects a transform whose parameters take precedence. Each further byte belongs to one
/// parameter, in the registry's order: an even byte leaves it out, an odd one selects a value. Missing bytes
/// count as 0, bytes past [`example_query_len`] are ignored. A parameter that conflicts with those chosen
/// before it is skipped, so a [`Plan`] accepts every returned query.
///
/// # Examples
/// ```
/// use safelight_core::Plan;
/// use safelight_registry::{REGISTRY, example_query};
///
/// let query = example_query(&[7; 64]);
/// assert!(Plan::new(REGISTRY, REGISTRY.query(&query, "")?).is_ok());
/// # Ok::<(), safelight_core::Error>(())
/// ```
pub fn example_query(choices: &[u8]) -> String {
    let Some((&first, mut choices)) = choices.split_first() else { return String::new() };
    let mut selected: Vec<Vec<String>> = Vec::new();
    for examples in EXAMPLES.iter() {
        let (own, rest) = choices.split_at(choices.len().min(examples.len()));
        choices = rest;
        let odd = examples.iter().zip(own).filter(|(_, choice)| *choice % 2 == 1);
        let pairs =
            odd.map(|((param, values), choice)| pair(param, &values[usize::from(choice / 2) % values.len()]));
        selected.push(pairs.collect());
    }
    selected.rotate_left(usize::from(first) % EXAMPLES.len());
    let mut query = String::new();
    for pair in selected.concat() {
        let longer = if query.is_empty() { pair } else { format!("{query}&{pair}") };
        if REGISTRY.query(&longer, "").and_then(|parsed| Plan::new(REGISTRY, parsed)).is_ok() {
            query = longer;
        }
    }
    query
}

/// Returns valid values of `param`, typical ones and those at its limits, without its default. At least one.
///
/// Numbers are spread over the range, at equal ratios where it is positive. The values of
/// [`ParamKind::Text`] are its example, the words and numbers that its form names where the parameter accepts
/// them, and variations of the example. `auto` of [`ParamKind::Negotiated`] is not among them: its meaning
/// depends on the request's `Accept` header.
pub fn example_values(param: &Param) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let mut values: Vec<String> = match param.kind {
        ParamKind::Flag | ParamKind::FlagOr(_) => vec!["true".to_owned()],
        ParamKind::Integer { min, max, .. } => {
            spread(f64::from(min), f64::from(max)).map(|value| value.round().to_string()).collect()
        }
        ParamKind::IntegerOr { min, max, words } => {
            let words = words.iter().map(|word| (*word).to_owned());
            spread(f64::from(min), f64::from(max))
                .map(|value| value.round().to_string())
                .chain(words)
                .collect()
        }
        ParamKind::Decimal { min, max, .. } => {
            spread(min, max).map(|value| ((value * 1000.0).round() / 1000.0).to_string()).collect()
        }
        ParamKind::Angle { step } => angles(step),
        ParamKind::Colour => vec!["336699cc".to_owned()],
        ParamKind::OneOf { words: known, .. } => words(known),
        ParamKind::Negotiated { words: known, auto, .. } => {
            let auto = best_words(auto).chain(auto.iter().map(|(_, word)| (*word).to_owned()));
            known.iter().map(|word| (*word).to_owned()).chain(auto).collect()
        }
        ParamKind::Text { form, example, canonical } => {
            variations(form, example).iter().filter_map(|value| canonical(value)).collect()
        }
    };
    values.retain(|value| Some(value.as_str()) != param.default);
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}

/// Returns every multiple of `step`, or of small steps those nearest to eighths of a turn, the first and the last.
fn angles(step: u32) -> Vec<String> {
    let eighths = (0..8).map(|eighth| eighth * 45 / step * step);
    [step].into_iter().chain(eighths).chain([360 - step]).map(|angle| angle.to_string()).collect()
}

/// Returns the values at [`SHARES`] of the range from `min` to `max`.
fn spread(min: f64, max: f64) -> impl Iterator<Item = f64> {
    SHARES.into_iter().map(move |share| match share {
        0.0 => min,
        1.0 => max,
        _ if 0.0 < min => min * (max / min).powf(share),
        _ => min + (max - min) * share,
    })
}

/// Returns texts that may be values of the form `form`: `example`, the words of `form`, and `example` with one
/// or all of its numbers replaced.
fn variations(form: &str, example: &str) -> Vec<String> {
    let words = || form.split(|letter: char| !letter.is_alphanumeric() && !"-._".contains(letter));
    let words = || words().map(|word| word.trim_end_matches(['.', '-'])).filter(|word| !word.is_empty());
    let named = words().filter(|word| word.parse::<f64>().is_ok_and(f64::is_finite));
    let numbers: Vec<&str> = named.chain(NUMBERS).collect();

    let mut variations = vec![example.to_owned()];
    variations.extend(words().map(str::to_owned));
    let is_number = |part: &str| part.starts_with(|letter: char| letter.is_ascii_digit());
    let parts = parts(example);
    let places: Vec<usize> = (0..parts.len()).filter(|&at| is_number(parts[at])).collect();
    for number in numbers {
        let replaced = |places: &[usize]| -> String {
            let part =
                |(at, part): (usize, &&'_ str)| if places.contains(&at) { number } else { *part }.to_owned();
            parts.iter().enumerate().map(part).collect()
        };
        variations.extend(places.iter().map(|&place| replaced(&[place])));
        variations.push(replaced(&places));
    }
    variations
}

/// Splits `text` into numbers (digits and decimal points) and what is between them.
fn parts(text: &str) -> Vec<&str> {
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let (mut parts, mut start) = (Vec::new(), 0);
    for (at, letter) in text.char_indices() {
        let before = text[start..at].chars().next();
        if before.is_some_and(|before| is_number(before) != is_number(letter)) {
            parts.push(&text[start..at]);
            start = at;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Returns `key=value`, percent-encoded only where a query string requires it, so that it stays readable.
fn pair(param: &Param, value: &str) -> String {
    let mut pair = format!("{}=", param.key);
    for letter in value.chars() {
        match letter {
            '%' => pair.push_str("%25"),
            '&' => pair.push_str("%26"),
            '+' => pair.push_str("%2B"),
            '#' => pair.push_str("%23"),
            _ => pair.push(letter),
        }
    }
    pair
}
