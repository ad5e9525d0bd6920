//! The generated example queries are valid, and use every parameter.

use safelight_core::{Plan, Query};
use safelight_registry::{
    REGISTRY, TRANSFORMS, example_queries, example_query, example_query_len, example_values,
};
use std::collections::BTreeSet;

fn parse(raw: &str) -> Query {
    REGISTRY.query(raw, "").unwrap_or_else(|error| panic!("{raw}: {error}"))
}

/// Returns every parameter's key with each of its example values.
fn pairs() -> Vec<(&'static str, String)> {
    let params = TRANSFORMS.iter().flat_map(|transform| transform.params());
    params.flat_map(|param| example_values(param).into_iter().map(|value| (param.key, value))).collect()
}

#[test]
fn every_parameter_has_valid_examples() {
    let (queries, pairs) = (example_queries(), pairs());
    let parsed: Vec<Query> = queries.iter().map(|raw| parse(raw)).collect();
    assert!(parsed.iter().all(|query| !query.is_empty()));
    for param in TRANSFORMS.iter().flat_map(|transform| transform.params()) {
        assert!(pairs.iter().any(|(key, _)| *key == param.key), "{} has no example value", param.key);
    }
    for (key, value) in pairs {
        let is_alone = |query: &&Query| query.to_string().split('&').count() == 1;
        let alone = parsed.iter().filter(is_alone).any(|query| query.get(key) == Some(&value));
        assert!(alone, "no query has {key}={value} alone");
    }
}

#[test]
fn examples_reach_the_limits_and_the_words_of_a_parameter() {
    let queries: Vec<Query> = example_queries().iter().map(|raw| parse(raw)).collect();
    let expected = [
        "width=1",
        "width=16384",
        "blur=0.3",
        "blur=100",
        "crop=8,8,100,60",
        "crop=0,8,100,60",
        "crop=0.5,0.5,0.5,0.5",
        "gravity=north-west",
        "gravity=0,0.7",
        "window=-65536,400",
        "window=40,131072",
        "background=336699cc",
        "rotate=270",
        "format=avif",
        "progressive=true",
    ];
    for raw in expected {
        assert!(queries.contains(&parse(raw)), "{raw} is missing in {queries:#?}");
    }
}

#[test]
fn selected_queries_reach_every_example_and_have_no_conflict() {
    let (mut state, mut seen) = (20_261_127_u32, BTreeSet::new());
    let mut random = || {
        // Numerical Recipes' linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let pairs = pairs();
    for _ in 0..20_000 {
        let choices: Vec<u8> = (0..example_query_len()).map(|_| random()).collect();
        let query = parse(&example_query(&choices));
        let found = pairs.iter().filter(|(key, value)| query.get(key) == Some(value));
        seen.extend(found.cloned());
        assert!(Plan::new(REGISTRY, query).is_ok(), "{choices:?}");
    }
    for pair in pairs {
        assert!(seen.contains(&pair), "{pair:?} was never selected");
    }
    assert_eq!(example_query(&[]), "");
    assert_eq!(example_query(&vec![0; example_query_len()]), "");
}
