//! Attacks on the limits of connections.

use crate::{
    common::{Memory, get, toy},
    server::{Client, LONG, SHORT, Server, start, start_on},
};
use safelight::connections::{ConnectionLimits, Networks, Reason};
use tokio::{
    net::TcpSocket,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Addresses of clients. Systems other than Linux have only the first.
const ONE: [u8; 4] = [127, 0, 0, 1];
#[cfg(target_os = "linux")]
const TWO: [u8; 4] = [127, 0, 0, 2];

/// Limits that no test reaches by accident.
fn limits() -> ConnectionLimits {
    ConnectionLimits {
        first_byte_timeout: LONG,
        header_timeout: LONG,
        keep_alive_timeout: LONG,
        ..ConnectionLimits::default()
    }
}

/// Returns a source that delivers nothing before it is released.
fn gated() -> Memory {
    Memory::new(toy(1 << 20)).with(|knobs| knobs.gate = Some(0))
}

/// Connects, and sends a request that stays in flight.
async fn in_flight(server: &Server, address: [u8; 4]) -> Client {
    let before = server.connections.counts().in_flight;
    let mut client = Client::connect_from(address, server).await;
    client.request("/a").await;
    server.in_flight(before + 1).await;
    client
}

#[tokio::test]
async fn the_first_byte_has_a_deadline() {
    let server = start(gated(), ConnectionLimits { first_byte_timeout: SHORT, ..limits() }).await;
    let mut silent = Client::connect(&server).await;
    let mut slow = Client::connect(&server).await;
    slow.write("G").await;
    silent.is_closed().await;
    server.closed(Reason::FirstByteTimeout, 1).await;

    // It does not apply after the first byte.
    sleep(SHORT).await;
    slow.write("ET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(slow.read().await.status, 200);
}

#[tokio::test]
async fn a_request_head_has_a_deadline() {
    let server = start(gated(), ConnectionLimits { header_timeout: SHORT * 4, ..limits() }).await;
    let mut first = Client::connect(&server).await;
    first.write("GET /a HTTP/1.1\r\nhost: te").await;
    first.is_closed().await;
    let mut second = Client::idle(&server).await;
    second.write("GET /a HT").await;
    second.is_closed().await;
    // Progress does not extend it.
    let trickle = Client::connect(&server).await.trickle("GET /a HTTP/1.1\r\nhost: test\r\nx: y", SHORT / 5);
    timeout(LONG, trickle).await.expect("the connection is still open");
    server.closed(Reason::HeaderTimeout, 3).await;
}

#[tokio::test]
async fn an_idle_connection_has_a_deadline_of_its_own() {
    let short = ConnectionLimits { first_byte_timeout: SHORT, header_timeout: SHORT, ..limits() };
    let server = start(gated(), short).await;
    let mut client = Client::idle(&server).await;
    sleep(SHORT * 3).await;
    assert_eq!(client.get("/healthz").await.status, 200);

    let server = start(gated(), ConnectionLimits { keep_alive_timeout: SHORT, ..limits() }).await;
    Client::idle(&server).await.is_closed().await;
    server.closed(Reason::KeepAliveTimeout, 1).await;
}

#[tokio::test]
async fn connections_above_the_limit_wait() {
    let memory = gated();
    let server = start(memory.clone(), ConnectionLimits { max_connections: 1, ..limits() }).await;
    let mut first = in_flight(&server, ONE).await;

    let mut second = tokio::spawn(get(server.address, "/healthz"));
    assert!(timeout(SHORT * 6, &mut second).await.is_err(), "a request in flight made room");
    memory.release(1024);
    assert!(first.read().await.whole);
    // It is idle now, and makes room.
    assert_eq!(timeout(LONG, second).await.unwrap().unwrap().status, 200);
    first.is_closed().await;
}

#[tokio::test]
async fn the_connection_that_has_waited_longest_makes_room() {
    let memory = gated();
    let server = start(memory.clone(), ConnectionLimits { max_connections: 3, ..limits() }).await;
    let mut busy = in_flight(&server, ONE).await;
    let mut one = Client::idle(&server).await;
    let mut two = Client::idle(&server).await;
    // Only the time since the last request counts.
    one.get("/healthz").await;

    assert_eq!(timeout(LONG, get(server.address, "/healthz")).await.unwrap().status, 200);
    two.is_closed().await;
    assert_eq!(one.get("/healthz").await.status, 200);
    server.closed(Reason::MadeRoom, 1).await;
    memory.release(1024);
    assert!(busy.read().await.whole);
}

#[tokio::test]
async fn unfinished_heads_make_room() {
    let server = start(gated(), ConnectionLimits { max_connections: 2, ..limits() }).await;
    let mut silent = Client::connect(&server).await;
    let mut slow = Client::connect(&server).await;
    slow.write("GET /a HTTP/1.1\r\nhost: te").await;
    let mut one = Client::idle(&server).await;
    let mut two = Client::idle(&server).await;
    silent.is_closed().await;
    slow.is_closed().await;
    assert_eq!((one.get("/healthz").await.status, two.get("/healthz").await.status), (200, 200));
}

/// The response is complete, but does not fit in the buffers of the two sockets.
#[tokio::test]
async fn an_unread_response_is_never_cut() {
    const SMALL: u32 = 4 << 10;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(SMALL).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let memory = Memory::new(toy(60_000));
    let server = start_on(
        socket.listen(16).unwrap(),
        memory.clone(),
        ConnectionLimits { max_connections: 1, ..limits() },
    );
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL).unwrap();
    let mut slow = Client::connect_by(socket, &server).await;
    slow.request("/a").await;
    server.in_flight(1).await;
    let mut other = tokio::spawn(get(server.address, "/healthz"));
    assert!(timeout(SHORT * 6, &mut other).await.is_err(), "an unread response made room");
    assert_eq!(memory.read(), 60_000);
    let reply = slow.read().await;
    assert_eq!((reply.whole, reply.body.len()), (true, 60_000));
    assert_eq!(timeout(LONG, other).await.unwrap().unwrap().status, 200);
}

/// Requests that have arrived are served, however many connections arrive at once.
#[tokio::test]
async fn a_burst_does_not_close_itself() {
    let server = start(Memory::new(toy(100)), ConnectionLimits { max_connections: 4, ..limits() }).await;
    let mut clients = JoinSet::new();
    for _ in 0..200 {
        clients.spawn(get(server.address, "/a"));
    }
    for reply in clients.join_all().await {
        assert_eq!((reply.status, reply.whole), (200, true));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn one_address_has_a_share_of_the_connections() {
    let memory = gated();
    let limits = ConnectionLimits { max_per_address: Some(2), trusted_proxies: Networks::NONE, ..limits() };
    let server = start(memory.clone(), limits).await;
    let mut busy = [in_flight(&server, ONE).await, in_flight(&server, ONE).await];
    Client::connect(&server).await.is_closed().await;
    server.closed(Reason::AddressLimit, 1).await;
    let mut other = Client::connect_from(TWO, &server).await;
    assert_eq!(other.get("/healthz").await.status, 200);

    memory.release(1024);
    for client in &mut busy {
        assert!(client.read().await.whole);
    }
    // Its own idle connections make room, and no other.
    sleep(SHORT * 3).await;
    let mut third = Client::connect(&server).await;
    assert_eq!(third.get("/healthz").await.status, 200);
    busy[0].is_closed().await;
    assert_eq!(busy[1].get("/healthz").await.status, 200);
    assert_eq!(other.get("/healthz").await.status, 200);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_trusted_proxy_may_have_all_connections() {
    let limits = ConnectionLimits {
        max_per_address: Some(1),
        trusted_proxies: "127.0.0.2".parse().unwrap(),
        ..limits()
    };
    let server = start(gated(), limits).await;
    let mut busy = vec![in_flight(&server, ONE).await];
    for _ in 0..8 {
        busy.push(in_flight(&server, TWO).await);
    }
    Client::connect(&server).await.is_closed().await;
}
