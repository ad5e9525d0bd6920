//! Every mistyped name of a setting is rejected with the name that was meant.

use super::{ConfigFile, check_variables, known_settings};
use crate::{cache_control::CacheSettings, policy::schema_of, site::Origins};
use safelight_core::testing::typos;
use safelight_edge::{config::from_json, rules::Allow};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Asserts that `message` suggests `name` for `typo`.
fn assert_suggested(name: &str, typo: &str, message: &str) {
    let suggestions = message.rsplit_once("did you mean ").map_or("", |(_, names)| names);
    let mut words = suggestions.split([' ', ',', '?']);
    assert!(words.any(|word| word == name), "{typo} for {name}: {message}");
}

#[test]
fn settings_in_the_file() {
    let is_known = |typo: &str| known_settings().any(|known| known.name == typo);
    let mut rejected = 0;
    for known in known_settings() {
        for typo in typos(known.name).filter(|typo| !is_known(typo)) {
            let message = ConfigFile::load(&format!("'{typo}' = 1")).unwrap_err().to_string();
            assert_suggested(known.name, &typo, &message);
            rejected += 1;
        }
    }
    assert!(rejected > 10_000, "{rejected}");
}

#[test]
fn variables() {
    // SAFELIGHT_DIALECTs is the typo of another variable.
    let is_known = |typo: &str| known_settings().any(|known| known.variable.eq_ignore_ascii_case(typo));
    let mut rejected = 0;
    for known in known_settings() {
        let own = known.variable.strip_prefix("SAFELIGHT_").unwrap_or_default();
        let names = typos(own).map(|typo| format!("SAFELIGHT_{typo}")).filter(|typo| !is_known(typo));
        for typo in names {
            let message = check_variables([typo.clone()]).unwrap_err().to_string();
            assert_suggested(known.variable, &typo, &message);
            rejected += 1;
        }
    }
    assert!(rejected > 10_000, "{rejected}");
}

/// Checks the names in tables with fixed names within `schema`, and returns how many typos were rejected. `parse`
/// returns the error for a document, which `wrap` makes of the part that `schema` describes.
fn check(parse: &dyn Fn(&str) -> String, schema: &Value, wrap: &dyn Fn(Value) -> Value) -> usize {
    let none = Map::new();
    let names = schema["properties"].as_object().unwrap_or(&none);
    let mut rejected = 0;
    for (name, inner) in names {
        for typo in typos(name).filter(|typo| !names.contains_key(typo)) {
            let message = parse(&wrap(json!({ &typo: null })).to_string());
            assert_suggested(name, &typo, &message);
            rejected += 1;
        }
        rejected += check(parse, inner, &|value| wrap(json!({ name: value })));
    }
    if schema["additionalProperties"].is_object() {
        rejected += check(parse, &schema["additionalProperties"], &|value| wrap(json!({ "/any/": value })));
    }
    if schema["items"].is_object() {
        rejected += check(parse, &schema["items"], &|value| wrap(json!([value])));
    }
    for alternative in schema["oneOf"].as_array().into_iter().flatten() {
        rejected += check(parse, alternative, wrap);
    }
    rejected
}

fn table<T: DeserializeOwned + JsonSchema>() -> usize {
    let parse = |text: &str| match from_json::<T>(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    };
    check(&parse, &schema_of::<T>(), &|value| value)
}

#[test]
fn names_in_tables() {
    assert!(table::<Allow>() > 500);
    assert!(table::<CacheSettings>() > 2_000);
    assert!(table::<Origins>() > 5_000);
    assert!(table::<safelight_dialects::Settings>() > 5_000);
    assert!(table::<safelight_edge::authorize::Config>() > 5_000);
}
