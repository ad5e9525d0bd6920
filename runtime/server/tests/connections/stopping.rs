//! Shutdown, and clients that do not read.

use crate::{
    common::{Memory, read, send, toy},
    server::{Client, LONG, start},
};
use safelight::connections::ConnectionLimits;
use std::time::Duration;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

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
    let mut idle = Client::idle(&server).await;
    let mut new = Client::connect(&server).await;
    server.stop.send(()).unwrap();
    timeout(LONG, server.done).await.expect("it ends").unwrap();
    idle.is_closed().await;
    new.is_closed().await;
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
