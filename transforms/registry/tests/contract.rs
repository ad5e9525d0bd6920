//! What every registered transform must do; a new one is covered by being listed.

use bytes::Bytes;
use safelight_core::{
    Encode, Kind, Param, ParamKind, Plan, Query, Registry, Result, Settings, Step, Transform, testing::Output,
};
use safelight_formats::Format;
use safelight_registry::{REGISTRY, TRANSFORMS, params_json};
use std::collections::HashSet;

/// The empty query, and for each transform one that asks for all it can do.
fn queries() -> Vec<String> {
    let of = |transform: &&dyn Transform| {
        let params = transform.params().iter().map(|param| format!("{}={}", param.key, example(param)));
        params.collect::<Vec<_>>().join("&")
    };
    let mut queries: Vec<_> = TRANSFORMS.iter().map(of).filter(|query| !query.is_empty()).collect();
    queries.push(String::new());
    queries
}

/// Those of them that work on bytes.
fn byte_queries() -> Vec<String> {
    let is_of_bytes = |raw: &String| {
        let query = REGISTRY.query(raw, "").expect("a valid query");
        let mut steps = TRANSFORMS.iter().map(|transform| transform.step(&query).expect("a valid query"));
        steps.any(|step| matches!(step, Some(Step::Bytes(_))))
    };
    queries().into_iter().filter(is_of_bytes).collect()
}

fn example(param: &Param) -> String {
    match param.kind {
        ParamKind::Flag => "true".to_owned(),
        ParamKind::Integer { min, max, .. } => 40.clamp(min, max).to_string(),
        ParamKind::Decimal { min, max, .. } => (min + 0.5).min(max).to_string(),
        ParamKind::OneOf(words) | ParamKind::Negotiated { words, .. } => words[words.len() - 1].to_owned(),
        ParamKind::Text { example, .. } => example.to_owned(),
    }
}

fn answer(raw: &str, source: &Bytes, chunk: usize) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(raw, "")?)?;
    Output::collect(plan.start(&Settings::default()), source, chunk)
}

/// Keys of transforms that are not for every picture, and codestreams of the kind that they are for.
const PARTICULAR: &[(&str, &[&str])] = &[
    ("resolution", &["ht-signed16.j2c", "ht-rgb8.j2c", "grey12-lengths.j2k"]),
    ("window", &["ht-signed16.j2c", "ht-grey16.j2c", "grey12-lengths.j2k"]),
];

/// The codestreams that the transform behind `raw` is for, if it is for no others.
fn particular(raw: &str) -> Option<&'static [&'static str]> {
    let is_asked = |(key, _): &&(&str, _)| raw.split('=').next() == Some(*key);
    PARTICULAR.iter().find(is_asked).map(|(_, names)| *names)
}

fn codestream(name: &'static str) -> (&'static str, Bytes) {
    let path = format!("{}/../../engine/containers/tests/codestreams/{name}", env!("CARGO_MANIFEST_DIR"));
    (name, Bytes::from(std::fs::read(path).expect("the codestream is there")))
}

/// Sources that `raw` can be asked of.
fn samples(raw: &str) -> Vec<(&'static str, Bytes)> {
    match particular(raw) {
        Some(names) => names.iter().copied().map(codestream).collect(),
        None => {
            safelight_images::names().map(|name| (name, Bytes::from(safelight_images::read(name)))).collect()
        }
    }
}

#[test]
fn names_and_parameters_are_unique_and_documented() {
    let (mut names, mut seen) = (HashSet::new(), HashSet::new());
    for transform in TRANSFORMS {
        let name = transform.name();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        assert!(names.insert(name), "{name} twice");
        for param in transform.params() {
            let keys = [&[param.key], param.aliases].concat();
            for key in keys {
                assert!(seen.insert(key), "{key} twice");
                assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
                assert!(!is_reserved(key), "{key} means something to S3");
            }
            assert!(!param.doc.is_empty() && !param.doc.ends_with('.'), "{}: {:?}", param.key, param.doc);
            match param.kind {
                ParamKind::Integer { min, max, .. } => assert!(min < max, "{}", param.key),
                ParamKind::Decimal { min, max, .. } => assert!(min < max, "{}", param.key),
                ParamKind::OneOf(words) | ParamKind::Negotiated { words, .. } => {
                    assert!(1 < words.len(), "{}", param.key);
                }
                ParamKind::Text { form, .. } => assert!(!form.is_empty(), "{}", param.key),
                ParamKind::Flag => (),
            }
        }
    }
}

/// Names that an Object Lambda access point keeps for itself.
fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["signature", "expires", "versionid", "partnumber", "range"].contains(&key.as_str())
        || key.starts_with("response")
        || key.starts_with("xamz")
}

#[test]
fn every_transform_answers_some_query() {
    for transform in TRANSFORMS {
        let answers = |raw: String| {
            let query = REGISTRY.query(&raw, "").expect("a valid query");
            transform.step(&query).expect("a valid query").is_some()
        };
        assert!(queries().into_iter().any(answers), "{} is not under this contract", transform.name());
    }
}

#[test]
fn the_answer_does_not_depend_on_the_chunks() {
    for raw in &byte_queries() {
        for (name, source) in samples(raw) {
            let whole = answer(raw, &source, usize::MAX).expect("our own samples are sound");
            for chunk in [1, 2, 3, 7, 1000, 4096, 65_536] {
                let cut = answer(raw, &source, chunk).expect("our own samples are sound");
                assert_eq!(cut.head, whole.head, "{name}?{raw} in chunks of {chunk}");
                assert!(cut.body() == whole.body(), "{name}?{raw} in chunks of {chunk}");
            }
        }
    }
}

#[test]
fn a_picture_does_not_depend_on_the_chunks() {
    let body = |result: Result<Output>| result.map(|answer| answer.body()).map_err(|error| error.kind);
    for raw in &queries() {
        for (name, source) in samples(raw) {
            let whole = body(answer(raw, &source, usize::MAX));
            assert!(whole == body(answer(raw, &source, 61)), "{name}?{raw}");
            assert!(whole.is_ok() || name == "photo.avif", "{name}?{raw}: {:?}", whole.err());
        }
    }
}

#[test]
fn no_truncation_panics() {
    for raw in &byte_queries() {
        for (name, source) in samples(raw) {
            // Every length of the first kilobytes, where the structure is, then a thousand more.
            let step = (source.len() / 1000).max(1);
            let lengths = (0..source.len().min(4096)).chain((4096..source.len()).step_by(step));
            for length in lengths {
                let cut = source.slice(..length);
                if let Err(error) = answer(raw, &cut, 4096) {
                    assert!(
                        matches!(error.kind, Kind::Corrupt | Kind::UnsupportedFormat),
                        "{name} cut to {length}: {error}"
                    );
                    assert!(!error.message.is_empty());
                }
            }
        }
    }
}

#[test]
fn a_transform_that_is_not_for_a_picture_says_so() {
    let colours = Bytes::from(safelight_images::read("photo.jpg"));
    for raw in queries().iter().filter(|raw| particular(raw).is_some()) {
        let error = answer(raw, &colours, 4096).expect_err(raw);
        assert_eq!(error.kind, Kind::UnsupportedFormat, "{error}");
        assert!(
            raw.starts_with(error.origin)
                && (error.message.starts_with("is for ") || error.message.contains(": expected ")),
            "{error}"
        );
    }
}

/// Asks for an encode, whatever the query.
#[derive(Debug)]
struct Reencode;

impl Transform for Reencode {
    fn name(&self) -> &'static str {
        "reencode"
    }
    fn params(&self) -> &'static [Param] {
        &[]
    }
    fn step(&self, _query: &Query) -> Result<Option<Step>> {
        Ok(Some(Step::Encode(Box::new(|encode: &mut Encode| encode.quality = Some(80)))))
    }
}

#[test]
fn a_step_on_bytes_is_absorbed_by_an_encode_or_refused() {
    for transform in TRANSFORMS {
        let both: &'static [&'static dyn Transform] = Box::leak(Box::new([*transform, &Reencode]));
        let registry = Registry { transforms: both, ..REGISTRY };
        for raw in queries() {
            let query = REGISTRY.query(&raw, "").expect("a valid query");
            let Some(Step::Bytes(op)) = transform.step(&query).expect("a valid query") else { continue };
            let absorbs = op.absorb(&mut Encode::default());
            let kind = Plan::new(registry, query).err().map(|error| error.kind);
            assert_eq!(kind, if absorbs { None } else { Some(Kind::Conflict) }, "{}", transform.name());
        }
    }
}

#[test]
fn what_is_not_an_image_is_refused_by_name() {
    for source in
        [&b""[..], b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF88a\0\0\0\0\0\0\0"]
    {
        for raw in &byte_queries() {
            let error = answer(raw, &Bytes::from_static(source), 5).expect_err("no image");
            assert_eq!(error.kind, Kind::UnsupportedFormat);
            let supported = format!("supported: {}", Format::names(|can| can.strip));
            assert!(particular(raw).is_some() || error.message.ends_with(&supported), "{error}");
        }
    }
}

#[test]
fn the_checked_in_parameters_are_the_declared_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/params.json");
    let declared = params_json();
    if std::fs::read_to_string(path).ok().as_deref() != Some(&declared) {
        std::fs::write(path, &declared).expect("the checkout takes files");
        panic!("params.json was stale and has been written anew: check it in");
    }
}
