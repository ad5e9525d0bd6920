//! Mistyped keys are rejected with the key that was meant, by the service and by the edge.

use safelight_core::{KeyRules, testing::typos};
use safelight_edge::normalize::{Config, Normalizer};
use safelight_registry::REGISTRY;

#[test]
fn every_typo_of_every_key_is_rejected_with_the_right_suggestion() {
    let rules = KeyRules::default();
    let normalizer = Normalizer::new(&Config::default()).unwrap();
    let is_known = |key: &str| REGISTRY.params().any(|param| param.is_named(key)) || rules.drops(key);
    let mut rejected = 0;
    for param in REGISTRY.params() {
        for name in [&[param.key], param.aliases].concat() {
            assert!(!rules.drops(name), "{name} would be dropped");
            for typo in typos(name).filter(|typo| !is_known(typo)) {
                let raw = format!("{typo}=1");
                let message = rules.check(&raw, REGISTRY.params()).unwrap_err().message;
                let suggestions = message.split_once("did you mean ").map_or("", |(_, names)| names);
                let mut words = suggestions.split([' ', ',', '?']);
                assert!(words.any(|word| word == name), "{typo} for {name}: {message}");
                assert_eq!(normalizer.normalize(&raw, "").unwrap_err().message, message, "{typo}");
                rejected += 1;
            }
        }
    }
    assert!(rejected > 5_000, "{rejected}");
}
