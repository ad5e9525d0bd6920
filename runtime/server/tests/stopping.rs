//! Shutdown, and limits of connections.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../service/tests/common/mod.rs"]
mod common;

use common::{Memory, TOY, get, read, send, service, toy};
use safelight::connections::{ConnectionLimits, serve};
use safelight_service::web::{Site, router};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// A server that can be stopped.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

/// Serves `memory` with the toy transforms.
async fn start(memory: Memory, limits: ConnectionLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let site = Site { service: service(TOY), origin: Arc::new(memory), auth: None };
    let done = tokio::spawn(serve(listener, router(site), limits, async move {
        let _ = stopped.await;
    }));
    Server { address, stop, done }
}

/// Longer than any test takes; a test that waits this long has failed.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn requests_in_flight_are_finished() {
    let memory = Memory::new(toy(1 << 20)).with(|knobs| knobs.gate = Some(4));
    let server = start(memory.clone(), ConnectionLimits::default()).await;
    let mut stream = send(server.address, "GET", "/a", &[]).await;
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();

    server.stop.send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!server.done.is_finished());

    memory.release(1024);
    let reply = read(&mut stream, "GET").await;
    assert!(reply.whole);
    assert_eq!(reply.body, toy(1 << 20).to_ascii_uppercase());
    timeout(LONG, server.done).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn requests_that_do_not_finish_are_aborted() {
    let stuck = Memory::new(toy(1 << 20)).with(|knobs| knobs.gate = Some(4));
    let limits =
        ConnectionLimits { shutdown_timeout: Duration::from_millis(20), ..ConnectionLimits::default() };
    let server = start(stuck, limits).await;
    let mut stream = send(server.address, "GET", "/a", &[]).await;
    stream.read_exact(&mut [0; 1]).await.unwrap();
    server.stop.send(()).unwrap();
    timeout(LONG, server.done).await.expect("it ends").unwrap();
    assert!(!read(&mut stream, "GET").await.whole);
}

#[tokio::test]
async fn an_idle_connection_does_not_delay_the_end() {
    let server = start(Memory::new(toy(100)), ConnectionLimits::default()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    idle.read_exact(&mut [0; 8]).await.unwrap();
    server.stop.send(()).unwrap();
    timeout(LONG, server.done).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn an_incomplete_request_times_out() {
    let limits =
        ConnectionLimits { header_timeout: Duration::from_millis(20), ..ConnectionLimits::default() };
    let server = start(Memory::new(toy(100)), limits).await;
    for unfinished in [&b""[..], b"GET /a HTTP/1.1\r\nhost: te"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(unfinished).await.unwrap();
        let closed = timeout(LONG, stream.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "the connection is still open");
    }
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let memory = Memory::new(toy(1 << 20)).with(|knobs| knobs.gate = Some(4));
    let limits = ConnectionLimits { max_connections: 1, ..ConnectionLimits::default() };
    let server = start(memory.clone(), limits).await;
    let mut first = send(server.address, "GET", "/a", &[]).await;
    first.read_exact(&mut [0; 1]).await.unwrap();

    let second = tokio::spawn(get(server.address, "/healthz"));
    // Time enough for a response.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished());
    memory.release(1024);
    assert!(read(&mut first, "GET").await.whole);
    drop(first);
    assert_eq!(second.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_disconnected() {
    let memory = Memory::new(toy(256 << 20));
    let limits = ConnectionLimits {
        client_timeout: Duration::from_millis(50),
        shutdown_timeout: LONG,
        ..ConnectionLimits::default()
    };
    let server = start(memory.clone(), limits).await;
    let mut stream = send(server.address, "GET", "/a", &[]).await;
    // The server stops only when the connection ends, and the client does not read.
    while memory.read() == 0 {
        tokio::task::yield_now().await;
    }
    server.stop.send(()).unwrap();
    timeout(LONG, server.done).await.expect("it gives up").unwrap();
    assert!(!read(&mut stream, "GET").await.whole);
}
