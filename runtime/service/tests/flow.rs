//! The amount that is read of a source, and the time at which it is read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Memory, TOY, get, send, service, start, start_with, toy};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncReadExt, time::timeout};

const CHUNK: usize = 64 << 10;

/// Longer than any test takes; a test that waits this long has failed.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_complete_response_ends_the_reading() {
    let memory = Memory::new(toy(1 << 20));
    let server = start(Arc::new(memory.clone())).await;
    let reply = get(server.address, "/a?stop=true").await;
    assert_eq!((reply.status, reply.text(), reply.header("content-length")), (200, "TOYABCDEFG", "10"));
    assert_eq!((memory.read(), memory.opens()), (CHUNK as u64, vec![0]));
}

#[tokio::test]
async fn a_small_gap_is_read_and_a_large_one_is_skipped() {
    for (skip, opens) in [
        (1, vec![0]),
        (CHUNK, vec![0]),
        (200_000, vec![0]),
        (900_000, vec![0, 900_010]),
        ((1 << 20) - 10, vec![0]),
        (4_000_000_000, vec![0]),
    ] {
        let memory = Memory::new(toy(1 << 20));
        let server = start(Arc::new(memory.clone())).await;
        let reply = get(server.address, &format!("/a?skip={skip}")).await;

        let mut expected = toy(1 << 20).to_ascii_uppercase();
        expected.drain(10..(skip + 10).min(1 << 20));
        assert_eq!((reply.status, reply.whole), (200, true), "{skip}");
        assert!(reply.body == expected, "{skip}");
        assert_eq!(memory.opens(), opens, "{skip}");
        if skip == 900_000 {
            assert_eq!(memory.read(), CHUNK as u64 + (1 << 20) - 900_010);
        }
    }
}

#[tokio::test]
async fn a_source_that_cannot_seek_is_read_through() {
    let memory = Memory::new(toy(1 << 20)).with(|knobs| knobs.seekable = false);
    let server = start(Arc::new(memory.clone())).await;
    let reply = get(server.address, "/a?skip=900000").await;
    assert_eq!((reply.status, reply.whole, reply.body.len()), (200, true, (1 << 20) - 900_000));
    assert_eq!((memory.read(), memory.opens()), (1 << 20, vec![0]));
}

#[tokio::test]
async fn a_seek_into_another_version_is_an_error() {
    let memory = Memory::new(toy(1 << 20)).with(|knobs| knobs.fickle = true);
    let server = start(Arc::new(memory.clone())).await;
    let reply = get(server.address, "/a?skip=900000").await;
    assert_eq!((reply.status, memory.opens().len()), (502, 6));
}

#[tokio::test]
async fn a_source_of_unknown_length_is_read_to_its_end() {
    let memory = Memory::new(toy(1 << 20)).with(|knobs| knobs.meta.size = None);
    let server = start(Arc::new(memory.clone())).await;
    let reply = get(server.address, "/a?skip=200000").await;
    assert_eq!((reply.status, reply.whole, reply.body.len()), (200, true, (1 << 20) - 200_000));
    let reply = get(server.address, "/a?skip=4000000000").await;
    assert_eq!((reply.status, reply.text()), (200, "TOYABCDEFG"));
}

/// The failure comes after the response's head, so the client must notice it.
#[tokio::test]
async fn a_failure_after_the_head_closes_the_connection() {
    let server = start(Arc::new(Memory::new(toy(1 << 20)))).await;
    for target in ["/a?fail=500000", "/a?panic=500000"] {
        let reply = get(server.address, target).await;
        assert_eq!((reply.status, reply.header("transfer-encoding")), (200, "chunked"), "{target}");
        assert!(!reply.whole, "{target} passes for a whole response");
        assert!(toy(1 << 20).to_ascii_uppercase().starts_with(&reply.body), "{target}");
    }
    assert_eq!(get(server.address, "/a").await.status, 200, "the server still responds");
}

/// HTTP/1.0 marks the end of a response only by its length, or by the end of the connection.
#[tokio::test]
async fn an_http_1_0_client_gets_the_length_first() {
    let memory = Memory::new(toy(1 << 20));
    let server = start(Arc::new(memory.clone())).await;
    let reply = get(server.address, "/a HTTP/1.0").await;
    assert_eq!((reply.status, reply.whole, reply.header("content-length")), (200, true, "1048576"));
    assert_eq!(reply.body, toy(1 << 20).to_ascii_uppercase());
    let reply = get(server.address, "/a?fail=500000 HTTP/1.0").await;
    assert_eq!((reply.status, reply.whole), (422, true));
}

#[tokio::test]
async fn a_source_that_stops_after_the_head_closes_the_connection() {
    let stuck = Memory::new(toy(1 << 20)).with(|knobs| knobs.gate = Some(3));
    let mut service = service(TOY);
    service.source_timeout = Duration::from_millis(20);
    let server = start_with(service, Arc::new(stuck)).await;
    let reply = get(server.address, "/a").await;
    assert_eq!((reply.status, reply.whole), (200, false));
}

/// The source withholds all but the first 128 KiB of 64 MiB until the client has a byte.
#[tokio::test]
async fn the_first_byte_is_sent_long_before_the_last_is_read() {
    let memory = Memory::new(toy(64 << 20)).with(|knobs| knobs.gate = Some(2));
    let server = start(Arc::new(memory.clone())).await;
    let mut stream = send(server.address, "GET", "/a", &[]).await;
    let mut first = [0; 1024];
    timeout(LONG, stream.read_exact(&mut first)).await.expect("a first byte").unwrap();
    assert!(first.windows(3).any(|bytes| bytes == b"TOY"));
    memory.release(1024);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(64 << 20 < rest.len());
}

/// The server may read ahead of a slow client by the buffers of both sockets, a chunk and the look-ahead, and no
/// more.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_slows_the_source() {
    const AHEAD: u64 = 16 << 20;
    let memory = Memory::new(toy(256 << 20));
    let server = start(Arc::new(memory.clone())).await;
    let mut stream = send(server.address, "GET", "/a", &[]).await;
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 20];
    for _ in 0..32 {
        taken += stream.read(&mut buffer).await.unwrap() as u64;
        // Other requests meanwhile, so that the first one could run ahead.
        for _ in 0..20 {
            get(server.address, "/healthz").await;
        }
        let ahead = memory.read().saturating_sub(taken);
        assert!(ahead <= AHEAD, "{ahead} bytes were read ahead of the client");
    }
    assert!(memory.read() < 256 << 20, "the test must end before the response does");
}
