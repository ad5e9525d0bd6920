//! Settings: what is wrong is said with the key that holds it.

use crate::{NOW, authorizer, oidc};
use safelight_edge::{
    authorize::{Authorizer, Given, Outcome},
    config,
};
use serde_json::{Value, json};

fn check(config: &Value, expected: &str) {
    let made = config::from_json(&config.to_string()).and_then(|config| Authorizer::new(&config));
    // What the JSON reader says ends in a line and a column.
    let error = made.unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

/// [`oidc`] with the value at `pointer` set.
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
fn an_open_door_is_asked_for_by_name() {
    let open = authorizer(&json!({ "mode": "none" }));
    for given in [Given::Nothing, Given::Several, Given::One("x".into())] {
        assert!(matches!(open.authorize(&given, NOW), Outcome::Allowed(None)));
    }
    // No token goes farther, though nobody asks for one.
    let taken = open.take([("authorization", "Bearer x")], "");
    assert_eq!(taken.headers, [("authorization".to_owned(), vec![])]);

    check(&json!({}), ".: missing field `mode`");
    check(&json!({ "mode": "off" }), "mode: unknown variant `off`, expected `none` or `token`");
    check(&json!({ "mode": "token" }), "issuers: must be 1 to 32 with the mode `token`, not 0");
    check(&with("/mode", json!("none")), "issuers: must be empty with the mode `none`, not 1");
}

#[test]
fn wrong_settings_are_named() {
    check(
        &with("/issuer", json!([])),
        "issuer: unknown field `issuer`, expected one of `mode`, `issuers`, `tokenFrom`, `graceSeconds`, \
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
        "tokenFrom.headers[1]: must be the name of a header other than Authorization, Cookie and Host, not \
         \"authorization\"",
    );
    let cookies = json!({ "cookies": ["a b"] });
    check(&with("/tokenFrom", cookies), "tokenFrom.cookies[0]: must be the name of a cookie, not \"a b\"");
    let queries = json!({ "queries": [""] });
    check(&with("/tokenFrom", queries), "tokenFrom.queries[0]: must be a key of a query, not \"\"");
    let twice = json!([oidc()["issuers"][0], oidc()["issuers"][0]]);
    check(&with("/issuers", twice), "issuers[1]: must be another issuer, not \"https://id.example\"");
    let text = format!("{} x", oidc());
    let error = config::from_json::<safelight_edge::authorize::Config>(&text).unwrap_err();
    assert_eq!(error.key, ".");
    assert!(error.message.starts_with("trailing characters"), "{}", error.message);
}

#[test]
fn wrong_issuers_are_named() {
    let url = "must be an https URL without query or fragment, or http on loopback, not";
    for wrong in [
        "",
        "id.example",
        "http://id.example",
        "https://",
        "https://a?b",
        "http://localhost.evil",
        "https://a@b",
    ] {
        check(
            &with("/issuers/0/oidc/issuer", json!(wrong)),
            &format!("issuers[0].oidc.issuer: {url} {wrong:?}"),
        );
    }
    let uri = json!("ftp://a");
    check(&with("/issuers/0/oidc/jwksUri", uri), &format!("issuers[0].oidc.jwksUri: {url} \"ftp://a\""));
    for right in ["https://a/b", "http://127.0.0.1:8080/x", "http://localhost/x"] {
        let config = with("/issuers/0/oidc/issuer", json!(right)).to_string();
        Authorizer::new(&config::from_json(&config).unwrap()).unwrap();
    }
    let oidc = |name: &str, value| with(&format!("/issuers/0/oidc/{name}"), value);
    let audiences = "issuers[0].oidc.audiences: must be one or more, or null for every one, not \"[]\"";
    check(&oidc("audiences", json!([])), audiences);
    check(&oidc("scopes", json!(["a", ""])), "issuers[0].oidc.scopes[1]: must be some text, not \"\"");
    check(&oidc("algorithms", json!([])), "issuers[0].oidc.algorithms: must be one or more, not []");
    check(
        &oidc("algorithms", json!(["HS256"])),
        "issuers[0].oidc.algorithms[0]: unknown variant `HS256`, expected one of `RS256`, `RS384`, `RS512`, \
         `ES256`, `ES384`, `ES512`, `EdDSA`",
    );
    let missing = json!({ "mode": "token", "issuers": [{ "oidc": { "issuer": "https://a" } }] });
    check(&missing, "issuers[0].oidc: missing field `audiences`");

    check(&cognito("scopes", json!([""])), "issuers[0].cognito.scopes[0]: must be some text, not \"\"");
    let clients = "issuers[0].cognito.clientIds: must be one or more, or null for every one, not \"[]\"";
    check(&cognito("clientIds", json!([])), clients);
    let mut of_id = cognito("tokenUse", json!("id"));
    of_id["issuers"][0]["cognito"]["scopes"] = json!(["a"]);
    check(
        &of_id,
        "issuers[0].cognito.scopes: must be empty with the token use `id`, whose tokens have no scope, not \
         [\"a\"]",
    );
}

#[test]
fn user_pool_ids_are_those_that_aws_jwt_verify_takes() {
    let made = |id: &str| {
        let config = cognito("userPoolId", json!(id)).to_string();
        Authorizer::new(&config::from_json(&config).unwrap())
    };
    for right in ["us-east-1_a", "us-gov-west-1_Ab1", "eusc-de-east-1_Ab1", "ap-southeast-2_0"] {
        made(right).unwrap();
    }
    let long = format!("us-east-1_{}", "a".repeat(46));
    for wrong in [
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
        let error = made(wrong).unwrap_err();
        assert_eq!(error.key, "issuers[0].cognito.userPoolId", "{wrong}");
    }
}
