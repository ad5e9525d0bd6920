//! Damaged and hostile sources: every transform of bytes gives a response or a typed error, and never panics.

mod common;

use bytes::Bytes;
use common::byte_queries;
use safelight_core::{
    Kind, Plan, Query, Settings,
    testing::{Output, with_sides},
};
use safelight_registry::REGISTRY;
use std::sync::LazyLock;

static QUERIES: LazyLock<Vec<Query>> = LazyLock::new(|| {
    byte_queries().iter().map(|raw| REGISTRY.query(raw, "").expect("a valid query")).collect()
});

/// Runs every transform of bytes over a source.
///
/// # Panics
/// If a transform panics, or its error is not about the source.
fn check(name: &str, source: &Bytes) {
    for query in QUERIES.iter() {
        let plan = with_sides(Plan::new(REGISTRY, query.clone()).expect("no conflict"));
        if let Err(error) = Output::collect(plan.start(&Settings::default()), source, 16 << 10) {
            let is_about_source =
                matches!(error.kind, Kind::Corrupt | Kind::UnsupportedFormat | Kind::LimitExceeded);
            assert!(is_about_source, "{name}?{query}: {error:?}");
        }
    }
}

#[test]
fn hostile_files_give_a_response_or_a_typed_error() {
    for path in
        safelight_images::corpus_files().iter().filter(|path| path.to_string_lossy().contains("hostile"))
    {
        check(&path.display().to_string(), &Bytes::from(std::fs::read(path).expect("a readable file")));
    }
}

/// Returns ten small sources, at most three of a format, each large enough to be more than a header.
fn small_sources() -> Vec<(String, Bytes)> {
    let mut sources: Vec<_> = safelight_images::every_file()
        .iter()
        .map(|path| (path.display().to_string(), Bytes::from(std::fs::read(path).expect("a file"))))
        .collect();
    sources.retain(|(_, source)| 2000 <= source.len());
    sources.sort_by_key(|(_, source)| source.len());
    let mut seen = std::collections::HashMap::new();
    sources.retain(|(name, _)| {
        let kind = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let count = seen.entry(kind).or_insert(0);
        *count += 1;
        *count <= 3
    });
    sources.truncate(10);
    sources
}

#[test]
fn every_truncation_of_ten_files_gives_a_response_or_a_typed_error() {
    let sources = small_sources();
    assert_eq!(sources.len(), 10);
    for (name, source) in &sources {
        for length in 0..source.len() {
            check(name, &source.slice(..length));
        }
    }
}

#[test]
fn ten_thousand_mutations_give_a_response_or_a_typed_error() {
    // Xorshift64 (Marsaglia 2003) from a fixed seed: a failure can be run again.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let sources = small_sources();
    for round in 0..10_000 {
        let (name, source) = &sources[round % sources.len()];
        let mut mutated = source.to_vec();
        for _ in 0..=random(8) {
            // Structure is dense at the start.
            let reach = if random(2) == 0 { mutated.len().min(1024) } else { mutated.len() };
            let at = random(reach);
            match random(4) {
                0 => mutated[at] = random(256) as u8,
                1 => mutated[at] = [0, 1, 0x7F, 0x80, 0xFF][random(5)],
                2 => drop(mutated.splice(at..at, [random(256) as u8])),
                _ => drop(mutated.drain(at..(at + random(16)).min(mutated.len()))),
            }
            if mutated.is_empty() {
                break;
            }
        }
        check(&format!("{name}, round {round}"), &Bytes::from(mutated));
    }
}
