//! Ranges (RFC 9110 section 14) of responses of unknown length.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Memory, fetch, get, start, toy};
use std::sync::Arc;

/// A length above the output that is produced before a response begins, so that the length needs a second run.
const LONG: usize = 300_000;

#[tokio::test]
async fn a_part_is_exactly_that_part() {
    for length in [100, LONG] {
        let memory = Memory::new(toy(length));
        let server = start(Arc::new(memory.clone())).await;
        let whole = get(server.address, "/a").await;
        for (range, expected) in [
            ("bytes=0-0".to_owned(), 0..1),
            ("bytes=3-9".to_owned(), 3..10),
            ("bytes=50-".to_owned(), 50..length),
            ("bytes=0-".to_owned(), 0..length),
            ("bytes=-7".to_owned(), length - 7..length),
            ("bytes=-999999".to_owned(), 0..length),
            (format!("bytes={}-{}", length - 1, length + 5), length - 1..length),
            (format!("bytes=1-{}", length - 2), 1..length - 1),
        ] {
            let reply = fetch(server.address, "GET", "/a", &[("range", &range)]).await;
            assert_eq!((reply.status, reply.whole), (206, true), "{range}");
            let content_range = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
            assert_eq!(reply.header("content-range"), content_range);
            assert_eq!(reply.header("content-length"), expected.len().to_string());
            assert_eq!(reply.body, whole.body[expected], "{range}");
            for name in ["etag", "content-type", "cache-control", "last-modified"] {
                assert_eq!(reply.header(name), whole.header(name), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_short_response_is_produced_once_and_a_long_one_twice() {
    for (length, opens) in [(100, vec![0]), (LONG, vec![0, 0])] {
        let memory = Memory::new(toy(length));
        let server = start(Arc::new(memory.clone())).await;
        fetch(server.address, "GET", "/a", &[("range", "bytes=3-9")]).await;
        assert_eq!(memory.opens(), opens);
    }
}

#[tokio::test]
async fn the_second_run_ends_with_the_part() {
    let memory = Memory::new(toy(64 << 20)).with(|knobs| knobs.chunk = 1 << 20);
    let server = start(Arc::new(memory.clone())).await;
    let reply = fetch(server.address, "GET", "/a", &[("range", "bytes=0-99")]).await;
    assert_eq!((reply.status, reply.body.len()), (206, 100));
    assert_eq!(memory.read(), 65 << 20);
}

#[tokio::test]
async fn a_range_outside_is_rejected_with_the_length() {
    for length in [100, LONG] {
        let server = start(Arc::new(Memory::new(toy(length)))).await;
        for range in [format!("bytes={length}-"), "bytes=-0".to_owned(), "bytes=9999999-99999999".to_owned()]
        {
            let reply = fetch(server.address, "GET", "/a", &[("range", &range)]).await;
            assert_eq!((reply.status, reply.json()["status"].as_u64()), (416, Some(416)), "{range}");
            assert_eq!(reply.header("content-range"), format!("bytes */{length}"), "{range}");
        }
    }
}

#[tokio::test]
async fn anything_but_one_range_gets_the_whole() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    for range in ["bytes=0-1,3-4", "items=0-1", "bytes=5-2", "0-1"] {
        let reply = fetch(server.address, "GET", "/a", &[("range", range)]).await;
        assert_eq!(
            (reply.status, reply.body.len(), reply.header("content-range")),
            (200, 100, ""),
            "{range}"
        );
    }
}

#[tokio::test]
async fn if_range_gets_the_whole_for_another_version() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    let etag = get(server.address, "/a").await.header("etag").to_owned();
    for (condition, status) in [
        (etag.as_str(), 206),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 206),
        ("\"other\"", 200),
        (&format!("W/{etag}"), 200),
        ("Sun, 06 Nov 1994 08:49:36 GMT", 200),
        ("nonsense", 200),
    ] {
        let reply =
            fetch(server.address, "GET", "/a", &[("range", "bytes=0-9"), ("if-range", condition)]).await;
        assert_eq!(reply.status, status, "{condition}");
    }
}

#[tokio::test]
async fn a_condition_comes_before_a_range() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    let etag = get(server.address, "/a").await.header("etag").to_owned();
    let reply = fetch(server.address, "GET", "/a", &[("range", "bytes=0-9"), ("if-none-match", &etag)]).await;
    assert_eq!(reply.status, 304);
}

#[tokio::test]
async fn parts_of_different_versions_are_never_joined() {
    let memory = Memory::new(toy(LONG)).with(|knobs| knobs.fickle = true);
    let server = start(Arc::new(memory.clone())).await;
    let reply = fetch(server.address, "GET", "/a", &[("range", "bytes=0-9")]).await;
    assert_eq!(reply.status, 502);
    assert_eq!(reply.json()["detail"], "the source changed during each of 3 attempts to read it");
    assert_eq!(memory.opens(), [0; 6]);
}

#[tokio::test]
async fn damage_anywhere_rejects_a_range() {
    let server = start(Arc::new(Memory::new(toy(LONG)))).await;
    let reply = fetch(server.address, "GET", "/a?fail=299999", &[("range", "bytes=0-9")]).await;
    assert_eq!((reply.status, reply.json()["kind"].as_str()), (422, Some("corrupt")));
}
