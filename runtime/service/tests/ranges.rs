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
        // A range that ends before the response does not tell the length of a long one.
        let (all, open) =
            (length.to_string(), if length == LONG { "*".to_owned() } else { length.to_string() });
        for (range, expected, total) in [
            ("bytes=0-0".to_owned(), 0..1, &open),
            ("bytes=3-9".to_owned(), 3..10, &open),
            ("bytes=50-".to_owned(), 50..length, &all),
            ("bytes=-7".to_owned(), length - 7..length, &all),
            ("bytes=-999999".to_owned(), 0..length, &all),
            (format!("bytes={}-{}", length - 1, length + 5), length - 1..length, &all),
            (format!("bytes=1-{}", length - 2), 1..length - 1, &open),
        ] {
            let reply = fetch(server.address, "GET", "/a", &[("range", &range)]).await;
            assert_eq!((reply.status, reply.whole), (206, true), "{range}");
            let content_range = format!("bytes {}-{}/{total}", expected.start, expected.end - 1);
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
async fn a_range_from_the_start_is_the_whole_of_a_long_response() {
    for (length, status) in [(100, 206), (LONG, 200)] {
        let memory = Memory::new(toy(length));
        let server = start(Arc::new(memory.clone())).await;
        let reply = fetch(server.address, "GET", "/a", &[("range", "bytes=0-")]).await;
        assert_eq!((reply.status, reply.whole, reply.body.len()), (status, true, length));
        assert_eq!(memory.opens(), [0]);
    }
}

#[tokio::test]
async fn only_a_range_beyond_what_is_produced_ahead_reads_the_source_twice() {
    let (near, far) = ("bytes=3-9", "bytes=200000-200009");
    for (length, range, opens) in [(100, near, vec![0]), (LONG, near, vec![0]), (LONG, far, vec![0, 0])] {
        let memory = Memory::new(toy(length));
        let server = start(Arc::new(memory.clone())).await;
        fetch(server.address, "GET", "/a", &[("range", range)]).await;
        assert_eq!(memory.opens(), opens, "{range} of {length}");
    }
}

#[tokio::test]
async fn a_range_reads_the_source_up_to_its_end() {
    for (range, read) in [("bytes=0-99", 1 << 20), ("bytes=3000000-3000099", 2 * (3 << 20))] {
        let memory = Memory::new(toy(64 << 20)).with(|knobs| knobs.chunk = 1 << 20);
        let server = start(Arc::new(memory.clone())).await;
        let reply = fetch(server.address, "GET", "/a", &[("range", range)]).await;
        assert_eq!((reply.status, reply.body.len()), (206, 100), "{range}");
        assert_eq!(memory.read(), read, "{range}");
    }
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
    let reply = fetch(server.address, "GET", "/a", &[("range", "bytes=-9")]).await;
    assert_eq!(reply.status, 502);
    assert_eq!(reply.json()["detail"], "the source changed during each of 3 attempts to read it");
    assert_eq!(memory.opens(), [0; 6]);
}

#[tokio::test]
async fn damage_before_the_end_of_a_range_rejects_it() {
    let server = start(Arc::new(Memory::new(toy(LONG)))).await;
    for (range, status) in [("bytes=0-9", 206), ("bytes=299990-299998", 422), ("bytes=-5", 422)] {
        let reply = fetch(server.address, "GET", "/a?fail=299000", &[("range", range)]).await;
        assert_eq!(reply.status, status, "{range}");
    }
}
