//! Responses and error responses.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Memory, TOY, fetch, get, service, start, start_with, toy};
use http::request::Parts;
use safelight_core::{Error, Kind, Result};
use safelight_service::source::{Origin, Resource};
use serde_json::json;
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn a_response_has_the_headers_for_caches_and_browsers() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    let reply = get(server.address, "/any.html?utm_source=x").await;

    assert_eq!((reply.status, reply.whole), (200, true));
    assert_eq!(reply.body, toy(100).to_ascii_uppercase());
    assert_eq!(reply.header("content-type"), "image/x-toy");
    assert_eq!(reply.header("content-length"), "100");
    assert_eq!(reply.header("cache-control"), "public, max-age=86400");
    assert_eq!(reply.header("last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(reply.header("accept-ranges"), "bytes");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("access-control-expose-headers"), "*");
    assert_eq!(reply.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(reply.header("timing-allow-origin"), "*");
    assert_eq!(reply.header("vary"), "");
    assert!(reply.header("etag").starts_with('"'), "{reply:?}");
    assert!(reply.header("server-timing").starts_with("plan;dur="), "{reply:?}");
    assert_eq!(reply.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn a_long_response_is_streamed() {
    let server = start(Arc::new(Memory::new(toy(1 << 20)))).await;
    let reply = get(server.address, "/a").await;
    assert_eq!((reply.status, reply.whole), (200, true));
    assert_eq!(reply.header("transfer-encoding"), "chunked");
    assert_eq!(reply.body, toy(1 << 20).to_ascii_uppercase());
}

#[tokio::test]
async fn the_source_decides_about_caching() {
    let memory = Memory::new(toy(100)).with(|knobs| {
        knobs.meta.cache_control = Some("private, max-age=5".to_owned());
    });
    let server = start(Arc::new(memory)).await;
    assert_eq!(get(server.address, "/a").await.header("cache-control"), "private, max-age=5");
}

#[tokio::test]
async fn a_checking_cdn_stores_what_viewers_ask_for_again() {
    let mut checked = service(TOY);
    checked.is_checked_by_cdn = true;
    let server = start_with(checked, Arc::new(Memory::new(toy(100)))).await;
    let expected = "max-age=0, must-revalidate, s-maxage=86400";
    let first = get(server.address, "/a").await;
    assert_eq!(first.header("cache-control"), expected);
    let again = fetch(server.address, "GET", "/a", &[("if-none-match", first.header("etag"))]).await;
    assert_eq!((again.status, again.header("cache-control")), (304, expected));
    assert_eq!(get(server.address, "/a?skip=0").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_reads_little() {
    for length in [100, 1 << 20] {
        let memory = Memory::new(toy(length));
        let server = start(Arc::new(memory.clone())).await;
        let head = fetch(server.address, "HEAD", "/a", &[("range", "bytes=0-1")]).await;
        assert!(memory.read() <= 64 << 10, "{} bytes were read", memory.read());
        let get = get(server.address, "/a").await;

        assert_eq!(head.status, get.status);
        for name in
            ["content-type", "content-length", "etag", "last-modified", "cache-control", "accept-ranges"]
        {
            assert_eq!(head.header(name), get.header(name), "{name} of {length} bytes");
        }
    }
}

#[tokio::test]
async fn errors_are_problems_with_a_status() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    for (target, status, kind) in [
        ("/a?skip=0", 400, "invalid-param"),
        ("/a?skip=x", 400, "invalid-param"),
        ("/a?fail=50", 422, "corrupt"),
        ("/a?late=true&fail=50", 422, "corrupt"),
        ("/a?panic=50", 500, "internal"),
        ("/", 404, "not-found"),
    ] {
        let reply = get(server.address, target).await;
        assert_eq!((reply.status, reply.whole), (status, true), "{target}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{target}");
        assert_eq!(reply.header("cache-control"), "no-store", "{target}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{target}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{target}");
        assert_eq!(reply.header("etag"), "", "{target}");
        assert_eq!(reply.json()["kind"], kind, "{target}");
        assert_eq!(reply.json()["status"], status, "{target}");
        assert_eq!(reply.json()["requestId"], reply.header("x-request-id"), "{target}");

        let head = fetch(server.address, "HEAD", target, &[]).await;
        assert_eq!(head.status, status, "{target}");
        assert_eq!(head.header("content-length"), reply.header("content-length"), "{target}");
    }
}

#[tokio::test]
async fn a_problem_names_the_valid_values() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    let reply = fetch(server.address, "GET", "/a?skip=0", &[("x-request-id", "me-1")]).await;
    let expected = json!({
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "kind": "invalid-param",
        "detail": "skip: expected an integer from 1 to 4294967295, got \"0\"",
        "requestId": "me-1",
    });
    assert_eq!(reply.json(), expected);
}

#[tokio::test]
async fn other_files_than_images_are_rejected() {
    let server = start(Arc::new(Memory::new("<script>alert(1)</script>"))).await;
    let reply = get(server.address, "/a.jpg").await;
    assert_eq!((reply.status, reply.json()["kind"].as_str()), (415, Some("unsupported-format")));

    let server = start(Arc::new(Memory::new(""))).await;
    assert_eq!(get(server.address, "/a.jpg").await.status, 415);
}

#[tokio::test]
async fn only_get_and_head_are_supported() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
        let reply = fetch(server.address, method, "/a", &[]).await;
        assert_eq!(reply.status, 405, "{method}");
        assert_eq!(reply.header("allow"), "GET, HEAD, OPTIONS", "{method}");
    }
    let preflight = [
        ("origin", "https://example.org"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "range"),
    ];
    let reply = fetch(server.address, "OPTIONS", "/a", &preflight).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("access-control-allow-methods"), "GET,HEAD");
    assert_eq!(reply.header("access-control-allow-headers"), "*");
}

/// RFC 9112 3.2. The client sends one `Host` itself.
#[tokio::test]
async fn a_request_has_no_second_host() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    for host in ["test", "elsewhere"] {
        let reply = fetch(server.address, "GET", "/a", &[("host", host)]).await;
        assert_eq!((reply.status, reply.json()["kind"].as_str()), (400, Some("invalid-param")), "{host}");
        assert_eq!(reply.json()["detail"], "2 Host headers: expected one");
        assert_eq!(reply.json()["requestId"], reply.header("x-request-id"));
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_valid() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    let long = "x".repeat(129);
    for (given, is_kept) in [("a-1_B.2:3", true), ("a b", false), ("", false), (&long, false), ("\"}", false)]
    {
        let reply = fetch(server.address, "GET", "/a", &[("x-request-id", given)]).await;
        assert_eq!(reply.header("x-request-id") == given, is_kept, "{given}");
        assert_ne!(reply.header("x-request-id"), "", "{given}");
    }
}

#[tokio::test]
async fn the_health_check_reads_nothing() {
    let memory = Memory::new(toy(100));
    let server = start(Arc::new(memory.clone())).await;
    let reply = get(server.address, "/healthz").await;
    assert_eq!((reply.status, reply.text()), (200, "ok\n"));
    assert_eq!(memory.opens(), [0; 0]);
}

#[tokio::test]
async fn a_source_that_sends_nothing_times_out() {
    let silent = Memory::new(toy(100)).with(|knobs| knobs.gate = Some(0));
    let mut service = service(TOY);
    service.source_timeout = Duration::from_millis(20);
    let server = start_with(service, Arc::new(silent)).await;
    let reply = get(server.address, "/a").await;
    assert_eq!((reply.status, reply.json()["kind"].as_str()), (504, Some("timeout")));
}

#[tokio::test]
async fn a_source_that_ends_early_is_an_error() {
    let cut = Memory::new(toy(100)).with(|knobs| knobs.meta.size = Some(101));
    let server = start(Arc::new(cut)).await;
    let reply = get(server.address, "/a").await;
    assert_eq!(
        (reply.status, reply.json()["detail"].as_str()),
        (502, Some("the source ended after 100 of 101 bytes"))
    );
}

#[tokio::test]
async fn a_defect_is_a_response_too() {
    #[derive(Debug)]
    struct Broken;
    impl Origin for Broken {
        fn resolve(&self, _: &Parts, _: &[u8]) -> Result<Resource> {
            panic!("a defect of the origin");
        }
    }
    let server = start(Arc::new(Broken)).await;
    let reply = get(server.address, "/a").await;
    assert_eq!((reply.status, reply.json()["kind"].as_str()), (500, Some("internal")));
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(get(server.address, "/healthz").await.status, 200);
}

#[test]
fn only_the_log_has_the_cause() {
    let cause = std::io::Error::other("disk 7 is on fire");
    let error = Error::new(Kind::Upstream, "file", "the source could not be read").with_source(cause);
    assert_eq!(error.to_string(), "the source could not be read");
    assert_eq!(safelight_service::log::chain(&error), "the source could not be read: disk 7 is on fire");
}
