//! Any query: a canonical form that is its own canonical form, or a typed error; and the edge's form of it
//! means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_edge::normalize::{Config, Normalizer};
use safelight_registry::REGISTRY;
use std::sync::LazyLock;

static NORMALIZER: LazyLock<Normalizer> =
    LazyLock::new(|| Normalizer::new(&Config::default()).expect("these are good settings"));

fuzz_target!(|raw: &str| {
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
});
