//! Every parameter at the ends of its range, one step beyond them, and in odd spellings.

mod common;

use bytes::Bytes;
use common::{Picture, answer, codestreams};
use safelight_core::{Kind, Param, ParamKind, Result};
use safelight_registry::{REGISTRY, TRANSFORMS, example_values};

/// Parameters that a key needs to have an effect, or to keep the image small. Other keys need none.
const COMPANIONS: &[(&str, &str)] = &[
    ("width", "height=1&fit=fill"),
    ("height", "width=1&fit=fill"),
    ("fit", "width=20&height=20"),
    ("gravity", "width=20&height=20&fit=cover"),
    ("dpr", "width=10"),
    ("background", "width=20&height=20&fit=pad"),
    ("quality", "format=jpeg"),
    ("focus", "width=20&height=20&fit=cover"),
    ("zoom", "width=10"),
    ("minWidth", "width=1&height=1"),
    ("minHeight", "width=1&height=1"),
    ("sepia", "width=10"),
    ("vignette", "width=10"),
    ("borderColor", "border=2"),
    ("redactWith", "redact=1,1,9,9"),
    ("trimColor", "trim=10"),
    ("trimEqual", "trim=10"),
    ("watermark", "width=10"),
    ("watermarkPosition", "watermark=logo&width=10"),
    ("watermarkOffset", "watermark=logo&width=10"),
    ("watermarkScale", "watermark=logo&width=10"),
    ("watermarkOpacity", "watermark=logo&width=10"),
    ("watermarkBlend", "watermark=logo&width=10"),
];

/// Valid and invalid texts at the limits of a parameter, which `ParamKind::Text` does not declare. For other texts
/// the example values are used.
const TEXTS: &[(&str, &[&str], &[&str])] = &[
    (
        "crop",
        &["0,0,1,1", "0,0,4294967295,4294967295", "0.0,0.0,1.0,1.0", "0.0,0.0,0.000001,0.000001"],
        &["0,0,0,1", "0,0,1,0", "0,0,4294967296,1", "-1,0,1,1", "0.0,0.0,1.000001,1.0", "0.0,0.0,1.0,0.0"],
    ),
    (
        "window",
        &["65536,131072", "0,1", "-65536,1"],
        &["65536.001,1", "-65536.001,1", "0,0.999", "0,131072.001", "40", "40,400,1"],
    ),
    ("redact", &["0,0,1,1", "0,0,4294967295,4294967295"], &["0,0,0,1", "0,0,4294967296,1", "1,2,3", ";"]),
    ("trim", &["0", "255"], &["256", "-1", "0.5"]),
    ("duotone", &["000000,ffffff"], &["000000", "000000,ffffff,000000"]),
    ("border", &["1", "0,0,0,1000"], &["1001", "1,1,1,1,1"]),
    ("padding", &["1", "0,0,0,4096"], &["4097", "1,1,1,1,1"]),
    ("round", &["1", "16384", "max", "ellipse"], &["0", "16385"]),
    ("focus", &["0,0", "1,1"], &["1.001,0", "0,1.001", "center"]),
    ("gravity", &["0,0", "1,1", "center", "south-east"], &["1.001,0", "0,1.001", "-0.001,0"]),
    ("watermark", &["logo", "a-1_b"], &["a/b", "..", "-a", "a b"]),
    ("watermarkOffset", &["0.999,-0.999", "-16384,16384"], &["16385,0", "0,-16385", "1.0,0", "1", "1,2,3"]),
    ("watermarkScale", &["0.001", "10", "0.001,10"], &["0", "10.001", "0,1", "1,1,1"]),
];

fn params() -> impl Iterator<Item = &'static Param> {
    TRANSFORMS.iter().flat_map(|transform| transform.params())
}

/// Returns the smallest and largest values, and values one step beyond; or every word, and texts that are none.
fn ends(param: &Param) -> (Vec<String>, Vec<String>) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match param.kind {
        ParamKind::Flag | ParamKind::FlagOr(_) => (owned(&["true"]), vec![]),
        ParamKind::Integer { min, max, .. } => {
            let [below, above] = [i64::from(min) - 1, i64::from(max) + 1];
            (vec![min.to_string(), max.to_string()], vec![below.to_string(), above.to_string()])
        }
        ParamKind::IntegerOr { min, max, words } => {
            let [below, above] = [i64::from(min) - 1, i64::from(max) + 1];
            let within = [min, max].map(|number| number.to_string()).into_iter().chain(owned(words));
            (within.collect(), vec![below.to_string(), above.to_string()])
        }
        ParamKind::Decimal { min, max, .. } => {
            let [below, above] = [min - 0.001, max + 0.001].map(|number| format!("{number:.3}"));
            (vec![min.to_string(), max.to_string()], vec![below, above])
        }
        ParamKind::Angle { step } => {
            let between = [step - 1, step + 1].into_iter().filter(|angle| angle % step != 0);
            let default = param.default.unwrap_or_default();
            let multiples = example_values(param).into_iter().filter(|angle| angle != default);
            (multiples.collect(), between.map(|angle| angle.to_string()).collect())
        }
        ParamKind::Colour => (
            owned(&["000000", "ffffff", "00000000", "ffffffff"]),
            owned(&["00000", "fffff", "0000000", "fffffffff"]),
        ),
        ParamKind::OneOf { words, .. } | ParamKind::Negotiated { words, .. } => {
            (owned(words), words.iter().map(|word| format!("{word}x")).collect())
        }
        ParamKind::Text { .. } => {
            let texts = TEXTS.iter().find(|(key, ..)| *key == param.key);
            texts.map_or_else(
                || (example_values(param), vec![]),
                |(_, within, beyond)| (owned(within), owned(beyond)),
            )
        }
    }
}

/// Returns `key=value` with the companions of the parameter.
fn query(param: &Param, key: &str, value: &str) -> String {
    let value: String = encoded(value);
    match COMPANIONS.iter().find(|(key, _)| *key == param.key) {
        Some((_, companions)) => format!("{key}={value}&{companions}"),
        None => format!("{key}={value}"),
    }
}

/// Returns a value in percent-encoding.
fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

fn canonical(raw: &str) -> Result<String> {
    REGISTRY.query(raw, "").map(|query| query.to_string())
}

/// Returns the parts of a range that a message must contain.
fn range(param: &Param) -> Vec<String> {
    match param.kind {
        ParamKind::Flag | ParamKind::FlagOr(_) => vec![],
        ParamKind::Integer { min, max, .. } => vec![min.to_string(), max.to_string()],
        ParamKind::IntegerOr { min, max, words } => [min, max]
            .map(|number| number.to_string())
            .into_iter()
            .chain(words.iter().map(|word| (*word).to_owned()))
            .collect(),
        ParamKind::Decimal { min, max, .. } => vec![min.to_string(), max.to_string()],
        ParamKind::Angle { step: 1 } => vec!["degrees".to_owned()],
        ParamKind::Angle { step } => vec![step.to_string()],
        ParamKind::Colour => vec!["ff8800".to_owned()],
        ParamKind::OneOf { words, .. } | ParamKind::Negotiated { words, .. } => {
            words.iter().map(|word| (*word).to_owned()).collect()
        }
        ParamKind::Text { form, .. } => vec![form.to_owned()],
    }
}

/// Checks that `value` is rejected with a message that contains key, value and range.
fn check_rejected(param: &Param, value: &str) {
    let error = canonical(&query(param, param.key, value)).expect_err(&format!("{}={value}", param.key));
    assert_eq!((error.kind, error.origin), (Kind::InvalidParam, param.key), "{value:?}");
    // The beginning of a long value is enough.
    let shown = format!("{:?}", value.chars().take(60).collect::<String>());
    assert!(
        error.message.contains(shown.trim_end_matches('"')),
        "{} does not name {shown}: {error}",
        param.key
    );
    assert!(error.message.len() < 1000, "{}: too long", param.key);
    for word in range(param) {
        assert!(error.message.contains(&word), "{} does not name {word:?}: {error}", param.key);
    }
}

#[test]
fn the_ends_of_every_range_make_an_image() {
    let photo = Bytes::from(safelight_images::read("orientation-6.jpg"));
    let codestream = codestreams().into_iter().find(|(name, _)| name == "ht-grey16.j2c");
    let (_, codestream) = codestream.expect("a sample");
    for param in params() {
        for value in ends(param).0 {
            let raw = query(param, param.key, &value);
            let what = format!("{}={value}", param.key);
            let answer = match answer(&raw, &photo) {
                Err(error) if error.kind == Kind::UnsupportedFormat => answer(&raw, &codestream),
                answer => answer,
            };
            if param.key == "page" && value != "0" {
                let error = answer.expect_err(&what);
                assert!(error.message.ends_with("the image has 1 page"), "{what}: {error}");
                continue;
            }
            if param.key == "maxBytes" && value == "100" {
                let error = answer.expect_err(&what);
                assert!(error.message.contains("at the lowest quality, more than 100"), "{what}: {error}");
                continue;
            }
            let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
            if ["showExif", "info", "thumbhash", "blurhash", "palette", "dominant"].contains(&param.key) {
                assert_eq!(answer.content_type(), "application/json", "{what}");
                continue;
            }
            if param.key == "resolution" {
                assert_eq!(answer.content_type(), "image/jphc", "{what}");
                continue;
            }
            // If the program that decodes a format is missing, the type is all that is checked.
            assert!(answer.content_type().starts_with("image/"), "{what}");
            let Some(picture) = Picture::decode(&answer.body()) else { continue };
            assert!(0 < picture.w && 0 < picture.h, "{what}");
            let expected = value.parse::<usize>().unwrap_or_default();
            match param.key {
                "width" => assert_eq!((picture.w, picture.h), (expected, 1), "{what}"),
                "height" => assert_eq!((picture.w, picture.h), (1, expected), "{what}"),
                "dpr" => assert_eq!(picture.w, 10 * expected, "{what}"),
                "format" => assert_eq!(answer.content_type(), format!("image/{value}"), "{what}"),
                _ => (),
            }
        }
    }
}

#[test]
fn one_step_beyond_is_rejected_and_the_message_contains_the_range() {
    for param in params() {
        ends(param).1.iter().for_each(|value| check_rejected(param, value));
    }
}

#[test]
fn the_largest_sides_together_exceed_the_limit() {
    let source = Bytes::from(safelight_images::read("orientation-1.jpg"));
    for raw in ["w=16384&h=16384&fit=fill", "w=16384&fit=contain&dpr=1.001", "w=16384&dpr=5&fit=contain"] {
        let error = answer(raw, &source).expect_err(raw);
        assert_eq!(error.kind, Kind::LimitExceeded, "{raw}: {error}");
        assert!(error.message.contains("16384"), "{raw}: {error}");
    }
}

#[test]
fn show_exif_conflicts_with_every_change_of_the_image() {
    for param in params().filter(|param| !matches!(param.kind, ParamKind::Flag | ParamKind::FlagOr(_))) {
        let raw = format!("showExif=true&{}", query(param, param.key, &ends(param).0[0]));
        let error = answer(&raw, &Bytes::new()).expect_err(&raw);
        assert_eq!((error.kind, error.origin), (Kind::Conflict, "show-exif"), "{raw}");
    }
}

#[test]
fn odd_spellings_are_rejected() {
    for param in params() {
        let (valid, _) = ends(param);
        let value = &valid[valid.len() - 1];
        let odd = [
            " ".to_owned(),
            format!(" {value}"),
            format!("{value} "),
            format!("+{value}"),
            format!("-{value}"),
            format!("{value}\0"),
            format!("{value}\u{301}"),
            value.chars().map(wide).collect(),
            "\u{663}".to_owned(),
            format!("{value}{}", "x".repeat(10_000)),
            "9".repeat(10_000),
            "\u{FFFD}".to_owned(),
            "0x10".to_owned(),
            "1e1".to_owned(),
        ];
        for value in odd {
            if matches!(param.kind, ParamKind::Flag | ParamKind::FlagOr(_)) {
                // Every value but `true` equals an absent key.
                assert_eq!(canonical(&query(param, param.key, &value)).expect("a flag"), "", "{value:?}");
            } else if !is_usual(param.kind, &value) {
                check_rejected(param, &value);
            }
        }
    }
}

/// Returns whether a spelling that is odd for most parameters is a usual one for this kind.
fn is_usual(kind: ParamKind, value: &str) -> bool {
    match kind {
        ParamKind::Angle { .. } => ["-270", "-359"].contains(&value),
        ParamKind::Decimal { min, .. } if min < 0.0 => value == "-5",
        ParamKind::Colour => value == "1e1",
        _ => false,
    }
}

#[test]
fn a_key_without_a_value_is_absent() {
    for param in params() {
        for key in [&[param.key], param.aliases].concat() {
            for raw in [format!("{key}="), key.to_owned()] {
                assert_eq!(canonical(&raw).expect("an absent key"), "", "{raw}");
            }
        }
    }
}

/// Returns the full-width form of an ASCII letter or digit, which looks like it.
fn wide(letter: char) -> char {
    let distance = u32::from('\u{FF01}') - u32::from('!');
    char::from_u32(u32::from(letter) + distance).unwrap_or(letter)
}

#[test]
fn spellings_that_mean_the_same_have_one_canonical_form() {
    for param in params() {
        let (valid, _) = ends(param);
        for value in &valid {
            let expected = canonical(&query(param, param.key, value)).expect("a valid value");
            assert_eq!(canonical(&expected).expect("a canonical query"), expected, "{}={value}", param.key);
            let mut same = vec![query(param, param.key, &value.to_ascii_uppercase())];
            if !matches!(param.kind, ParamKind::Text { .. }) && param.key != "showExif" {
                same.extend(param.aliases.iter().map(|alias| query(param, alias, value)));
            }
            if matches!(param.kind, ParamKind::Integer { .. } | ParamKind::Decimal { .. }) {
                let (sign, digits) =
                    value.strip_prefix('-').map_or(("", value.as_str()), |digits| ("-", digits));
                same.push(query(param, param.key, &format!("{sign}{}{digits}", "0".repeat(5000))));
            }
            if matches!(param.kind, ParamKind::Decimal { .. }) {
                let point = if value.contains('.') { "" } else { "." };
                same.push(query(param, param.key, &format!("{value}{point}0004")));
            }
            for raw in same {
                assert_eq!(canonical(&raw).expect("the same value"), expected, "{raw}");
            }
        }
    }
}

#[test]
fn a_repeated_key_must_have_one_value() {
    for param in params() {
        let (valid, _) = ends(param);
        let [first, last] = [&valid[0], &valid[valid.len() - 1]].map(|value| encoded(value));
        let expected = canonical(&query(param, param.key, &valid[0])).expect("a valid value");
        for key in [&[param.key], param.aliases].concat() {
            let again = format!("{}&{key}={first}", query(param, param.key, &valid[0]));
            assert_eq!(canonical(&again).expect("the same twice"), expected, "{again}");
            if first != last {
                let error = canonical(&format!("{}={first}&{key}={last}", param.key)).expect_err(key);
                assert_eq!((error.kind, error.origin), (Kind::InvalidParam, param.key));
                assert!(error.message.contains("expected one value"), "{error}");
                assert!(error.message.contains(&valid[0]), "{error}");
                assert!(error.message.contains(&valid[valid.len() - 1]), "{error}");
            }
        }
    }
}
