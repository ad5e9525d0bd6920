//! Who gets in: good tokens of every kind, forged ones, keys that come and go, settings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forge;

mod keys;
mod settings;
mod zoo;

use safelight_edge::{
    authorize::{Authorizer, Given, Outcome, Reason},
    config,
};
use serde_json::{Value, json};

/// The time in these tests, seconds since the epoch.
const NOW: u64 = 1_800_000_000;

fn authorizer(config: &Value) -> Authorizer {
    Authorizer::new(&config::from_json(&config.to_string()).unwrap()).unwrap()
}

/// Asks about `token`, and answers fetches with what `key_set` says of a URL.
fn ask(authorizer: &Authorizer, token: &str, now: u64, key_set: impl Fn(&str) -> Value) -> Outcome {
    let given = Given::One(token.into());
    match authorizer.authorize(&given, now) {
        Outcome::Fetch(url) => {
            authorizer.keys_fetched(&url, key_set(&url).to_string().as_bytes(), now).unwrap();
            authorizer.authorize(&given, now)
        }
        outcome => outcome,
    }
}

/// What became of a request: `None` if it may go on.
fn refused(outcome: &Outcome) -> Option<Reason> {
    match outcome {
        Outcome::Allowed(_) => None,
        Outcome::Refused(refusal) => Some(refusal.reason),
        other => panic!("no decision: {other:?}"),
    }
}

/// One issuer that signs for the audience `photos`.
fn oidc() -> Value {
    json!({ "mode": "token", "issuers": [{ "oidc": { "issuer": "https://id.example", "audiences": ["photos"] } }] })
}

/// Claims of a token of [`oidc`], good for another hour.
fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "photos", "sub": "ada", "iat": NOW, "exp": NOW + 3_600 })
}
