//! Fuzzes the query parser: any text has a canonical form that is stable, or gives a typed error, and the
//! edge's form of it has the same meaning. The text is also tried after a valid query that its bytes select.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_edge::normalize::{Config, Normalizer};
use safelight_registry::{REGISTRY, example_query};
use std::sync::LazyLock;

static NORMALIZER: LazyLock<Normalizer> =
    LazyLock::new(|| Normalizer::new(&Config::default()).expect("the default settings are valid"));

fuzz_target!(|raw: &str| {
    check(raw);
    let example = example_query(raw.as_bytes());
    assert!(REGISTRY.query(&example, "").is_ok(), "{example}");
    check(&example);
    check(&format!("{example}&{raw}"));
});

fn check(raw: &str) {
    let query = |raw: &str| REGISTRY.query(raw, "").map(|query| query.to_string());
    let canonical = query(raw);
    if let Ok(canonical) = &canonical {
        assert_eq!(query(canonical).ok().as_ref(), Some(canonical));
    }
    let normalized = NORMALIZER.normalize(raw, "").query;
    assert_eq!(
        query(&normalized).map_err(|error| error.to_string()),
        canonical.map_err(|error| error.to_string())
    );
    assert_eq!(NORMALIZER.normalize(&normalized, "").query, normalized);
}
