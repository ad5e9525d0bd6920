//! Settings: errors name the invalid key.

use crate::{NOW, authorizer, oidc};
use safelight_edge::{
    authorize::{Authorizer, Outcome, TokenPresence},
    config,
};
use serde_json::{Value, json};

fn check(config: &Value, expected: &str) {
    let result = config::from_json(&config.to_string()).and_then(|config| Authorizer::new(&config));
    // Messages of the JSON parser end with a line and a column.
    let error = result.unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

/// Returns [`oidc`] with the value at `pointer` set.
fn with(pointer: &str, value: Value) -> Value {
    let mut config = oidc();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    config.pointer_mut(parent).unwrap()[name] = value;
    config
}

fn cognito(name: &str, value: Value) -> Value {
    let mut pool = json!({ "userPoolId": "eu-west-1_Ab1", "clientIds": null, "tokenUse": "access" });
    pool[name] = value;
    json!({ "mode": "token", "issuers": [{ "cognito": pool }] })
}

#[test]
fn open_access_requires_the_mode_none() {
    let open = authorizer(&json!({ "mode": "none" }));
    for token in [TokenPresence::Absent, TokenPresence::Several, TokenPresence::One("x".into())] {
        assert!(matches!(open.authorize(&token, NOW), Outcome::Allowed(None)));
    }
    // Tokens are removed although they are not required.
    let extracted = open.take([("authorization", "Bearer x")], "");
    assert_eq!(extracted.headers, [("authorization".to_owned(), vec![])]);

    check(&json!({}), ".: missing field `mode`");
    check(&json!({ "mode": "off" }), "mode: unknown variant `off`, expected `none` or `token`");
    check(
        &json!({ "mode": "token" }),
        "issuers: must be a list of 1 to 32 issuers with the mode `token`, not 0",
    );
    check(&with("/mode", json!("none")), "issuers: must be an empty list with the mode `none`, not 1");
}

#[test]
fn errors_name_the_invalid_setting() {
    check(&with("/issuer", json!([])), "issuer: unknown field `issuer`: did you mean issuers?");
    check(
        &with("/keys", json!([])),
        "keys: unknown field `keys`, expected one of `mode`, `issuers`, `rights`, `tokenFrom`, `graceSeconds`, \
         `refreshSeconds`, `staleSeconds`, `rememberedTokens`",
    );
    check(&with("/graceSeconds", json!("5")), "graceSeconds: invalid type: string \"5\", expected u64");
    check(&with("/graceSeconds", json!(601)), "graceSeconds: must be a whole number from 0 to 600, not 601");
    check(
        &with("/refreshSeconds", json!(9)),
        "refreshSeconds: must be a whole number from 10 to 86400, not 9",
    );
    check(
        &with("/staleSeconds", json!(86_401)),
        "staleSeconds: must be a whole number from 0 to 86400, not 86401",
    );
    check(
        &with("/rememberedTokens", json!(1_000_001)),
        "rememberedTokens: must be a whole number from 0 to 1000000, not 1000001",
    );
    let headers = json!({ "headers": ["token", "authorization"] });
    check(
        &with("/tokenFrom", headers),
        "tokenFrom.headers[1]: must be a header name other than Authorization, Cookie and Host, that CloudFront passes on, not \
         \"authorization\"",
    );
    let hidden = json!({ "headers": ["Client-Cert"] });
    check(
        &with("/tokenFrom", hidden),
        "tokenFrom.headers[0]: must be a header name other than Authorization, Cookie and Host, that CloudFront passes \
         on, not \"Client-Cert\"",
    );
    let cookies = json!({ "cookies": ["a b"] });
    check(&with("/tokenFrom", cookies), "tokenFrom.cookies[0]: must be a cookie name, not \"a b\"");
    let queries = json!({ "queries": [""] });
    check(&with("/tokenFrom", queries), "tokenFrom.queries[0]: must be a query key, not \"\"");
    let twice = json!([oidc()["issuers"][0], oidc()["issuers"][0]]);
    check(
        &with("/issuers", twice),
        "issuers[1]: must be an issuer that is not in the list already, not \"https://id.example\"",
    );
    let text = format!("{} x", oidc());
    let error = config::from_json::<safelight_edge::authorize::Config>(&text).unwrap_err();
    assert_eq!(error.key, ".");
    assert!(error.message.starts_with("trailing characters"), "{}", error.message);
}

#[test]
fn errors_name_the_invalid_issuer() {
    let url = "must be an https URL without query or fragment, or http on loopback, not";
    for invalid in [
        "",
        "id.example",
        "http://id.example",
        "https://",
        "https://a?b",
        "http://localhost.evil",
        "https://a@b",
    ] {
        check(
            &with("/issuers/0/oidc/issuer", json!(invalid)),
            &format!("issuers[0].oidc.issuer: {url} {invalid:?}"),
        );
    }
    let uri = json!("ftp://a");
    check(&with("/issuers/0/oidc/jwksUri", uri), &format!("issuers[0].oidc.jwksUri: {url} \"ftp://a\""));
    for valid in ["https://a/b", "http://127.0.0.1:8080/x", "http://localhost/x"] {
        let config = with("/issuers/0/oidc/issuer", json!(valid)).to_string();
        Authorizer::new(&config::from_json(&config).unwrap()).unwrap();
    }
    let oidc = |name: &str, value| with(&format!("/issuers/0/oidc/{name}"), value);
    let list = "must be a list of at least one entry, or null to accept all, not \"[]\"";
    check(&oidc("audiences", json!([])), &format!("issuers[0].oidc.audiences: {list}"));
    check(&oidc("scopes", json!(["a", ""])), "issuers[0].oidc.scopes[1]: must be non-empty text, not \"\"");
    check(
        &oidc("exifScopes", json!([""])),
        "issuers[0].oidc.exifScopes[0]: must be non-empty text, not \"\"",
    );
    check(
        &oidc("algorithms", json!([])),
        "issuers[0].oidc.algorithms: must be a list of at least one algorithm, not []",
    );
    check(
        &oidc("algorithms", json!(["HS256"])),
        "issuers[0].oidc.algorithms[0]: unknown variant `HS256`: did you mean RS256 or ES256?",
    );
    let missing = json!({ "mode": "token", "issuers": [{ "oidc": { "issuer": "https://a" } }] });
    check(&missing, "issuers[0].oidc: missing field `audiences`");

    check(&cognito("scopes", json!([""])), "issuers[0].cognito.scopes[0]: must be non-empty text, not \"\"");
    check(&cognito("clientIds", json!([])), &format!("issuers[0].cognito.clientIds: {list}"));
    let mut id_with_scope = cognito("tokenUse", json!("id"));
    id_with_scope["issuers"][0]["cognito"]["scopes"] = json!(["a"]);
    check(
        &id_with_scope,
        "issuers[0].cognito.scopes: must be an empty list with the token use `id`, because id tokens have no \
         scope, not [\"a\"]",
    );
}

#[test]
fn user_pool_ids_have_the_form_that_aws_jwt_verify_accepts() {
    let create = |id: &str| {
        let config = cognito("userPoolId", json!(id)).to_string();
        Authorizer::new(&config::from_json(&config).unwrap())
    };
    for valid in ["us-east-1_a", "us-gov-west-1_Ab1", "eusc-de-east-1_Ab1", "ap-southeast-2_0"] {
        create(valid).unwrap();
    }
    let long = format!("us-east-1_{}", "a".repeat(46));
    for invalid in [
        "",
        "_",
        "us-east-1",
        "us-east-1_",
        "us-east-1_a-b",
        "US-east-1_a",
        "us-east-10_a",
        "useast1_a",
        "usa-east-1_a",
        "us-gov-gov-west-1_a",
        "us-east-1_a_b",
        "us-east-1_a\n",
        "us-east-x_a",
        &long,
    ] {
        let error = create(invalid).unwrap_err();
        assert_eq!(error.key, "issuers[0].cognito.userPoolId", "{invalid}");
    }
}
