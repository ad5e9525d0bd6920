//! Web servers that redirect, are where they should not be, or send their images in unusual ways.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Server, Upstream, fetch, get, response, start, toy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use safelight_service::source::{MinRate, SourceSettings, WebServer};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

/// Resolves every name to the next of these addresses; the last one stays.
struct Names(Mutex<Vec<IpAddr>>);

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let mut addresses = self.0.lock().unwrap();
        let address = if addresses.len() == 1 { addresses[0] } else { addresses.remove(0) };
        Box::pin(async move { Ok(Box::new([SocketAddr::new(address, 0)].into_iter()) as Addrs) })
    }
}

/// Serves the images below `url`, whose host is at these addresses.
async fn serve_at(url: &str, settings: &SourceSettings, addresses: &[&str]) -> Server {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let names = Arc::new(Names(Mutex::new(addresses)));
    let rate = MinRate { bytes_per_sec: 2000, window: Duration::from_millis(100) };
    start(Arc::new(WebServer::with_resolver(&url.parse().unwrap(), settings, names, rate).unwrap())).await
}

/// Serves the images of `upstream`, without names.
async fn serve(upstream: &Upstream, settings: &SourceSettings) -> Server {
    serve_at(&format!("http://{}", upstream.address), settings, &["127.0.0.1"]).await
}

async fn images() -> Upstream {
    Upstream::start(|_, _| response("200 OK", "etag: \"1\"\r\n", &toy(1000))).await
}

fn settings() -> SourceSettings {
    SourceSettings::default()
}

#[tokio::test]
async fn redirects_are_followed_to_named_hosts_only() {
    let secret = images().await;
    let there = secret.address;
    let location = format!("location: http://{there}/secret\r\n");
    let origin = Upstream::start(move |_, _| response("302 Found", &location, b"")).await;
    assert_eq!(get(serve(&origin, &settings()).await.address, "/a").await.status, 502);
    assert_eq!(secret.requests(), [""; 0], "the other server is not asked");

    let follow_redirects = vec![there.to_string().parse().unwrap()];
    let named = SourceSettings { follow_redirects, ..settings() };
    assert_eq!(get(serve(&origin, &named).await.address, "/a").await.status, 200);
    assert_eq!(secret.requests(), ["GET /secret"]);
}

#[tokio::test]
async fn redirects_end() {
    let location = "location: /next\r\n";
    let origin = Upstream::start(move |_, _| response("307 Temporary Redirect", location, b"")).await;
    let follow_redirects = vec![origin.address.to_string().parse().unwrap()];
    let named = SourceSettings { follow_redirects, ..settings() };
    assert_eq!(get(serve(&origin, &named).await.address, "/a").await.status, 502);
    assert_eq!(origin.requests().len(), 6);
}

/// A public name, private names and addresses, each at an address on loopback.
#[tokio::test]
async fn a_public_name_is_not_at_a_private_address() {
    let origin = images().await;
    let port = origin.address.port();
    let mapped = "::ffff:127.0.0.1";
    let allow = |rule: &str| SourceSettings { allow_address: vec![rule.parse().unwrap()], ..settings() };
    for (host, address, settings, status) in [
        ("photos.example", "127.0.0.1", settings(), 502),
        ("photos.example", mapped, settings(), 502),
        ("photos.example.", "127.0.0.1", settings(), 502),
        ("photos.example", "127.0.0.1", allow("photos.example"), 200),
        ("photos.example", "127.0.0.1", allow("127.0.0.0/8"), 200),
        ("photos.example", mapped, allow("127.0.0.0/8"), 200),
        ("photos.example", "127.0.0.1", allow("10.0.0.0/8"), 502),
        ("photos.example", "127.0.0.1", allow("other.example"), 502),
        ("photos.internal", "127.0.0.1", settings(), 200),
        ("nginx", "127.0.0.1", settings(), 200),
        ("nginx", "169.254.169.254", settings(), 502),
        ("127.0.0.1", "192.0.2.1", settings(), 200),
    ] {
        let server = serve_at(&format!("http://{host}:{port}"), &settings, &[address]).await;
        assert_eq!(get(server.address, "/a").await.status, status, "{host} at {address}");
        let expected: &[&str] = if status == 200 { &["GET /a"] } else { &[] };
        assert_eq!(origin.requests(), expected, "{host} at {address}");
    }
}

/// The address changes after the first connection, as that of an attacker's name does.
#[tokio::test]
async fn each_connection_is_checked() {
    let origin = images().await;
    let allow_address = vec!["127.0.0.1".parse().unwrap()];
    let allowed = SourceSettings { allow_address, ..settings() };
    let url = format!("http://photos.example:{}", origin.address.port());
    let server = serve_at(&url, &allowed, &["127.0.0.1", "127.0.0.2"]).await;
    assert_eq!(get(server.address, "/a").await.status, 200);
    assert_eq!(get(server.address, "/a").await.status, 502);
    assert_eq!(origin.requests(), ["GET /a"]);
}

/// Bodies without a stated length: chunked, and until the connection closes.
#[tokio::test]
async fn an_image_may_have_no_length() {
    let chunked = |body: &[u8]| {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\netag: \"1\"\r\n\r\n".to_vec();
        for part in body.chunks(300) {
            bytes.extend(format!("{:x}\r\n", part.len()).into_bytes());
            bytes.extend([part, b"\r\n"].concat());
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    };
    let until_close = |body: &[u8]| [b"HTTP/1.0 200 OK\r\n\r\n", body].concat();
    for form in [chunked as fn(&[u8]) -> Vec<u8>, until_close] {
        let origin = Upstream::start(move |_, _| form(&toy(1000))).await;
        let server = serve(&origin, &settings()).await;
        let whole = get(server.address, "/a").await;
        assert_eq!((whole.status, whole.whole), (200, true));
        assert_eq!(whole.body, toy(1000).to_ascii_uppercase());
        let part = fetch(server.address, "GET", "/a", &[("range", "bytes=500-509")]).await;
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[500..510]));
        assert_eq!(fetch(server.address, "HEAD", "/a", &[]).await.status, 200);
        assert_eq!(get(server.address, "/a HTTP/1.0").await.header("content-length"), "1000");
    }
    let cut = Upstream::start(move |_, _| {
        let whole = chunked(&toy(1000));
        whole[..whole.len() - 5].to_vec()
    });
    let cut = get(serve(&cut.await, &settings()).await.address, "/a").await;
    assert!(cut.status == 502 || !cut.whole, "{cut:?}");
}

#[tokio::test]
async fn the_middle_is_read_by_a_range_in_the_same_version() {
    let body = toy(1 << 20);
    let image = body.clone();
    let origin = Upstream::start(move |line, head| match line.split_once("bytes=") {
        Some((_, range)) => {
            assert!(head.contains("if-match: \"1\"") && head.contains("accept-encoding: identity"), "{head}");
            let from: usize = range.trim_end_matches('-').parse().unwrap();
            let range =
                format!("content-range: bytes {from}-{}/{}\r\netag: \"1\"\r\n", body.len() - 1, body.len());
            response("206 Partial Content", &range, &body[from..])
        }
        None => response("200 OK", "etag: \"1\"\r\n", &body),
    })
    .await;
    let server = serve(&origin, &settings()).await;
    let reply = get(server.address, "/a?skip=900000").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.ends_with(&image[1_000_000..].to_ascii_uppercase()));
    let requests = origin.requests();
    assert_eq!((requests.len(), requests[0].as_str()), (2, "GET /a"), "{requests:?}");
}

#[tokio::test]
async fn a_slow_source_is_given_up_and_a_slow_client_is_not() {
    let image = || response("200 OK", "", &toy(1000));
    let slow = Upstream::trickle(move |_, _| image()).await;
    let late = get(serve(&slow, &settings()).await.address, "/a?late=true").await;
    assert_eq!((late.status, late.json()["kind"].as_str()), (504, Some("timeout")));

    let quick = Upstream::start(|_, _| response("200 OK", "", &toy(4 << 20))).await;
    let server = serve(&quick, &settings()).await;
    let mut stream = common::send(server.address, "GET", "/a", &[]).await;
    // Longer than the window.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let reply = common::read(&mut stream, "GET").await;
    assert_eq!((reply.status, reply.whole, reply.body.len()), (200, true, 4 << 20));
}
