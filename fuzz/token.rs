//! Fuzzes the token check with any key set, token and request: it always decides, and never accepts a token
//! without a valid signature.
#![no_main]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use safelight_edge::{
    authorize::{Authorizer, Outcome, TokenPresence},
    config,
};
use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

const CONFIG: &str = r#"{
  "mode": "token",
  "tokenFrom": { "headers": ["token"], "cookies": ["token"], "queries": ["token"] },
  "issuers": [
    { "oidc": { "issuer": "https://id.example", "audiences": null } },
    { "cognito": { "userPoolId": "eu-west-1_A", "clientIds": null, "tokenUse": "either", "groups": ["a"] } }
  ]
}"#;

static AUTHORIZER: LazyLock<Authorizer> = LazyLock::new(|| {
    let config = config::from_json(CONFIG).expect("the settings can be parsed");
    Authorizer::new(&config).expect("the settings are valid")
});

/// Seconds since the epoch. It grows by more than the lifetime of keys, so that inputs do not affect each
/// other.
static NOW: AtomicU64 = AtomicU64::new(0);

fuzz_target!(|input: (&str, &str, &str, &[u8])| {
    let (header, query, payload, key_set) = input;
    let now = NOW.fetch_add(1_000_000, Ordering::Relaxed);
    let headers = [("authorization", header), ("cookie", header), ("token", query)];
    let taken = AUTHORIZER.take(headers, query);
    let rest =
        taken.headers.iter().flat_map(|(name, values)| values.iter().map(move |value| (&**name, &**value)));
    assert!(
        matches!(AUTHORIZER.take(rest, &taken.query).token, TokenPresence::Absent),
        "a token was not removed"
    );

    // The token of the request, the raw text, and payloads that reach the key lookup.
    let token = |payload: &str| {
        let [header, payload] =
            [r#"{"alg":"ES256","kid":"1"}"#, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        TokenPresence::One(format!("{header}.{payload}.AAAA").into())
    };
    let claims = format!(r#"{{"iss":"https://id.example","exp":1e300,"x":{payload}}}"#);
    for token in [taken.token, TokenPresence::One(header.into()), token(payload), token(&claims)] {
        match AUTHORIZER.authorize(&token, now) {
            Outcome::Allowed(_) => panic!("accepted an unsigned token"),
            Outcome::Fetch(url) => {
                let _ = AUTHORIZER.keys_fetched(&url, key_set, now);
                assert!(
                    !matches!(AUTHORIZER.authorize(&token, now), Outcome::Allowed(_)),
                    "accepted an unsigned token"
                );
            }
            Outcome::Refused(_) | Outcome::Wait(_) | Outcome::Unavailable => (),
        }
    }
});
