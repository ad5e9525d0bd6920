//! Signatures that the services, or their documentation, made.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_dialects::{Dialect, Request, Settings};

/// Returns whether a request is accepted.
fn accepts(name: &str, settings: &str, path: &str, query: Option<&str>) -> bool {
    let settings: Settings = serde_json::from_str(settings).unwrap();
    let dialect = Dialect::new(name, &settings).unwrap();
    dialect.check().unwrap();
    dialect.translate(&Request { path, query, accept: "", now: 1_800_000_000 }).is_ok()
}

/// Checks that a request is accepted, and that it is not with a signature of another request, or without one.
#[track_caller]
fn check(name: &str, settings: &str, path: &str, query: Option<&str>, signature: &str) {
    assert!(accepts(name, settings, path, query), "{name} {path}");
    let mut letters: Vec<char> = signature.chars().collect();
    letters[3] = if letters[3] == 'a' { 'b' } else { 'a' };
    let changed: String = letters.into_iter().collect();
    for other in [changed.as_str(), "unsafe", "", "_"] {
        let (path, query) =
            (path.replace(signature, other), query.map(|query| query.replace(signature, other)));
        assert!(!accepts(name, settings, &path, query.as_deref()), "{name} {path} {query:?}");
    }
}

#[test]
fn signatures_are_those_of_the_services() {
    // docs.imgproxy.net, "Signing a URL": key `secret`, salt `hello`.
    let imgproxy = r#"{"imgproxy":{"keys":["736563726574"],"salts":["68656c6c6f"],"sources":{"http://example.com/":"/"}}}"#;
    let signature = "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8";
    let path = "rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png";
    check("imgproxy", imgproxy, &format!("/{signature}/{path}"), None, signature);

    // The README of imagor.
    let path = "500x500/top/raw.githubusercontent.com/cshum/imagor/master/testdata/gopher.png";
    let signature = "cST4Ko5_FqwT3BDn-Wf4gO3RFSk=";
    let imagor = r#"{"imagor":{"keys":["other","mysecret"]}}"#;
    check("imagor", imagor, &format!("/{signature}/{path}"), None, signature);

    // thumbor signs alike.
    let thumbor = r#"{"thumbor":{"keys":["mysecret"]}}"#;
    check("thumbor", thumbor, &format!("/{signature}/{path}"), None, signature);

    // The README of imgix-blueprint: token `FOO123bar`.
    let imgix = r#"{"imgix":{"tokens":["FOO123bar"]}}"#;
    let signature = "6797c24146142d5b40bde3141fd3600c";
    check("imgix", imgix, "/users/1.png", Some(&format!("s={signature}")), signature);
    let signature = "c7b86f666a832434dd38577e38cf86d1";
    check("imgix", imgix, "/users/1.png", Some(&format!("w=400&h=300&s={signature}")), signature);
}

#[test]
fn unsigned_urls_need_the_operators_permission() {
    let path = "/unsafe/60x40/a.png";
    assert!(accepts("thumbor", "{}", path, None));
    assert!(!accepts("thumbor", r#"{"thumbor":{"keys":["k"]}}"#, path, None));
    assert!(accepts("thumbor", r#"{"thumbor":{"keys":["k"],"allow-unsafe":true}}"#, path, None));
    assert!(!accepts("imagor", r#"{"imagor":{"keys":["k"]}}"#, path, None));
    assert!(!accepts("dit", r#"{"dit":{"keys":["k"]}}"#, "/a.png", Some("signature=")));
    assert!(!accepts("imgix", r#"{"imgix":{"tokens":["k"]}}"#, "/a.png", Some("w=1")));
}
