//! The program in operation: the admin listener, idle connections by the thousand, and few file descriptors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

mod common;

use common::{Program, Reply, get, read, safelight};
use safelight::connections::descriptors;
use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::timeout,
};

/// Longer than any test takes.
const LONG: Duration = Duration::from_mins(1);

fn images() -> &'static str {
    safelight_images::folder().to_str().unwrap()
}

/// Serves the sample images, with an admin listener and these variables.
fn serve(variables: &[(&str, &str)]) -> Program {
    let admin = ("SAFELIGHT_ADMIN_LISTEN", "127.0.0.1:0");
    Program::serve(images(), &[&[admin], variables].concat())
}

/// Returns the value of a metric.
async fn metric(program: &Program, name: &str) -> u64 {
    let reply = get(program.admin_address(), "/metrics").await;
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4");
    let value = reply.text().lines().find_map(|line| line.strip_prefix(name));
    value.unwrap_or_else(|| panic!("{name} in {}", reply.text())).trim().parse().unwrap()
}

/// Waits for the value of a metric.
async fn until(program: &Program, name: &str, expected: u64) {
    let wait = async { while metric(program, name).await != expected {} };
    assert!(timeout(LONG, wait).await.is_ok(), "{name} is {}", metric(program, name).await);
}

/// Gets `target` from another address of the loopback network.
async fn get_from(client: [u8; 4], address: SocketAddr, target: &str) -> Reply {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::from(client), 0).into()).unwrap();
    let mut stream = BufReader::new(socket.connect(address).await.unwrap());
    let request = format!("GET {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read(&mut stream, "GET").await
}

/// Returns the median duration of 21 requests to `/livez`.
async fn livez(program: &Program) -> Duration {
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        assert_eq!(get(program.admin_address(), "/livez").await.status, 200);
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn idle_connections_silence_no_other_client() {
    // This process needs a descriptor for each of them.
    descriptors::raise();
    // As a proxy, which may have all connections, and as a stranger, which has a share of them.
    for (proxies, idle) in [("127.0.0.0/8", 1024), ("", 256)] {
        let program = serve(&[("SAFELIGHT_TRUSTED_PROXIES", proxies)]);
        let mut sockets = Vec::new();
        for _ in 0..1024 {
            sockets.push(TcpStream::connect(program.address).await.unwrap());
        }
        until(&program, "safelight_connections{state=\"idle\"}", idle).await;
        let median = livez(&program).await;
        assert!(median <= Duration::from_millis(50), "/livez took {median:?} with {idle} idle connections");

        for _ in 1024..1100 {
            sockets.push(TcpStream::connect(program.address).await.unwrap());
        }
        let start = Instant::now();
        let reply = timeout(LONG, get_from([127, 0, 0, 2], program.address, "/photo.jpg")).await.unwrap();
        let time = start.elapsed();
        assert_eq!((reply.status, reply.whole), (200, true));
        assert!(time <= Duration::from_secs(1), "another client was served after {time:?}");
        eprintln!("{idle} idle: /livez {median:?}, another client {time:?}");
    }
}

/// Serves the sample images by a shell that sets its limits first.
fn limited(ulimit: &str) -> Command {
    let program = safelight(&["serve", images(), "--listen", "127.0.0.1:0"]);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("ulimit {ulimit} && exec \"$0\" \"$@\"")]);
    command.arg(program.get_program()).args(program.get_args()).env_clear();
    command
}

#[tokio::test]
async fn connections_fit_the_file_descriptors() {
    const CLIENTS: usize = 40;
    let mut program = Program::start(&mut limited("-n 80"));
    assert_eq!(program.listening["max_connections"], 16, "{}", program.listening);
    for round in 0..5 {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let target = ["/photo.jpg", "/photo.jpg?width=40", "/photo.jpg?showExif=true"][client % 3];
            clients.spawn(get(program.address, target));
        }
        for reply in clients.join_all().await {
            assert_eq!((reply.status, reply.whole), (200, true), "round {round}");
            // A full pipe would block the program.
            program.request_line();
        }
    }
    assert!(program.terminate());
}

#[test]
fn the_soft_limit_of_descriptors_is_raised_and_the_hard_one_kept() {
    let program = Program::start(&mut limited("-S -n 80"));
    let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let fitting = hard.map_or(1024, |hard| descriptors::max_connections(hard).unwrap().min(1024));
    assert_eq!(program.listening["max_connections"], fitting, "{}", program.listening);

    let output = limited("-n 40").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("the process may open 40 files") && text.contains("at least 50"), "{text}");
}

#[tokio::test]
async fn a_server_that_drains_is_alive_and_not_ready() {
    let mut program = serve(&[("SAFELIGHT_DRAIN_DELAY_SECS", "3600")]);
    let admin = program.admin_address();
    let ready = get(admin, "/readyz").await;
    assert_eq!((ready.status, ready.text()), (200, "ok\n"));
    assert_eq!(get(program.address, "/readyz").await.status, 404, "viewers have no such path");
    assert_eq!(get(admin, "/photo.jpg").await.status, 404);

    program.stop();
    program.line("draining");
    let ready = get(admin, "/readyz").await;
    assert_eq!((ready.status, ready.text()), (503, "draining\n"));
    assert_eq!(get(admin, "/livez").await.status, 200);
    assert_eq!(get(program.address, "/healthz").await.status, 200, "it still accepts");
}

#[tokio::test]
async fn a_drain_ends() {
    let program = serve(&[("SAFELIGHT_DRAIN_DELAY_SECS", "1")]);
    assert!(program.terminate());
}

#[tokio::test]
async fn metrics_count_connections_by_state_and_reason() {
    let program = serve(&[]);
    assert_eq!(metric(&program, "safelight_connections_max").await, 1024);
    let idle = TcpStream::connect(program.address).await.unwrap();
    until(&program, "safelight_connections{state=\"idle\"}", 1).await;
    assert_eq!(metric(&program, "safelight_connections{state=\"in_flight\"}").await, 0);
    drop(idle);
    until(&program, "safelight_connections_closed_total{reason=\"finished\"}", 1).await;
    assert_eq!(metric(&program, "safelight_connections{state=\"idle\"}").await, 0);
}

/// hyper responds to these itself; the log has them.
#[tokio::test]
async fn a_request_that_is_no_http_is_logged() {
    let mut program = Program::serve(images(), &[]);
    let long = format!("GET /{} HTTP/1.1\r\nhost: test\r\n\r\n", "x".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\nhost: test\r\n{}\r\n", "x: y\r\n".repeat(101));
    for (request, status) in [("G E T / HTTP/1.1\r\n\r\n", 400), (long.as_str(), 414), (many.as_str(), 431)] {
        let mut stream = BufReader::new(TcpStream::connect(program.address).await.unwrap());
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream, "GET").await.status, status);
        let line = program.line("invalid request");
        assert_eq!(line["client"], "127.0.0.1", "{line}");
        assert!(line["error"].is_string(), "{line}");
    }
}
