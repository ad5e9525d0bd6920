//! The contract of all transforms, checked for every registered one.

mod common;

use bytes::Bytes;
use common::{byte_queries, queries, rejects_jpeg, samples};
use safelight_core::{
    Encode, Kind, Param, ParamKind, Plan, Query, Registry, Result, Settings, Step, Transform,
    testing::{Output, with_sides},
};
use safelight_formats::Format;
use safelight_registry::{REGISTRY, TRANSFORMS, keys_json, parameters_page, params_json};
use std::collections::HashSet;

/// Runs a query over a source in chunks of this many bytes.
fn answer(raw: &str, source: &Bytes, chunk: usize) -> Result<Output> {
    let plan = with_sides(Plan::new(REGISTRY, REGISTRY.query(raw, "")?)?);
    Output::collect(plan.start(&Settings::default()), source, chunk)
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
                assert!(!is_reserved(key), "{key} is reserved by S3");
            }
            assert!(!param.doc.is_empty() && !param.doc.ends_with('.'), "{}: {:?}", param.key, param.doc);
            match param.kind {
                ParamKind::Integer { min, max, .. } | ParamKind::IntegerOr { min, max, .. } => {
                    assert!(min < max, "{}", param.key);
                }
                ParamKind::Decimal { min, max, .. } => assert!(min < max, "{}", param.key),
                ParamKind::Angle { step } => assert!(360 % step == 0, "{}", param.key),
                ParamKind::OneOf { words, synonyms } | ParamKind::Negotiated { words, synonyms, .. } => {
                    assert!(1 < words.len(), "{}", param.key);
                    for (synonym, word) in synonyms {
                        assert!(words.contains(word) && !words.contains(synonym), "{}: {synonym}", param.key);
                    }
                }
                ParamKind::Text { form, .. } => assert!(!form.is_empty(), "{}", param.key),
                ParamKind::Flag | ParamKind::FlagOr(_) | ParamKind::Colour => (),
            }
        }
    }
}

/// Returns whether an Object Lambda access point reserves this name.
fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["signature", "expires", "versionid", "partnumber", "range"].contains(&key.as_str())
        || key.starts_with("response")
        || key.starts_with("xamz")
}

#[test]
fn every_transform_has_a_step_for_some_query() {
    for transform in TRANSFORMS {
        let answers = |raw: String| {
            let query = REGISTRY.query(&raw, "").expect("a valid query");
            transform.step(&query).expect("a valid query").is_some()
        };
        assert!(queries().into_iter().any(answers), "{} has no query here", transform.name());
    }
}

#[test]
fn a_response_does_not_depend_on_the_chunks() {
    for raw in &byte_queries() {
        for (name, source) in samples(raw) {
            let whole = answer(raw, &source, usize::MAX).expect("samples are valid");
            for chunk in [1, 2, 3, 7, 1000, 4096, 65_536] {
                let cut = answer(raw, &source, chunk).expect("samples are valid");
                assert_eq!(cut.head, whole.head, "{name}?{raw} in chunks of {chunk}");
                assert!(cut.body() == whole.body(), "{name}?{raw} in chunks of {chunk}");
            }
        }
    }
}

#[test]
fn an_image_does_not_depend_on_the_chunks() {
    let body = |result: Result<Output>| result.map(|answer| answer.body()).map_err(|error| error.kind);
    for raw in &queries() {
        for (name, source) in samples(raw) {
            let whole = body(answer(raw, &source, usize::MAX));
            assert!(whole == body(answer(raw, &source, 61)), "{name}?{raw}");
            // No quality may give as few bytes as the query demands, and a page may be missing.
            let is_missing = raw.contains("page=") && whole.as_ref().err() == Some(&Kind::InvalidParam);
            let may_fail = raw.contains("maxBytes") || is_missing;
            assert!(whole.is_ok() || may_fail, "{name}?{raw}: {:?}", whole.err());
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
fn a_transform_that_rejects_an_image_names_what_it_expects() {
    let photo = Bytes::from(safelight_images::read("photo.jpg"));
    let rejected: Vec<_> = queries().into_iter().filter(|raw| rejects_jpeg(raw)).collect();
    assert!(!rejected.is_empty());
    for raw in &rejected {
        let error = answer(raw, &photo, 4096).expect_err(raw);
        assert_eq!(error.kind, Kind::UnsupportedFormat, "{error}");
        assert!(raw.starts_with(&format!("{}=", error.origin)), "{raw}: {error:?}");
        // For example `window: unsupported image: expected grey without transparency`.
        let rest = error.message.strip_prefix(&format!("{}: unsupported ", error.origin));
        assert!(rest.is_some_and(|rest| rest.contains(": expected ")), "{raw}: {error}");
    }
}

/// A transform that requests an encode for every query.
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
fn a_step_on_bytes_is_absorbed_by_an_encode_or_rejected() {
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
fn sources_of_other_formats_are_rejected() {
    for source in
        [&b""[..], b"%PDF-1.7", b"<html xmlns='http://www.w3.org/1999/xhtml'/>", b"GIF88a\0\0\0\0\0\0\0"]
    {
        for raw in &byte_queries() {
            let error = answer(raw, &Bytes::from_static(source), 5).expect_err("not an image");
            assert_eq!(error.kind, Kind::UnsupportedFormat);
            let supported = format!("supported: {}", Format::names(|can| can.strip));
            assert!(rejects_jpeg(raw) || error.message.ends_with(&supported), "{error}");
        }
    }
}

#[test]
fn generated_files_match_the_declarations() {
    let page = ("../../docs/parameters.md", parameters_page());
    for (name, declared) in [("params.json", params_json()), ("keys.json", keys_json()), page] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        if std::fs::read_to_string(&path).ok().as_deref() != Some(&declared) {
            std::fs::write(path, &declared).expect("the checkout takes files");
            panic!("{name} was stale and is now rewritten: commit it");
        }
    }
}
