//! Key sets that are missing, rotate, lose keys, cannot be fetched or hold what is not for tokens.

use crate::{
    NOW, ask, authorizer, claims,
    forge::{Signer, base64, key_set},
    oidc, refused,
};
use safelight_edge::authorize::{
    Authorizer, FETCH_SECS, Given, KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS, Outcome, PENALTY_SECS, Reason,
};
use serde_json::{Value, json};

const URL: &str = "https://id.example/.well-known/jwks.json";

/// In one word what becomes of `token`.
fn outcome(authorizer: &Authorizer, token: &str, now: u64) -> String {
    match authorizer.authorize(&Given::One(token.into()), now) {
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

/// A token of `signer`, good for a day.
fn token(signer: &Signer) -> String {
    let mut claims = claims();
    claims["exp"] = json!(NOW + 86_400);
    signer.token(&claims)
}

fn bring(authorizer: &Authorizer, signers: &[&Signer], now: u64) {
    let body = key_set(signers.iter().copied()).to_string();
    authorizer.keys_fetched(URL, body.as_bytes(), now).unwrap();
}

#[test]
fn one_fetches_and_the_others_wait() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    assert_eq!(outcome(&authorizer, &token, NOW), "wait");
    assert_eq!(outcome(&authorizer, &token, NOW + FETCH_SECS - 1), "wait");
    bring(&authorizer, &[&signer], NOW + 1);
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
fn a_fetch_that_was_given_up_is_handed_to_another() {
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
    bring(&authorizer, &[&signer], NOW + 14);
    assert_eq!(outcome(&authorizer, &token, NOW + 14), "allowed");
}

#[test]
fn invented_key_ids_cause_one_fetch_in_ten_seconds() {
    let signer = Signer::new("ES256", "1");
    let authorizer = authorizer(&oidc());
    let good = token(&signer);
    let invented: Vec<_> = (0..50).map(|i| token(&Signer::new("ES256", &format!("invented {i}")))).collect();
    assert_eq!(outcome(&authorizer, &good, NOW), "fetch");
    bring(&authorizer, &[&signer], NOW);
    // The set is new, but might have been changed since.
    assert_eq!(outcome(&authorizer, &invented[0], NOW + 1), "fetch");
    assert_eq!(outcome(&authorizer, &invented[1], NOW + 1), "wait");
    assert_eq!(outcome(&authorizer, &good, NOW + 1), "allowed");
    bring(&authorizer, &[&signer], NOW + 1);
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
    let (of_old, of_new) = (token(&old), token(&new));
    let authorizer = authorizer(&oidc());
    assert_eq!(outcome(&authorizer, &of_old, NOW), "fetch");
    bring(&authorizer, &[&old], NOW);
    assert_eq!(outcome(&authorizer, &of_old, NOW), "allowed");
    assert_eq!(outcome(&authorizer, &of_new, NOW + 5), "fetch");
    // Whose keys are known need not wait.
    assert_eq!(outcome(&authorizer, &of_old, NOW + 5), "allowed");
    bring(&authorizer, &[&old, &new], NOW + 5);
    assert_eq!(outcome(&authorizer, &of_new, NOW + 5), "allowed");
    assert_eq!(outcome(&authorizer, &of_old, NOW + 5), "allowed");
}

#[test]
fn tokens_of_a_revoked_key_stop_within_the_refresh() {
    let (kept, revoked) = (Signer::new("ES256", "kept"), Signer::new("ES256", "revoked"));
    let (of_kept, of_revoked) = (token(&kept), token(&revoked));
    let authorizer = authorizer(&oidc());
    assert_eq!(outcome(&authorizer, &of_kept, NOW), "fetch");
    // The age counts from the beginning of the fetch: the answer may be that old.
    bring(&authorizer, &[&kept, &revoked], NOW + 9);
    for token in [&of_kept, &of_revoked] {
        assert_eq!(outcome(&authorizer, token, NOW + 9), "allowed");
        assert_eq!(outcome(&authorizer, token, NOW + 3_599), "allowed");
    }
    assert_eq!(outcome(&authorizer, &of_kept, NOW + 3_600), "fetch");
    // While the fetch is under way nobody waits for it.
    assert_eq!(outcome(&authorizer, &of_revoked, NOW + 3_600), "allowed");
    bring(&authorizer, &[&kept], NOW + 3_601);
    assert_eq!(outcome(&authorizer, &of_kept, NOW + 3_601), "allowed");
    // The token is remembered, but its key is gone: perhaps the issuer knows better by now.
    assert_eq!(outcome(&authorizer, &of_revoked, NOW + 3_601), "fetch");
    bring(&authorizer, &[&kept], NOW + 3_601);
    assert_eq!(outcome(&authorizer, &of_revoked, NOW + 3_601), "UnknownKey");
}

#[test]
fn another_key_under_the_same_id_does_not_inherit_tokens() {
    let (old, new) = (Signer::new("ES256", "1"), Signer::new("ES256", "1"));
    let (of_old, of_new) = (token(&old), token(&new));
    let authorizer = authorizer(&oidc());
    assert_eq!(outcome(&authorizer, &of_old, NOW), "fetch");
    bring(&authorizer, &[&old], NOW);
    assert_eq!(outcome(&authorizer, &of_old, NOW), "allowed");
    assert_eq!(outcome(&authorizer, &of_old, NOW + 3_600), "fetch");
    bring(&authorizer, &[&new], NOW + 3_600);
    assert_eq!(outcome(&authorizer, &of_old, NOW + 3_600), "Signature");
    assert_eq!(outcome(&authorizer, &of_new, NOW + 3_600), "allowed");
}

#[test]
fn old_keys_bridge_an_outage_for_a_bounded_time() {
    let signer = Signer::new("ES256", "1");
    let token = token(&signer);
    let mut config = oidc();
    (config["refreshSeconds"], config["staleSeconds"]) = (json!(60), json!(100));
    let authorizer = authorizer(&config);
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    bring(&authorizer, &[&signer], NOW);
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
fn a_clock_that_was_set_back_makes_keys_old() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW + 50_000), "fetch");
    bring(&authorizer, &[&signer], NOW + 50_000);
    assert_eq!(outcome(&authorizer, &token, NOW + 50_000), "allowed");
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
}

#[test]
fn only_what_was_asked_for_is_taken() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    let body = key_set([&signer]).to_string();
    let bring = |url, body: &[u8]| authorizer.keys_fetched(url, body, NOW);
    assert_eq!(bring(URL, body.as_bytes()), Err(KeySetError::NotAsked));
    authorizer.fetch_failed(URL, NOW);
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    assert_eq!(bring("https://evil.example", body.as_bytes()), Err(KeySetError::NotAsked));
    assert_eq!(bring(URL, body.as_bytes()), Ok(()));
    assert_eq!(bring(URL, br#"{"keys":[]}"#), Err(KeySetError::NotAsked));
    assert_eq!(outcome(&authorizer, &token, NOW), "allowed");
}

#[test]
fn a_damaged_key_set_leaves_the_old_one_in_use() {
    let signer = Signer::new("ES256", "1");
    let (authorizer, token) = (authorizer(&oidc()), token(&signer));
    assert_eq!(outcome(&authorizer, &token, NOW), "fetch");
    bring(&authorizer, &[&signer], NOW);
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
fn only_keys_that_sign_tokens_count() {
    /// `jwk` with `name` set, or without it.
    fn edited(mut jwk: Value, name: &str, value: Option<Value>) -> Value {
        match value {
            Some(value) => jwk[name] = value,
            None => drop(jwk.as_object_mut().unwrap().remove(name)),
        }
        jwk
    }
    let check = |signer: &Signer, jwks: Value, expected: Option<Reason>| {
        let found = ask(&authorizer(&oidc()), &token(signer), NOW, |_| json!({ "keys": jwks }));
        assert_eq!(refused(&found), expected, "{jwks}");
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
        // An id that two keys have names neither.
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
fn memory_of_tokens_is_bounded_and_optional() {
    let signer = Signer::new("EdDSA", "1");
    for capacity in [0, 1, 2] {
        let mut config = oidc();
        config["rememberedTokens"] = json!(capacity);
        let authorizer = authorizer(&config);
        for number in [1, 2, 3, 1, 2, 3] {
            let mut claims = claims();
            claims["n"] = json!(number);
            let found = ask(&authorizer, &signer.token(&claims), NOW, |_| key_set([&signer]));
            assert_eq!(refused(&found), None);
        }
        let size = if capacity == 0 { "None".to_owned() } else { format!("Some({capacity})") };
        let shown = format!("{authorizer:?}");
        assert!(shown.contains(&format!("Remembered({size})")), "{shown}");
    }
}
