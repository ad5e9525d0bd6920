//! Any query: a canonical form that is its own canonical form, or a typed error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_registry::REGISTRY;

fuzz_target!(|raw: &str| {
    if let Ok(query) = REGISTRY.query(raw, "") {
        let canonical = query.to_string();
        assert_eq!(REGISTRY.query(&canonical, "").map(|again| again.to_string()).ok(), Some(canonical));
    }
});
