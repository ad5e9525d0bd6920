//! Key sets that are missing, rotated, unreachable or invalid, and keys that are revoked or unsupported.

use crate::{
    NOW, authorize, authorizer, claims,
    forge::{Signer, base64, key_set},
    oidc, reason,
};
use safelight_edge::authorize::{
    Authorizer, FETCH_SECS, KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS, Outcome, PENALTY_SECS, Reason,
    TokenPresence,
};
use serde_json::{Value, json};

const URL: &str = "https://id.example/.well-known/jwks.json";

/// Returns the outcome of `token` as one word.
fn outcome(authorizer: &Authorizer, token: &str, now: u64) -> String {
    match authorizer.authorize(&TokenPresence::One(token.into()), now) {
        Outcome::Allowed(_) => "allowed".to_owned(),
        Outcome::Refused(refusal) => format!("{:?}", refusal.reason),
        Outcome::Fetch(url) => {
            assert_eq!(&*url, URL);
            "fetch".to_owned()
        }
        Outcome::Wait(url) => {
            assert_eq!(&*url, URL);
            "wait".to_owned()
        }
        Outcome::Unavailable => "unavailable".to_owned(),
    }
}

/// Returns a token of `signer`, valid for a day.
fn token(signer: &Signer) -> String {
    let mut claims = claims();
    claims["exp"] = json!(NOW + 86_400);
    signer.token(&claims)
}

fn deliver(authorizer: &Authorizer, signers: &[&Signer], now: u64) {
    let body = key_set(signers.iter().copied()).to_string();
    authorizer.keys_fetched(URL, body.as_bytes(), now).unwrap();
}

#[test]
fn one_caller_fetches_and_the_others_wait() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    assert_eq!(outcome(&authorizer, &token, NOW), "wait");
    assert_eq!(outcome(&authorizer, &token, NOW + FETCH_SECS - 1), "wait");
    deliver(&authorizer, &[&signer], NOW + 1);
    assert_eq!(outcome(&authorizer, &token, NOW + 1), "allowed");
    assert_eq!(outcome(&authorizer, &token, NOW + 1), "allowed");
}

#[test]
fn threads_share_one_fetch() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| outcome(&authorizer, &token, NOW))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "fetch").count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "wait").count(), 7);
}

#[test]
fn an_abandoned_fetch_passes_to_another_caller() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    assert_eq!(outcome(&authorizer, &token, NOW + FETCH_SECS), "fetch");
    assert_eq!(outcome(&authorizer, &token, NOW + FETCH_SECS), "wait");
}

#[test]
fn a_failed_fetch_is_not_repeated_at_once() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    authorizer.fetch_failed(URL, NOW + 3);
    assert_eq!(outcome(&authorizer, &token, NOW + 3), "unavailable");
    assert_eq!(outcome(&authorizer, &token, NOW + 2 + PENALTY_SECS), "unavailable");
    assert_eq!(outcome(&authorizer, &token, NOW + 3 + PENALTY_SECS), "fetch");
    deliver(&authorizer, &[&signer], NOW + 14);
    assert_eq!(outcome(&authorizer, &token, NOW + 14), "allowed");
}

#[test]
fn invented_key_ids_cause_one_fetch_in_ten_seconds() {
    let signer = Signer::new("ES256", "1");
    let authorizer = authorizer(&oidc());
    let good = token(&signer);
    let invented: Vec<_> = (0..50).map(|i| token(&Signer::new("ES256", &format!("invented {i}")))).collect();
    assert_eq!(outcome(&authorizer, &good, NOW), "fetch");
    deliver(&authorizer, &[&signer], NOW);
    // The set was fetched a second ago, but the issuer may have changed it since.
    assert_eq!(outcome(&authorizer, &invented[0], NOW + 1), "fetch");
    assert_eq!(outcome(&authorizer, &invented[1], NOW + 1), "wait");
    assert_eq!(outcome(&authorizer, &good, NOW + 1), "allowed");
    deliver(&authorizer, &[&signer], NOW + 1);
    for token in &invented {
        assert_eq!(outcome(&authorizer, token, NOW + 1), "UnknownKey");
        assert_eq!(outcome(&authorizer, token, NOW + PENALTY_SECS), "UnknownKey");
    }
    assert_eq!(outcome(&authorizer, &good, NOW + 2), "allowed");
    assert_eq!(outcome(&authorizer, &invented[2], NOW + 1 + PENALTY_SECS), "fetch");
}

#[test]
fn keys_rotate_without_a_restart() {
    let (old, new) = (Signer::new("ES256", "old"), Signer::new("RS256", "new"));
    let (old_token, new_token) = (token(&old), token(&new));
    let authorizer = authorizer(&oidc());
    assert_eq!(outcome(&authorizer, &old_token, NOW), "fetch");
    deliver(&authorizer, &[&old], NOW);
    assert_eq!(outcome(&authorizer, &old_token, NOW), "allowed");
    assert_eq!(outcome(&authorizer, &new_token, NOW + 5), "fetch");
    // Tokens with a known key do not wait for the fetch.
    assert_eq!(outcome(&authorizer, &old_token, NOW + 5), "allowed");
    deliver(&authorizer, &[&old, &new], NOW + 5);
    assert_eq!(outcome(&authorizer, &new_token, NOW + 5), "allowed");
    assert_eq!(outcome(&authorizer, &old_token, NOW + 5), "allowed");
}

#[test]
fn tokens_of_a_revoked_key_are_rejected_after_the_refresh() {
    let (active, revoked) = (Signer::new("ES256", "active"), Signer::new("ES256", "revoked"));
    let (active_token, revoked_token) = (token(&active), token(&revoked));
    let authorizer = authorizer(&oidc());
    assert_eq!(outcome(&authorizer, &active_token, NOW), "fetch");
    // The age counts from the start of the fetch, because the response may be that old.
    deliver(&authorizer, &[&active, &revoked], NOW + 9);
    for token in [&active_token, &revoked_token] {
        assert_eq!(outcome(&authorizer, token, NOW + 9), "allowed");
        assert_eq!(outcome(&authorizer, token, NOW + 3_599), "allowed");
    }
    assert_eq!(outcome(&authorizer, &active_token, NOW + 3_600), "fetch");
    // Tokens with a known key do not wait for a refresh in progress.
    assert_eq!(outcome(&authorizer, &revoked_token, NOW + 3_600), "allowed");
    deliver(&authorizer, &[&active], NOW + 3_601);
    assert_eq!(outcome(&authorizer, &active_token, NOW + 3_601), "allowed");
    // The token is cached, but its key is missing. The issuer may have added it again, so the set is fetched.
    assert_eq!(outcome(&authorizer, &revoked_token, NOW + 3_601), "fetch");
    deliver(&authorizer, &[&active], NOW + 3_601);
    assert_eq!(outcome(&authorizer, &revoked_token, NOW + 3_601), "UnknownKey");
}

#[test]
fn a_new_key_with_the_same_id_invalidates_cached_tokens() {
    let (old, new) = (Signer::new("ES256", "1"), Signer::new("ES256", "1"));
    let (old_token, new_token) = (token(&old), token(&new));
    let authorizer = authorizer(&oidc());
    assert_eq!(outcome(&authorizer, &old_token, NOW), "fetch");
    deliver(&authorizer, &[&old], NOW);
    assert_eq!(outcome(&authorizer, &old_token, NOW), "allowed");
    assert_eq!(outcome(&authorizer, &old_token, NOW + 3_600), "fetch");
    deliver(&authorizer, &[&new], NOW + 3_600);
    assert_eq!(outcome(&authorizer, &old_token, NOW + 3_600), "Signature");
    assert_eq!(outcome(&authorizer, &new_token, NOW + 3_600), "allowed");
}

#[test]
fn expired_keys_are_used_during_an_outage_for_a_limited_time() {
    let signer = Signer::new("ES256", "1");
    let token = token(&signer);
    let mut config = oidc();
    (config["refreshSeconds"], config["staleSeconds"]) = (json!(60), json!(100));
    let authorizer = authorizer(&config);
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    deliver(&authorizer, &[&signer], NOW);
    for time in (60..160).step_by(10) {
        assert_eq!(outcome(&authorizer, &token, NOW + time), "fetch", "after {time} s");
        assert_eq!(outcome(&authorizer, &token, NOW + time), "allowed", "after {time} s");
        authorizer.fetch_failed(URL, NOW + time);
        assert_eq!(outcome(&authorizer, &token, NOW + time), "allowed", "after {time} s");
    }
    assert_eq!(outcome(&authorizer, &token, NOW + 159), "allowed");
    assert_eq!(outcome(&authorizer, &token, NOW + 160), "fetch");
    assert_eq!(outcome(&authorizer, &token, NOW + 160), "wait");
    authorizer.fetch_failed(URL, NOW + 160);
    assert_eq!(outcome(&authorizer, &token, NOW + 160), "unavailable");
}

#[test]
fn keys_expire_when_the_clock_is_set_back() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW + 50_000), "fetch");
    deliver(&authorizer, &[&signer], NOW + 50_000);
    assert_eq!(outcome(&authorizer, &token, NOW + 50_000), "allowed");
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
}

#[test]
fn unrequested_key_sets_are_rejected() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    let body = key_set([&signer]).to_string();
    let deliver = |url, body: &[u8]| authorizer.keys_fetched(url, body, NOW);
    assert_eq!(deliver(URL, body.as_bytes()), Err(KeySetError::NotRequested));
    authorizer.fetch_failed(URL, NOW);
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    assert_eq!(deliver("https://evil.example", body.as_bytes()), Err(KeySetError::NotRequested));
    assert_eq!(deliver(URL, body.as_bytes()), Ok(()));
    assert_eq!(deliver(URL, br#"{"keys":[]}"#), Err(KeySetError::NotRequested));
    assert_eq!(outcome(&authorizer, &token, NOW), "allowed");
}

#[test]
fn an_invalid_key_set_does_not_replace_the_old_one() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    deliver(&authorizer, &[&signer], NOW);
    let mut now = NOW + 3_600;
    let mut check = |body: &[u8], expected| {
        assert_eq!(outcome(&authorizer, &token, now), "fetch");
        assert_eq!(authorizer.keys_fetched(URL, body, now), Err(expected));
        assert_eq!(outcome(&authorizer, &token, now), "allowed");
        now += PENALTY_SECS;
    };
    check(b"", KeySetError::Malformed);
    check(b"<html>", KeySetError::Malformed);
    check(b"[]", KeySetError::Malformed);
    check(b"{}", KeySetError::Malformed);
    check(br#"{"keys":{}}"#, KeySetError::Malformed);
    check(br#"{"keys":[],"keys":[]}"#, KeySetError::Malformed);
    check(br#"{"keys":[{"kid":"1","kid":"2"}]}"#, KeySetError::Malformed);
    check(&vec![b' '; MAX_KEY_SET_BYTES + 1], KeySetError::TooLong);
    let many = json!({ "keys": vec![json!({}); MAX_KEYS + 1] });
    check(many.to_string().as_bytes(), KeySetError::TooManyKeys);
}

#[test]
fn only_signing_keys_are_accepted() {
    /// Returns `jwk` with the member `name` set or removed.
    fn edited(mut jwk: Value, name: &str, value: Option<Value>) -> Value {
        match value {
            Some(value) => jwk[name] = value,
            None => drop(jwk.as_object_mut().unwrap().remove(name)),
        }
        jwk
    }
    let check = |signer: &Signer, jwks: Value, expected: Option<Reason>| {
        let outcome = authorize(&authorizer(&oidc()), &token(signer), NOW, |_| json!({ "keys": jwks }));
        assert_eq!(reason(&outcome), expected, "{jwks}");
    };
    for signer in Signer::all() {
        let unknown = Some(Reason::UnknownKey);
        let check_edited = |name: &str, value: Option<Value>, expected| {
            check(&signer, json!([edited(signer.jwk(), name, value)]), expected);
        };
        check_edited("x5t", Some(json!("x")), None);
        check_edited("use", None, None);
        check_edited("key_ops", Some(json!(["verify"])), None);
        check_edited("alg", None, None);

        check_edited("use", Some(json!("enc")), unknown);
        check_edited("use", Some(json!(null)), unknown);
        check_edited("key_ops", Some(json!(["sign"])), unknown);
        check_edited("key_ops", Some(json!("verify")), unknown);
        check_edited("alg", Some(json!("HS256")), unknown);
        check_edited("alg", Some(json!(1)), unknown);
        check_edited("alg", Some(json!("none")), unknown);
        check_edited("kty", Some(json!("oct")), unknown);
        check_edited("kty", None, unknown);
        check_edited("kid", None, unknown);
        check_edited("kid", Some(json!(1)), unknown);
        let member = if signer.algorithm.starts_with("RS") { "n" } else { "x" };
        let value = signer.jwk()[member].as_str().unwrap().to_owned();
        check_edited(member, None, unknown);
        check_edited(member, Some(json!(format!("{value}="))), unknown);
        check_edited(member, Some(json!(format!("AA{value}"))), unknown);
        check_edited(member, Some(json!(&value[..value.len() / 2])), unknown);
        check_edited(member, Some(json!("")), unknown);
        if member == "x" {
            check_edited("crv", Some(json!("secp256k1")), unknown);
            check_edited("crv", Some(json!("Ed448")), unknown);
        }
        check(&signer, json!([1, null, {}, signer.jwk()]), None);
        // An id that is used twice is ambiguous.
        check(&signer, json!([signer.jwk(), signer.jwk()]), unknown);
        check(&signer, json!([signer.jwk(), { "kid": signer.id }]), unknown);
    }
    let rsa = Signer::new("RS256", "1");
    let short = edited(rsa.jwk(), "n", Some(json!(base64([0xFF; 128]))));
    check(&rsa, json!([short]), Some(Reason::UnknownKey));
    let even = edited(rsa.jwk(), "e", Some(json!(base64([2]))));
    check(&rsa, json!([even]), Some(Reason::Signature));
    let ec = Signer::new("ES256", "1");
    let off_the_curve = edited(ec.jwk(), "y", Some(json!(base64([1; 32]))));
    check(&ec, json!([off_the_curve]), Some(Reason::Signature));
}

#[test]
fn the_token_cache_is_bounded_and_optional() {
    let signer = Signer::new("EdDSA", "1");
    for capacity in [0, 1, 2] {
        let mut config = oidc();
        config["rememberedTokens"] = json!(capacity);
        let authorizer = authorizer(&config);
        for number in [1, 2, 3, 1, 2, 3] {
            let mut claims = claims();
            claims["n"] = json!(number);
            let outcome = authorize(&authorizer, &signer.token(&claims), NOW, |_| key_set([&signer]));
            assert_eq!(reason(&outcome), None);
        }
        let size = if capacity == 0 { "None".to_owned() } else { format!("Some({capacity})") };
        let debug = format!("{authorizer:?}");
        assert!(debug.contains(&format!("TokenCache({size})")), "{debug}");
    }
}
