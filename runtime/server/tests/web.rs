//! A web server as origin: one with few features, and one that is hostile.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::{Program, fetch, get, send};
use futures_util::future;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;

/// Only the requests of the test are counted.
const UNCHECKED: [(&str, &str); 1] = [("SAFELIGHT_NO_SOURCE_CHECK", "true")];

type Requests = Arc<Mutex<Vec<String>>>;

/// Starts a web server that sends one response to everything, and records its requests.
async fn web(
    response: impl Fn() -> Response<Full<Bytes>> + Clone + Send + 'static,
) -> (SocketAddr, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Requests::default();
    let log = requests.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (response, log) = (response.clone(), log.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                log.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
                future::ready(Ok::<_, Infallible>(response()))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, requests)
}

fn photo() -> Response<Full<Bytes>> {
    Response::new(Full::new(safelight_images::read("photo.jpg").into()))
}

#[tokio::test]
async fn svg_is_sanitised_and_runs_nothing_in_a_browser() {
    const SVG: &str =
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script><g/></svg>";
    let (address, _) = web(|| Response::new(Full::new(SVG.into()))).await;
    let source = format!("http://{address}/");
    let server = Program::serve(&source, &UNCHECKED);
    for range in [None, Some(("range", "bytes=0-3"))] {
        let reply = fetch(server.address, "GET", "/a.html", range.as_slice()).await;
        assert_eq!(reply.header("content-type"), "image/svg+xml");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox");
        assert_eq!(reply.status, if range.is_some() { 206 } else { 200 });
    }
    let body = get(server.address, "/a").await.body;
    assert_eq!(String::from_utf8_lossy(&body), "<svg xmlns=\"http://www.w3.org/2000/svg\"><g/></svg>\n");
}

#[tokio::test]
async fn a_server_needs_neither_versions_nor_ranges() {
    let (address, requests) = web(|| {
        let mut response = photo();
        response.headers_mut().insert(header::CONTENT_TYPE, "text/html".parse().unwrap());
        response.headers_mut().insert(header::CACHE_CONTROL, "private".parse().unwrap());
        response
    })
    .await;
    let program = Program::serve(&format!("http://{address}/some/where"), &UNCHECKED);

    let reply = get(program.address, "/a.jpg").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/jpeg"));
    assert_eq!((reply.header("cache-control"), reply.header("etag")), ("private", ""));
    assert_eq!(reply.header("last-modified"), "");
    let part = fetch(program.address, "GET", "/a.jpg", &[("range", "bytes=5-9")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &reply.body[5..10]));
    assert!(requests.lock().unwrap().iter().all(|line| line == "GET /some/where/a.jpg"));
}

#[tokio::test]
async fn a_key_cannot_leave_the_prefix() {
    let (address, requests) = web(photo).await;
    let program = Program::serve(&format!("http://{address}/some/where"), &UNCHECKED);
    for (target, status) in [
        ("/a%20b/%C3%BC.jpg", 200),
        ("/%252e%252e/a.jpg", 200),
        ("/%252e%252e%252fa.jpg", 200),
        ("/a%3Fb=c%23d.jpg", 200),
        ("/%2e%2e/a.jpg", 404),
        ("/..%2fa.jpg", 404),
        ("/@elsewhere/a.jpg", 200),
        ("//elsewhere/a.jpg", 404),
    ] {
        assert_eq!(get(program.address, target).await.status, status, "{target}");
    }
    let expected = [
        "GET /some/where/a%20b/%C3%BC.jpg",
        "GET /some/where/%252e%252e/a.jpg",
        "GET /some/where/%252e%252e%252fa.jpg",
        "GET /some/where/a%3Fb=c%23d.jpg",
        "GET /some/where/@elsewhere/a.jpg",
    ];
    assert_eq!(*requests.lock().unwrap(), expected);
}

#[tokio::test]
async fn an_unreadable_date_is_no_version() {
    let (address, _) = web(|| {
        let mut response = photo();
        response.headers_mut().insert(header::LAST_MODIFIED, "yesterday".parse().unwrap());
        response
    })
    .await;
    let program = Program::serve(&format!("http://{address}"), &UNCHECKED);
    let reply = get(program.address, "/a.jpg").await;
    assert_eq!((reply.status, reply.header("last-modified")), (200, ""));
}

#[tokio::test]
async fn a_request_whose_client_disconnects_is_logged() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let mut program = Program::serve(&origin, &[("SAFELIGHT_NO_SOURCE_CHECK", "true")]);
    let client = send(program.address, "GET", "/a.jpg", &[]).await;
    // The origin never responds.
    let _source = listener.accept().await.unwrap();
    drop(client);
    let line = program.request_line();
    assert_eq!((&line["status"], &line["kind"]), (&json!(499), &json!("cancelled")), "{line}");
    assert_eq!((&line["level"], &line["path"]), (&json!("INFO"), &json!("/a.jpg")), "{line}");
}
