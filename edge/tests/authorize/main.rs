//! Authorization: valid and forged tokens, key rotation, settings.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod forge;

mod keys;
mod settings;
mod zoo;

use safelight_edge::{
    authorize::{Authorizer, Outcome, Reason, TokenPresence},
    config,
};
use serde_json::{Value, json};

/// The time in these tests, seconds since the epoch.
const NOW: u64 = 1_800_000_000;

fn authorizer(config: &Value) -> Authorizer {
    Authorizer::new(&config::from_json(&config.to_string()).unwrap()).unwrap()
}

/// Authorizes `token`. If a key set must be fetched, `key_set` returns the one at its URL.
fn authorize(authorizer: &Authorizer, token: &str, now: u64, key_set: impl Fn(&str) -> Value) -> Outcome {
    let token = TokenPresence::One(token.into());
    match authorizer.authorize(&token, now) {
        Outcome::Fetch(url) => {
            authorizer.keys_fetched(&url, key_set(&url).to_string().as_bytes(), now).unwrap();
            authorizer.authorize(&token, now)
        }
        outcome => outcome,
    }
}

/// Returns the reason of a rejection, or `None` if the request is allowed.
fn reason(outcome: &Outcome) -> Option<Reason> {
    match outcome {
        Outcome::Allowed(_) => None,
        Outcome::Refused(refusal) => Some(refusal.reason),
        other => panic!("no decision: {other:?}"),
    }
}

/// Settings with one OIDC issuer and the audience `photos`.
fn oidc() -> Value {
    json!({ "mode": "token", "issuers": [{ "oidc": { "issuer": "https://id.example", "audiences": ["photos"] } }] })
}

/// Valid claims for [`oidc`] that expire in an hour.
fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "photos", "sub": "ada", "iat": NOW, "exp": NOW + 3_600 })
}
