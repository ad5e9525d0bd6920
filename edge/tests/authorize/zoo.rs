//! The token zoo: for each algorithm, a valid token is accepted and each kind of invalid token is rejected with
//! its own reason.

use crate::{
    NOW, authorize, authorizer, claims,
    forge::{self, Signer, base64, compact, key_set},
    oidc, reason,
};
use ring::hmac;
use safelight_edge::authorize::{Authorizer, MAX_TOKEN_BYTES, Outcome, Reason, Refusal, TokenPresence};
use serde_json::{Value, json};

/// Returns `value` with the member `name` set or removed.
fn with(mut value: Value, name: &str, new: impl Into<Option<Value>>) -> Value {
    let object = value.as_object_mut().unwrap();
    match new.into() {
        Some(new) => object.insert(name.to_owned(), new),
        None => object.remove(name),
    };
    value
}

/// An authorizer with the key set of its issuer.
struct Zoo {
    authorizer: Authorizer,
    key_set: Value,
}

impl Zoo {
    fn new(config: &Value, signers: &[Signer]) -> Self {
        Self { authorizer: authorizer(config), key_set: key_set(signers) }
    }

    /// Authorizes twice, because a cached token must have the same outcome.
    fn check(&self, token: &str, expected: Option<Reason>, what: &str) {
        for time in ["first", "second"] {
            let outcome = authorize(&self.authorizer, token, NOW, |_| self.key_set.clone());
            assert_eq!(reason(&outcome), expected, "{what}, {time} time");
        }
    }
}

#[test]
fn claims_are_checked_with_every_algorithm() {
    let signers = Signer::all();
    for signer in &signers {
        let zoo = Zoo::new(&oidc(), &signers);
        let check = |name: &str, value: Option<Value>, expected| {
            let what = format!("{} with {name} {value:?}", signer.algorithm);
            zoo.check(&signer.token(&with(claims(), name, value)), expected, &what);
        };
        check("name", Some(json!("Ada")), None);
        check("aud", Some(json!(["x", "photos"])), None);
        check("nbf", Some(json!(NOW)), None);
        check("exp", Some(json!(NOW + 1)), None);
        check("exp", Some(json!(NOW as f64 + 0.5)), None);

        check("exp", None, Some(Reason::NoExpiry));
        check("exp", Some(json!(NOW)), Some(Reason::Expired));
        check("exp", Some(json!(NOW - 1)), Some(Reason::Expired));
        check("exp", Some(json!(-1)), Some(Reason::Expired));
        check("exp", Some(json!("9999999999")), Some(Reason::ClaimType));
        check("exp", Some(json!(null)), Some(Reason::ClaimType));
        check("nbf", Some(json!(NOW + 1)), Some(Reason::NotYetValid));
        check("nbf", Some(json!("0")), Some(Reason::ClaimType));
        check("iat", Some(json!([])), Some(Reason::ClaimType));
        check("iss", Some(json!("https://id.example/")), Some(Reason::Issuer));
        check("iss", Some(json!("https://evil.example")), Some(Reason::Issuer));
        check("iss", Some(json!(["https://id.example"])), Some(Reason::ClaimType));
        check("iss", None, Some(Reason::Issuer));
        check("aud", Some(json!("photo")), Some(Reason::Audience));
        check("aud", Some(json!([])), Some(Reason::Audience));
        check("aud", Some(json!(["photos", 1])), Some(Reason::ClaimType));
        check("aud", None, Some(Reason::Audience));
        check("sub", Some(json!(7)), Some(Reason::ClaimType));
        check("scope", Some(json!(["read"])), Some(Reason::ClaimType));
    }
}

#[test]
fn headers_are_checked_with_every_algorithm() {
    let signers = Signer::all();
    for signer in &signers {
        let zoo = Zoo::new(&oidc(), &signers);
        let check = |name: &str, value: Option<Value>, expected| {
            let what = format!("{} with {name} {value:?}", signer.algorithm);
            zoo.check(&signer.token_with(&with(signer.header(), name, value), &claims()), expected, &what);
        };
        check("typ", None, None);
        check("typ", Some(json!("at+JWT")), None);
        check("typ", Some(json!("application/at+jwt")), None);
        check("jku", Some(json!("https://evil.example/keys")), None);
        check("jwk", Some(forge::key_set(&signers)["keys"][0].clone()), None);

        check("typ", Some(json!("logout+jwt")), Some(Reason::Type));
        check("typ", Some(json!(null)), Some(Reason::Type));
        check("crit", Some(json!(["exp"])), Some(Reason::CriticalHeader));
        check("crit", Some(json!([])), Some(Reason::CriticalHeader));
        check("b64", Some(json!(false)), Some(Reason::CriticalHeader));
        check("kid", None, Some(Reason::NoKeyId));
        check("kid", Some(json!("")), Some(Reason::NoKeyId));
        check("kid", Some(json!(1)), Some(Reason::NoKeyId));
        check("kid", Some(json!("k".repeat(257))), Some(Reason::NoKeyId));
        check("kid", Some(json!("unknown")), Some(Reason::UnknownKey));
        check("alg", None, Some(Reason::Algorithm));
        for name in
            ["none", "None", "NONE", "", "HS256", "HS512", "PS256", "ES256K", "Ed25519", "rs256", "RS1"]
        {
            check("alg", Some(json!(name)), Some(Reason::Algorithm));
        }
        for other in signers.iter().filter(|other| other.algorithm != signer.algorithm) {
            // The signer's key with another algorithm, and the key of that algorithm.
            check("alg", Some(json!(other.algorithm)), Some(Reason::KeyMismatch));
            let header = with(signer.header(), "kid", json!(other.id));
            let token = signer.token_with(&header, &claims());
            zoo.check(&token, Some(Reason::KeyMismatch), "the kid of another algorithm");
        }
    }
}

#[test]
fn a_key_without_alg_accepts_the_algorithms_of_its_type_and_curve() {
    let signers = Signer::all();
    for signer in &signers {
        let key_set = json!({ "keys": [with(signer.jwk(), "alg", None)] });
        let zoo = Zoo { authorizer: authorizer(&oidc()), key_set };
        zoo.check(&signer.token(&claims()), None, signer.algorithm);
        for other in signers.iter().filter(|other| other.algorithm != signer.algorithm) {
            let token = signer.token_with(&with(signer.header(), "alg", json!(other.algorithm)), &claims());
            let are_both_rsa = signer.algorithm.starts_with("RS") && other.algorithm.starts_with("RS");
            let expected = if are_both_rsa { Reason::Signature } else { Reason::KeyMismatch };
            let what = format!("a key of {} for {}", signer.algorithm, other.algorithm);
            zoo.check(&token, Some(expected), &what);
        }
    }
}

#[test]
fn signatures_must_match_the_key_and_the_token() {
    let signers = Signer::all();
    for signer in &signers {
        let zoo = Zoo::new(&oidc(), &signers);
        let check = |token: &str, expected, what: &str| {
            zoo.check(token, Some(expected), &format!("{}: {what}", signer.algorithm));
        };
        let good = signer.token(&claims());
        zoo.check(&good, None, signer.algorithm);
        let [header, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();

        let edited = base64(with(claims(), "sub", json!("eve")).to_string());
        check(&format!("{header}.{edited}.{signature}"), Reason::Signature, "edited payload");
        let edited = base64(with(signer.header(), "x", json!(1)).to_string());
        check(&format!("{edited}.{payload}.{signature}"), Reason::Signature, "edited header");
        let unsigned = base64(with(signer.header(), "alg", json!("none")).to_string());
        check(&format!("{unsigned}.{payload}."), Reason::Malformed, "alg none, without signature");
        check(&format!("{unsigned}.{payload}.{signature}"), Reason::Algorithm, "alg none, with signature");
        // Faulty ECDSA verifiers accepted zeros as the signature of any message (CVE-2022-21449).
        let zeros = base64(vec![0; signer.sign(b"").len()]);
        check(&format!("{header}.{payload}.{zeros}"), Reason::Signature, "zeros");
        check(&format!("{header}.{payload}.AA"), Reason::Signature, "one byte");
        let long = base64([signer.sign(format!("{header}.{payload}").as_bytes()), vec![0]].concat());
        check(&format!("{header}.{payload}.{long}"), Reason::Signature, "one extra byte");
        let stolen = signer.token(&with(claims(), "sub", json!("eve")));
        let stolen = stolen.rsplit_once('.').unwrap().1;
        check(&format!("{header}.{payload}.{stolen}"), Reason::Signature, "another token's signature");

        let key = hmac::Key::new(hmac::HMAC_SHA256, signer.jwk().to_string().as_bytes());
        let sign = |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
        let confused = with(signer.header(), "alg", json!("HS256")).to_string();
        let confused = compact(&confused, &claims().to_string(), sign);
        check(&confused, Reason::Algorithm, "HS256 with the public key");
        let fake = compact(&signer.header().to_string(), &claims().to_string(), sign);
        check(&fake, Reason::Signature, "an HMAC with a valid header");
    }
    let second = Signer::second_rsa("key of RS256");
    Zoo::new(&oidc(), &signers).check(&second.token(&claims()), Some(Reason::Signature), "another key");
}

#[test]
fn every_truncation_and_every_changed_letter_is_rejected() {
    let signer = Signer::new("ES256", "1");
    let zoo = Zoo::new(&oidc(), std::slice::from_ref(&signer));
    let good = signer.token(&claims());
    zoo.check(&good, None, "unchanged");
    let decide = |token: &str| reason(&authorize(&zoo.authorizer, token, NOW, |_| zoo.key_set.clone()));
    for end in 0..good.len() {
        assert!(decide(&good[..end]).is_some(), "cut at {end}");
    }
    for (at, letter) in good.char_indices() {
        for other in ['A', 'B', 'x', '.', '=', '+', ' ', 'ä'] {
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            assert!(letter == other || decide(&changed).is_some(), "{other} at {at}");
        }
    }
}

#[test]
fn ambiguous_and_non_canonical_tokens_are_rejected() {
    let signer = Signer::new("ES256", "1");
    let zoo = Zoo::new(&oidc(), std::slice::from_ref(&signer));
    let raw = |header: &str, payload: &str| compact(header, payload, |message| signer.sign(message));
    let check = |token: &str, expected, what: &str| zoo.check(token, Some(expected), what);
    let (header, payload) = (signer.header().to_string(), claims().to_string());
    zoo.check(&raw(&header, &payload), None, "valid");

    let twice = |text: &str, extra: &str| format!("{{{extra},{}", &text[1..]);
    check(&raw(&header, &twice(&payload, r#""exp":99999999999"#)), Reason::DuplicateName, "exp twice");
    check(&raw(&header, &twice(&payload, r#""\u0065xp":99999999999"#)), Reason::DuplicateName, "exp escaped");
    check(&raw(&header, &twice(&payload, r#""x":{"a":1,"a":1}"#)), Reason::DuplicateName, "deeper");
    check(&raw(&twice(&header, r#""alg":"none""#), &payload), Reason::DuplicateName, "alg twice");

    let nested = |levels: usize| format!(r#""x":{}{}"#, "[".repeat(levels), "]".repeat(levels));
    zoo.check(&raw(&header, &twice(&payload, &nested(15))), None, "nested");
    check(&raw(&header, &twice(&payload, &nested(16))), Reason::TooDeep, "nested too deeply");
    check(&raw(&header, &twice(&payload, &nested(5_000))), Reason::TooDeep, "nested 5,000 levels");
    check(&raw(&twice(&header, &nested(16)), &payload), Reason::TooDeep, "a nested header");

    check(&raw(&header, "[]"), Reason::Malformed, "a list");
    check(&raw(&header, &format!("{payload}{payload}")), Reason::Malformed, "two payloads");
    check(&raw(&header, &format!("\u{feff}{payload}")), Reason::Malformed, "a byte order mark");
    check(&raw(&header, &twice(&payload, r#""x":1e999"#)), Reason::Malformed, "an infinite number");
    check(&raw(&header, ""), Reason::Malformed, "an empty payload");

    let good = raw(&header, &payload);
    check(&format!("{good}="), Reason::Malformed, "padding");
    check(&format!("{good}.x"), Reason::Malformed, "four parts");
    check(&format!(" {good}"), Reason::Malformed, "a space before it");
    check(&format!("{good}\n"), Reason::Malformed, "a line end after it");
    check(&good.replace('.', "%2E"), Reason::Malformed, "percent-encoded");
    // The last letter of 64 bytes in base64url has four unused bits.
    let last = good.chars().last().unwrap();
    let spelled = char::from_u32(u32::from(last) + 1).unwrap();
    check(&format!("{}{spelled}", &good[..good.len() - 1]), Reason::Malformed, "unused bits that are set");
    check("", Reason::Malformed, "nothing");
    check("..", Reason::Malformed, "two dots");

    let padded = |bytes: usize| signer.token(&with(claims(), "x", json!("x".repeat(bytes))));
    zoo.check(&padded(11_000), None, "long");
    check(&padded(13_000), Reason::TooLong, "too long");
    check(&".".repeat(MAX_TOKEN_BYTES + 1), Reason::TooLong, "dots");
}

#[test]
fn the_grace_period_tolerates_clock_differences() {
    let signer = Signer::new("EdDSA", "1");
    let zoo = Zoo::new(&with(oidc(), "graceSeconds", json!(5)), std::slice::from_ref(&signer));
    let check = |name, value: u64, expected| {
        zoo.check(&signer.token(&with(claims(), name, json!(value))), expected, name);
    };
    check("exp", NOW - 4, None);
    check("exp", NOW - 5, Some(Reason::Expired));
    check("nbf", NOW + 5, None);
    check("nbf", NOW + 6, Some(Reason::NotYetValid));
}

#[test]
fn a_cached_token_expires() {
    let signer = Signer::new("EdDSA", "1");
    let authorizer = authorizer(&oidc());
    let token = signer.token(&with(claims(), "nbf", json!(NOW)));
    let check = |now, expected| {
        let outcome = authorize(&authorizer, &token, now, |_| key_set([&signer]));
        assert_eq!(reason(&outcome), expected, "at {now}");
    };
    check(NOW, None);
    check(NOW + 3_599, None);
    check(NOW + 3_600, Some(Reason::Expired));
    check(NOW + 3_599, None);
    check(NOW - 1, Some(Reason::NotYetValid));
}

#[test]
fn issuers_do_not_share_keys_or_rules() {
    let config = json!({ "mode": "token", "issuers": [
        { "oidc": { "issuer": "https://id.example", "audiences": ["photos"], "algorithms": ["ES256"] } },
        { "oidc": { "issuer": "https://two.example", "audiences": null, "jwksUri": "https://keys.example/2" } },
    ] });
    let (one, two) = (Signer::new("ES256", "1"), Signer::new("ES256", "2"));
    let same_id = Signer::new("ES256", "1");
    let rsa = Signer::new("RS256", "rsa");
    let authorizer = authorizer(&config);
    let keys = |url: &str| match url {
        "https://id.example/.well-known/jwks.json" => key_set([&one, &rsa]),
        "https://keys.example/2" => key_set([&two, &same_id, &rsa]),
        other => panic!("unexpected URL: {other}"),
    };
    let check = |token: &str, expected| {
        assert_eq!(reason(&authorize(&authorizer, token, NOW, keys)), expected);
    };
    let second_issuer = with(with(claims(), "iss", json!("https://two.example")), "aud", None);
    check(&one.token(&claims()), None);
    check(&two.token(&second_issuer), None);
    check(&rsa.token(&second_issuer), None);
    check(&rsa.token(&claims()), Some(Reason::AlgorithmNotAllowed));
    check(&two.token(&claims()), Some(Reason::UnknownKey));
    check(&same_id.token(&second_issuer), None);
    check(&same_id.token(&claims()), Some(Reason::Signature));
    check(&one.token(&second_issuer), Some(Reason::Signature));
    // The outcome does not depend on other cached tokens.
    check(&one.token(&claims()), None);
}

#[test]
fn cognito_tokens_are_checked_for_client_use_group_and_scope() {
    const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1";
    let signer = Signer::new("RS256", "1");
    let cognito = |extra: Value| {
        let mut pool = json!({ "userPoolId": "eu-west-1_Ab1", "clientIds": ["app"], "tokenUse": "either" });
        pool.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        Zoo::new(&json!({ "mode": "token", "issuers": [{ "cognito": pool }] }), std::slice::from_ref(&signer))
    };
    let access = json!({ "iss": ISSUER, "token_use": "access", "client_id": "app", "exp": NOW + 9 });
    let id = json!({ "iss": ISSUER, "token_use": "id", "aud": "app", "exp": NOW + 9 });
    let check = |zoo: &Zoo, claims: &Value, expected| {
        zoo.check(&signer.token(claims), expected, &claims.to_string());
    };

    let zoo = cognito(json!({}));
    check(&zoo, &access, None);
    check(&zoo, &id, None);
    let other_form = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab1";
    check(&zoo, &with(id.clone(), "iss", json!(other_form)), None);
    let other_pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab2";
    check(&zoo, &with(id.clone(), "iss", json!(other_pool)), Some(Reason::Issuer));
    check(&zoo, &with(id.clone(), "aud", json!("other")), Some(Reason::Client));
    check(&zoo, &with(id.clone(), "aud", json!(["app"])), Some(Reason::Client));
    check(&zoo, &with(id.clone(), "token_use", json!("access")), Some(Reason::Client));
    check(&zoo, &with(access.clone(), "client_id", json!("other")), Some(Reason::Client));
    check(&zoo, &with(access.clone(), "client_id", None), Some(Reason::Client));
    check(&zoo, &with(access.clone(), "client_id", json!(["app"])), Some(Reason::ClaimType));
    check(&zoo, &with(access.clone(), "token_use", json!("refresh")), Some(Reason::TokenUse));
    check(&zoo, &with(access.clone(), "token_use", None), Some(Reason::TokenUse));

    let zoo = cognito(json!({ "tokenUse": "access" }));
    check(&zoo, &access, None);
    check(&zoo, &id, Some(Reason::TokenUse));
    let zoo = cognito(json!({ "tokenUse": "id", "clientIds": null }));
    check(&zoo, &with(id.clone(), "aud", None), None);
    check(&zoo, &access, Some(Reason::TokenUse));

    let zoo = cognito(json!({ "groups": ["doctors", "nurses"] }));
    check(&zoo, &access, Some(Reason::Group));
    check(&zoo, &with(access.clone(), "cognito:groups", json!(["x", "nurses"])), None);
    check(&zoo, &with(access.clone(), "cognito:groups", json!(["nurse"])), Some(Reason::Group));
    check(&zoo, &with(access.clone(), "cognito:groups", json!("nurses")), Some(Reason::ClaimType));

    let zoo = cognito(json!({ "scopes": ["photos/read"] }));
    check(&zoo, &access, Some(Reason::Scope));
    check(&zoo, &with(access.clone(), "scope", json!("openid photos/read")), None);
    check(&zoo, &with(access, "scope", json!("photos/readwrite")), Some(Reason::Scope));
    check(&zoo, &id, Some(Reason::Scope));
}

#[test]
fn a_scope_shows_all_exif() {
    let mut settings = oidc();
    settings["issuers"][0]["oidc"]["exifScopes"] = json!(["photos/exif"]);
    let signer = Signer::new("EdDSA", "1");
    for (scope, expected) in [
        (json!("photos/exif"), true),
        (json!("openid photos/exif"), true),
        (json!("photos/exif2"), false),
        (json!(""), false),
    ] {
        let token = signer.token(&with(claims(), "scope", scope.clone()));
        let authorizer = authorizer(&settings);
        // The second time from the cache of tokens.
        for _ in 0..2 {
            let outcome = authorize(&authorizer, &token, NOW, |_| key_set([&signer]));
            let Outcome::Allowed(Some(claims)) = outcome else { panic!("the token was rejected") };
            assert_eq!(claims.sees_all_exif, expected, "{scope}");
        }
    }
}

#[test]
fn responses_reveal_only_the_codes_of_rfc_6750() {
    let check = |reason, status, header| {
        let refusal = Refusal { reason };
        assert_eq!((refusal.status(), refusal.www_authenticate()), (status, header), "{reason}");
    };
    check(Reason::NoToken, 401, r#"Bearer realm="safelight""#);
    check(Reason::SeveralTokens, 401, r#"Bearer realm="safelight", error="invalid_request""#);
    check(Reason::Expired, 401, r#"Bearer realm="safelight", error="invalid_token""#);
    check(Reason::Signature, 401, r#"Bearer realm="safelight", error="invalid_token""#);
    check(Reason::Client, 401, r#"Bearer realm="safelight", error="invalid_token""#);
    check(Reason::Scope, 403, r#"Bearer realm="safelight", error="insufficient_scope""#);
    check(Reason::Group, 403, r#"Bearer realm="safelight", error="insufficient_scope""#);

    let authorizer = authorizer(&oidc());
    let check = |token, expected| assert_eq!(reason(&authorizer.authorize(&token, NOW)), Some(expected));
    check(TokenPresence::Absent, Reason::NoToken);
    check(TokenPresence::Several, Reason::SeveralTokens);
}

#[test]
fn debug_output_contains_no_part_of_a_token() {
    let signer = Signer::new("EdDSA", "1");
    let authorizer = authorizer(&oidc());
    let token = signer.token(&claims());
    let Outcome::Allowed(Some(claims)) = authorize(&authorizer, &token, NOW, |_| key_set([&signer])) else {
        panic!("the token was rejected")
    };
    assert_eq!((claims.issuer.as_str(), claims.subject.as_deref()), ("https://id.example", Some("ada")));
    let log = format!("{authorizer:?} {:?}", TokenPresence::One(token.as_str().into()));
    assert!(token.split('.').all(|part| !log.contains(part)), "{log}");
}
