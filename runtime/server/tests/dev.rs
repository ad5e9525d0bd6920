//! The page of development, and where it is not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, Reply, get, read, run, safelight};
use serde_json::Value;
use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Sends a request with these header lines and this body.
async fn send(program: &Program, line: &str, headers: &str, body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(program.address).await.unwrap();
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    read(&mut BufReader::new(stream), "GET").await
}

/// Requests `target` with these header lines.
async fn get_with(program: &Program, target: &str, headers: &str) -> Reply {
    send(program, &format!("GET {target}"), headers, b"").await
}

const LOCAL: &str = "host: localhost\r\n";

#[tokio::test]
async fn the_page_lists_images_and_takes_uploads() {
    let program = Program::serve(safelight_images::folder().to_str().unwrap(), &[]);
    let page = get_with(&program, "/", LOCAL).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.body.starts_with(b"<!doctype html>"));

    let pictures: Value = get_with(&program, "/-/pictures.json", LOCAL).await.json();
    let paths: Vec<_> =
        pictures.as_array().unwrap().iter().map(|picture| picture["path"].as_str().unwrap()).collect();
    assert!(paths.contains(&"/photo.jpg") && !paths.contains(&"/README.md"), "{paths:?}");
    let params: Value = get_with(&program, "/-/params.json", LOCAL).await.json();
    assert!(params.as_array().unwrap().iter().any(|param| param["key"] == "width"));
    let openapi: Value = get_with(&program, "/openapi.json", LOCAL).await.json();
    assert_eq!(openapi["openapi"], "3.1.1");

    let photo = safelight_images::read("orientation-6.jpg");
    let stored = send(&program, "POST /-/uploads", LOCAL, &photo).await.json();
    let path = stored["path"].as_str().unwrap();
    let info: Value = get(program.address, &format!("{path}?info=true")).await.json();
    assert_eq!((&info["file"]["orientation"], &info["file"]["bytes"]), (&6.into(), &photo.len().into()));
    // Images are as without the page.
    assert_eq!(get(program.address, "/photo.jpg?width=20").await.status, 200);
}

#[tokio::test]
async fn pages_of_other_sites_and_other_hosts_see_no_page() {
    let program = Program::serve(safelight_images::folder().to_str().unwrap(), &[]);
    for headers in ["host: example.com\r\n", "host: localhost\r\nsec-fetch-site: cross-site\r\n"] {
        for target in ["/", "/-/pictures.json", "/-/params.json", "/openapi.json"] {
            assert_eq!(get_with(&program, target, headers).await.status, 403, "{target} {headers}");
        }
    }
}

#[tokio::test]
async fn browsers_see_errors_as_pages_and_programs_as_problems() {
    let program = Program::serve(safelight_images::folder().to_str().unwrap(), &[]);
    let target = "/photo.jpg?width=%22%3Cscript%3E";
    let page = get_with(&program, target, &format!("{LOCAL}accept: text/html,*/*\r\n")).await;
    assert_eq!((page.status, page.header("content-type")), (400, "text/html; charset=utf-8"));
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("width") && !text.contains("<script"), "{text}");
    let problem = get_with(&program, target, LOCAL).await;
    assert_eq!(problem.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn strangers_get_no_page() {
    let folder = safelight_images::folder().to_str().unwrap();
    let key = "a:0123456789abcdef0123456789abcdef";
    for variables in [
        &[("SAFELIGHT_DEV", "false")][..],
        &[("SAFELIGHT_SIGNATURE_KEYS", key), ("SAFELIGHT_REQUIRE_SIGNATURE", "true")],
    ] {
        let program = Program::serve(folder, variables);
        let reply = get_with(&program, "/", &format!("{LOCAL}accept: text/html\r\n")).await;
        assert_eq!(reply.header("content-type"), "application/problem+json", "{variables:?}");
        assert_ne!(get_with(&program, "/-/pictures.json", LOCAL).await.status, 200, "{variables:?}");
    }
    let open = Program::start(safelight(&["serve", folder]).args(["--listen", "0.0.0.0:0"]));
    assert_eq!(get_with(&open, "/-/pictures.json", LOCAL).await.status, 404);
    let output = run(&["serve", folder, "--listen", "0.0.0.0:0", "--dev"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("--dev needs a loopback address"), "{output:?}");
}
