//! The metrics: every documented one exists, is well-formed, and moves under load.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "counts are whole numbers")]
#![cfg(target_os = "linux")]

mod common;

use common::{Program, fetch, get, send};
use safelight_service::metrics::{ALL, table};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};
use tokio::time::timeout;

/// Longer than the test takes.
const LONG: Duration = Duration::from_mins(2);

/// Images whose encodes take seconds, in child processes.
const SLOW: [&str; 3] = [
    "/photo.jpg?width=1200&height=1200&fit=fill&format=avif",
    "/photo.jpg?width=1200&height=1201&fit=fill&format=avif",
    "/photo.jpg?width=1200&height=1202&fit=fill&format=avif",
];

/// The series of a scrape, by name and labels.
type Scrape = BTreeMap<String, f64>;

/// Parses the text format of Prometheus, and checks what it requires: a family has one type, declared before its
/// samples, and the buckets of a histogram are cumulative and end with its count.
fn parse(text: &str) -> Scrape {
    let (mut types, mut helps, mut series) = (HashMap::new(), HashSet::new(), Scrape::new());
    let mut bucket: Option<(String, f64)> = None;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(helps.insert(rest.split(' ').next().unwrap()), "{line} again");
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(types.insert(name, kind), None, "{line} again");
            continue;
        }
        let (key, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number in {line}"));
        let name = key.split('{').next().unwrap();
        let is_histogram = |family: &&str| types.get(family) == Some(&"histogram");
        let suffix = |end| name.strip_suffix(end).filter(is_histogram);
        let family = suffix("_bucket").or(suffix("_sum")).or(suffix("_count")).unwrap_or(name);
        assert!(types.contains_key(family) && helps.contains(family), "{line} without type and help");
        if suffix("_bucket").is_some() {
            let own = key.split("le=").next().unwrap().to_owned();
            if let Some((_, lower)) = bucket.take().filter(|(other, _)| *other == own) {
                assert!(lower <= value, "{line} is less than the bucket before");
            }
            bucket = Some((own, value));
        } else if suffix("_count").is_some() {
            assert_eq!(bucket.take().unwrap().1, value, "{line} is not its last bucket");
        }
        assert_eq!(series.insert(key.to_owned(), value), None, "{line} again");
    }
    series
}

async fn scrape(program: &Program) -> Scrape {
    let reply = get(program.admin_address(), "/metrics").await;
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4");
    parse(reply.text())
}

/// Returns the sum of all series of a metric; of a histogram, how many values it has.
fn sum(scrape: &Scrape, metric: &str) -> f64 {
    let count = format!("{metric}_count");
    let is_own = |key: &str| {
        let name = key.split('{').next().unwrap_or_default();
        name == metric || name == count
    };
    scrape.iter().filter(|(key, _)| is_own(key)).map(|(_, value)| value).sum()
}

#[tokio::test]
async fn every_documented_metric_exists_and_moves_under_load() {
    let folder = safelight_images::folder();
    let settings = [
        ("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0"),
        ("SAFELIGHT_WORKERS", "1"),
        ("SAFELIGHT_RESULT_CACHE_BYTES", "1MiB"),
    ];
    let program = Program::serve(folder.to_str().unwrap(), &settings);
    program.ignore_log();
    let before = scrape(&program).await;

    for (method, target, status) in [
        ("GET", "/photo.jpg", 200),
        ("HEAD", "/photo.jpg?width=80", 200),
        ("GET", "/photo.jpg?width=80&blur=1&format=webp", 200),
        ("GET", "/photo.tiff?width=80&format=jpeg", 200),
        ("GET", "/photo.jpg?showExif=true", 200),
        ("GET", "/none.jpg", 404),
        ("GET", "/photo.jpg?width=0", 400),
        ("BREW", "/photo.jpg", 405),
    ] {
        assert_eq!(fetch(program.address, method, target, &[]).await.status, status, "{method} {target}");
    }
    // One is processed, the others wait, and then their clients leave.
    let mut clients = Vec::new();
    for target in SLOW {
        clients.push(send(program.address, "GET", target, &[]).await);
    }
    let mut most = Scrape::new();
    let gauges = [
        "safelight_requests_in_progress",
        "safelight_queue_length",
        "safelight_workers_busy",
        "safelight_memory_reserved_bytes",
        "safelight_children{state=\"working\"}",
        "safelight_connections{state=\"in_flight\"}",
    ];
    let has_all = |most: &Scrape| {
        gauges.iter().all(|gauge| most.iter().any(|(key, value)| key.starts_with(gauge) && 0.0 < *value))
    };
    let busy = async {
        while !has_all(&most) {
            for (key, value) in scrape(&program).await {
                let known = most.entry(key).or_default();
                *known = known.max(value);
            }
        }
    };
    assert!(timeout(LONG, busy).await.is_ok(), "{most:#?}");
    drop(clients);
    let left = async { while sum(&scrape(&program).await, "safelight_requests_in_progress") != 0.0 {} };
    timeout(LONG, left).await.unwrap();
    let stopped =
        async { while scrape(&program).await["safelight_child_deaths_total{reason=\"stopped\"}"] == 0.0 {} };
    timeout(LONG, stopped).await.unwrap();

    let after = scrape(&program).await;
    for metric in ALL {
        let moved = |scrape: &Scrape| sum(&before, metric.name) < sum(scrape, metric.name);
        let is_constant =
            ["_max", "_info", "_workers", "_budget_bytes"].iter().any(|end| metric.name.ends_with(end));
        let is_set = is_constant && 0.0 < sum(&after, metric.name);
        assert!(is_set || moved(&after) || moved(&most), "{} did not move", metric.name);
    }
    let exported: HashSet<_> = after.keys().map(|key| key.split('{').next().unwrap()).collect();
    assert_eq!(exported.into_iter().find(|name| !is_known(name)), None, "not documented");

    // The series follow what was done.
    for (key, expected) in [
        ("safelight_requests_total{method=\"GET\"}", 9.0),
        ("safelight_requests_total{method=\"other\"}", 1.0),
        ("safelight_subject_requests_total{subject=\"other\"}", 11.0),
        ("safelight_status_codes_total{status=\"404\"}", 1.0),
        ("safelight_status_codes_total{status=\"499\"}", 3.0),
        ("safelight_errors_total{kind=\"invalid-param\"}", 1.0),
        ("safelight_transform_duration_seconds_count{transform=\"blur\"}", 1.0),
        ("safelight_encode_duration_seconds_count{format=\"webp\"}", 1.0),
        ("safelight_decode_duration_seconds_count{format=\"tiff\"}", 1.0),
        ("safelight_queue_wait_seconds_count{queue=\"source\"}", 1.0),
    ] {
        assert_eq!(after[key], expected, "{key}");
    }
}

/// No text of a client may become a label: the number of series would have no bound.
#[tokio::test]
async fn no_request_adds_a_series() {
    let folder = safelight_images::folder();
    let program = Program::serve(folder.to_str().unwrap(), &[("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0")]);
    program.ignore_log();
    let keys = |scrape: Scrape| scrape.into_keys().collect::<Vec<_>>();
    let before = keys(scrape(&program).await);
    for (method, target) in [("A", "/a"), ("GET", "/b?c=d"), ("GET", "/photo.jpg?width=9"), ("PUT", "/%00")] {
        fetch(program.address, method, target, &[("x-request-id", "e")]).await;
    }
    assert_eq!(keys(scrape(&program).await), before);
}

#[test]
fn dashboards_and_alerts_use_metrics_that_exist() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");
    for file in ["prometheus/alerts.yaml", "grafana/safelight.json"] {
        let text = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let used: HashSet<_> =
            words.filter(|word| word.starts_with("safelight_") || word.starts_with("process_")).collect();
        assert!(5 < used.len(), "{file}");
        for name in used {
            assert!(is_known(name), "{file}: {name}");
        }
    }
}

/// Returns whether a metric of the table has a series of this name.
fn is_known(name: &str) -> bool {
    let own = ["_bucket", "_sum", "_count"].iter().filter_map(|end| name.strip_suffix(end));
    own.chain([name]).any(|name| ALL.iter().any(|metric| metric.name == name))
}

#[test]
fn the_documentation_has_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&table()), "docs/metrics.md should contain:\n{}", table());
}
