//! The answers of other services to hundreds of URLs, beside those of the translations: status, type and size. What
//! pixels show is compared by hand, over HTTP.
//!
//! The tables are not a part of this project: they are read from `../shared/dialects` beside it, or from
//! `SAFELIGHT_DIALECTS`. Where they are missing, the test says so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answer;
mod archive;

use answer::{Answer, Pictures};
use safelight_dialects::{Dialect, Request, Settings};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Members of lines whose service ran with other settings, or that say that the answer is special.
const SPECIAL: [&str; 8] = ["env", "config", "policy", "rekognition", "now", "signature", "caution", "note"];

// The shares of each group that agree, in percent, where not all do; docs/dialects says why others differ.

const IMGPROXY: &[(&str, usize)] = &[
    ("background", 91),
    ("crop", 95),
    ("dpr", 95),
    ("extend", 97),
    ("format", 94),
    ("handling", 96),
    ("metadata", 97),
    ("service", 33),
    ("source", 97),
    ("trim", 42),
];

const THUMBOR: &[(&str, usize)] = &[
    ("debug", 50),
    ("filter:convolution", 20),
    ("filter:curve", 0),
    ("filter:equalize", 0),
    ("filter:fill", 75),
    ("filter:watermark", 9),
    ("filters", 96),
    ("meta", 9),
    ("security", 93),
    ("trim", 52),
];

const IMAGOR: &[(&str, usize)] = &[
    ("animation", 57),
    ("filter:dpi", 0),
    ("filter:fill", 77),
    ("filter:format", 84),
    ("filter:image", 10),
    ("filter:orient", 80),
    ("filter:padding", 71),
    ("filter:pixelate", 20),
    ("filter:trim", 0),
    ("filter:watermark", 8),
    ("format", 95),
    ("key", 62),
    ("malformed", 88),
    ("meta", 11),
    ("params", 0),
    ("security", 66),
    ("trim", 31),
    ("turned", 70),
];

const DIT_7: &[(&str, usize)] = &[
    ("edits", 81),
    ("format", 84),
    ("limits", 50),
    ("overlayWith", 30),
    ("query", 97),
    ("resize", 96),
    ("sources", 80),
    ("thumbor-filters", 82),
];

const DIT_8: &[(&str, usize)] = &[
    ("edits", 83),
    ("format", 71),
    ("metadata", 85),
    ("origin-errors", 76),
    ("path", 70),
    ("quality", 92),
    ("resize", 93),
    ("watermark", 10),
];

/// Returns the folder of the tables.
fn tables() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/dialects");
    let folder = std::env::var_os("SAFELIGHT_DIALECTS").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no tables in {}", folder.display());
    None
}

/// Checks that at least these shares of a table's groups, in percent, have the same answer.
fn check(dialect: &str, table: &str, settings: &str, least: &[(&str, usize)]) {
    let Some(folder) = tables() else { return };
    let settings: Settings = serde_json::from_str(settings).unwrap();
    let dialect = Dialect::new(dialect, &settings).unwrap();
    let beside = folder.join(table).parent().unwrap().to_owned();
    let archive = beside.join("fixtures.zip");
    let pictures =
        if archive.is_file() { Pictures::new(Some(archive)) } else { Pictures::of_objects(&beside) };
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in fs::read_to_string(folder.join(table)).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let is_special = SPECIAL.iter().any(|key| is_given(&case[*key]));
        let Some(path) = case["request"]["path"].as_str() else { continue };
        let is_plain = case["request"]["method"].as_str().is_none_or(|method| method == "GET");
        if is_special
            || !is_plain
            || is_given(&case["request"]["headers"])
            || case["answer"]["starts"] == false
        {
            continue;
        }
        let (path, query) = target(path, &case["request"]["query"]);
        let request = Request { path: &path, query: query.as_deref(), accept: "", now: 1_800_000_000 };
        let found = Answer::new(&dialect, &request, &pictures);
        let is_equal = found.is_like(&case["answer"]);
        let group = groups.entry(case["group"].as_str().unwrap_or("all").to_owned()).or_default();
        group.1 += 1;
        group.0 += usize::from(is_equal);
        if !is_equal {
            eprintln!("{} {path} {found}", case["id"].as_str().unwrap_or_default());
        }
    }
    let shares: Vec<_> =
        groups.iter().map(|(group, (held, asked))| (group.as_str(), held * 100 / asked)).collect();
    eprintln!("{table}: {shares:?}");
    for (group, share) in &shares {
        let least = least.iter().find(|(name, _)| name == group).map_or(100, |(_, share)| *share);
        assert!(least <= *share, "{table}, {group}: {share} %, below {least} %");
    }
}

fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// Returns the path and the query of a request.
fn target(path: &str, query: &Value) -> (String, Option<String>) {
    let (path, own) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (path, None),
    };
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs = query.as_object().map(|members| {
        let pair = |(key, value): (&String, &Value)| {
            format!("{}={}", encode(key), encode(value.as_str().unwrap_or_default()))
        };
        members.iter().map(pair).collect::<Vec<_>>().join("&")
    });
    (path.to_owned(), own.or(pairs))
}

#[test]
fn imgproxy_answers_alike() {
    check("imgproxy", "imgproxy/table.jsonl", "{}", IMGPROXY);
}

#[test]
fn thumbor_answers_alike() {
    let settings = r#"{"thumbor":{"keys":["MY_SECURE_KEY"],"allow-unsafe":true}}"#;
    check("thumbor", "thumbor/thumbor.jsonl", settings, THUMBOR);
}

#[test]
fn imagor_answers_alike() {
    check("imagor", "thumbor/imagor.jsonl", "{}", IMAGOR);
}

#[test]
fn dit_7_answers_alike() {
    let settings = r#"{"dit":{"buckets":{"images":"/","other":"/"},"default-bucket":"images"}}"#;
    check("dit", "dit/dit7.jsonl", settings, DIT_7);
}

#[test]
fn dit_8_answers_alike() {
    let settings =
        r#"{"dit8":{"mappings":{"/img/":"/","/s3/":"/","/s3path/":"/","/up/":"/","/exact/":"/"}}}"#;
    check("dit8", "dit/dit8.jsonl", settings, DIT_8);
}
