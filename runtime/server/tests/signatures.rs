//! Signed URLs, from the command line to the response.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, Reply, Upstream, fetch, get, response, run};

const KEYS: &str = "new:0123456789abcdef0123456789abcdef,old:fedcba9876543210fedcba9876543210";

fn serve(variables: &[(&str, &str)]) -> Program {
    let keys = ("SAFELIGHT_SIGNATURE_KEYS", KEYS);
    Program::serve(safelight_images::folder().to_str().unwrap(), &[&[keys], variables].concat())
}

/// Runs `safelight sign` and returns what it prints.
fn sign(arguments: &[&str]) -> String {
    let output = run(&[&["sign"], arguments, &["--signature-keys", KEYS]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn assert_forbidden(reply: &Reply, detail: &str) {
    assert_eq!((reply.status, reply.json()["detail"].as_str()), (403, Some(detail)), "{}", reply.text());
}

#[tokio::test]
async fn only_signed_urls_are_answered() {
    let program = serve(&[("SAFELIGHT_REQUIRE_SIGNATURE", "true")]);
    let address = program.address;
    let signed = sign(&["/photo.jpg?width=30&format=png", "--expires-in", "1h"]);
    let reply = get(address, &signed).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/png"), "{}", reply.text());
    let max_age: u64 = reply.header("cache-control").rsplit_once('=').unwrap().1.parse().unwrap();
    assert!((3590..=3600).contains(&max_age), "caches must not use it after its expiry: {max_age}");

    let unsigned = "the URL is not signed: it needs the key sig";
    for target in ["/photo.jpg", "/photo.jpg?width=30", "/missing.jpg", "/"] {
        assert_forbidden(&get(address, target).await, unsigned);
    }
    let mismatch = "the signature does not match the path and the query";
    for (from, to) in [("width=30", "width=31"), ("/photo.jpg", "/other.jpg"), ("exp=", "exp=1")] {
        assert_forbidden(&get(address, &signed.replace(from, to)).await, mismatch);
    }
    let expired = sign(&["/photo.jpg", "--expires-at", "1000000000"]);
    assert_forbidden(&get(address, &expired).await, "the URL has expired");
    assert_eq!(get(address, "/healthz").await.status, 200);
}

#[tokio::test]
async fn other_spellings_of_a_signed_url_have_one_entity_tag() {
    let program = serve(&[("SAFELIGHT_REQUIRE_SIGNATURE", "true")]);
    let mut tags = Vec::new();
    for query in ["width=300&format=png", "f=png&w=0300"] {
        let signed = sign(&[&format!("/photo.jpg?{query}"), "--expires-in", "1h"]);
        let (path, query) = signed.split_once('?').unwrap();
        let mut pairs: Vec<_> = query.split('&').collect();
        pairs.reverse();
        let reordered = format!("{}?{}", path.replace("photo", "%70hoto"), pairs.join("&"));
        for target in [&signed, &reordered] {
            let reply = get(program.address, target).await;
            assert_eq!(reply.status, 200, "{target}: {}", reply.text());
            tags.push(reply.header("etag").to_owned());
        }
    }
    assert!(tags.iter().all(|tag| *tag == tags[0]), "{tags:?}");
}

#[tokio::test]
async fn rejected_requests_reach_neither_the_origin_nor_a_kept_result() {
    let photo = response("200 OK", "etag: \"1\"\r\n", &safelight_images::read("photo.jpg"));
    let upstream = Upstream::start(move |_, _| photo.clone()).await;
    let source = format!("http://{}", upstream.address);
    let variables = [
        ("SAFELIGHT_SIGNATURE_KEYS", KEYS),
        ("SAFELIGHT_REQUIRE_SIGNATURE", "true"),
        ("SAFELIGHT_NO_SOURCE_CHECK", "true"),
        ("SAFELIGHT_RESULT_CACHE_BYTES", "16MiB"),
    ];
    let program = Program::serve(&source, &variables);
    // More lines than fit in its pipe.
    program.ignore_log();
    let signed = sign(&["/a.jpg?width=30&blur=2", "--expires-in", "1h"]);
    let expired = sign(&["/a.jpg?width=30", "--expires-at", "1000000000"]);
    assert_eq!(get(program.address, &signed).await.status, 200);
    assert_eq!(upstream.requests(), ["GET /a.jpg"]);
    let (path, query) = signed.split_once('?').unwrap();
    let pairs: Vec<_> = query.split('&').collect();
    let mut rejected = vec!["/a.jpg?width=30&blur=2".to_owned(), expired, format!("{signed}&w=31")];
    // Every letter is wrong once, and every end is missing once.
    for (at, letter) in signed.char_indices().skip(1) {
        let other = if letter == 'A' { 'B' } else { 'A' };
        rejected.push(format!("{}{other}{}", &signed[..at], &signed[at + 1..]));
        rejected.push(signed[..at].to_owned());
    }
    for skipped in 0..pairs.len() {
        let rest: Vec<_> =
            pairs.iter().enumerate().filter(|(at, _)| *at != skipped).map(|(_, pair)| *pair).collect();
        rejected.push(format!("{path}?{}", rest.join("&")));
    }
    for target in &rejected {
        let status = get(program.address, target).await.status;
        assert!(matches!(status, 400 | 403 | 404), "{target}: {status}");
        let status = fetch(program.address, "HEAD", target, &[("if-none-match", "*")]).await.status;
        assert!(matches!(status, 400 | 403 | 404), "{target}: {status}");
    }
    // The result is still kept.
    assert_eq!(get(program.address, &signed).await.status, 200);
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn without_the_requirement_only_wrong_signatures_are_rejected() {
    let program = serve(&[]);
    assert_eq!(get(program.address, "/photo.jpg?width=30").await.status, 200);
    let signed = sign(&["http://localhost/photo.jpg?width=30#top"]);
    assert!(signed.starts_with("http://localhost/photo.jpg?width=30&sig=new."), "{signed}");
    let target = signed.strip_prefix("http://localhost").unwrap();
    assert_eq!(get(program.address, target).await.status, 200);
    let wrong = target.replace("width=30", "width=40");
    assert_forbidden(
        &get(program.address, &wrong).await,
        "the signature does not match the path and the query",
    );
}

#[test]
fn mistakes_of_the_operator_are_named() {
    let check = |arguments: &[&str], expected: &str| {
        let output = run(arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && text.contains(expected), "{arguments:?}: {text}");
    };
    check(&["sign", "/a"], "no key: expected --signature-keys ID:SECRET");
    check(&["sign", "photo.jpg", "--signature-keys", KEYS], "\"photo.jpg\" has no path");
    check(
        &["sign", "/a?sig=1", "--signature-keys", KEYS],
        "the query already has one of the keys sig and exp",
    );
    check(&["sign", "/a", "--signature-keys", "a:b"], "the secret of key \"a\" has 1 bytes");
    check(&["serve", ".", "--require-signature"], "--require-signature needs --signature-keys");
}
