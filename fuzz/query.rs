//! Fuzzes the query parser: any text has a canonical form that is stable, or gives a typed error, and the
//! edge's form of it has the same meaning. The text is also tried after a valid query that its bytes select.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_edge::{
    normalize::{Config, Normalizer},
    rules::{Allow, RuleSettings, Rules, Scalar},
};
use safelight_registry::{REGISTRY, example_query};
use std::sync::LazyLock;

static NORMALIZER: LazyLock<Normalizer> =
    LazyLock::new(|| Normalizer::new(&Config::default()).expect("the default settings are valid"));

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let settings = RuleSettings {
        presets: [("card".to_owned(), "width=320&format=auto".to_owned())].into(),
        ladders: [("width".to_owned(), vec![100, 200])].into(),
        allow: Allow {
            values: [("dpr".to_owned(), vec![Scalar::Integer(2)])].into(),
            formats: Some(vec!["webp".to_owned()]),
            ..Allow::default()
        },
        ..RuleSettings::default()
    };
    Rules::new(settings, REGISTRY.params()).expect("the settings are valid")
});

fuzz_target!(|raw: &str| {
    check(raw);
    if let Ok(asked) = RULES.query(raw, raw) {
        // What the rules admit, they admit again in canonical form.
        let again = RULES.query(&asked.query.to_string(), "");
        assert!(
            asked.preset.is_some()
                || again.is_ok_and(|again| again.query.to_string() == asked.query.to_string())
        );
    }
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
    let Ok(normalized) = NORMALIZER.normalize(raw, "") else { return };
    let normalized = normalized.query;
    assert_eq!(
        query(&normalized).map_err(|error| error.to_string()),
        canonical.map_err(|error| error.to_string())
    );
    assert_eq!(NORMALIZER.normalize(&normalized, "").ok().map(|again| again.query), Some(normalized));
}
