//! Conditional requests (RFC 9110 section 13): a client with the current version causes no read of the source.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Memory, Server, TOY, fetch, get, service, start, start_with, toy};
use safelight_core::ExifDetail;
use std::sync::Arc;

const CHANGED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

async fn etag(server: &Server, target: &str) -> String {
    get(server.address, target).await.header("etag").to_owned()
}

#[tokio::test]
async fn a_current_version_is_not_read_again() {
    let memory = Memory::new(toy(100));
    let server = start(Arc::new(memory.clone())).await;
    let first = get(server.address, "/a").await;
    let etag = first.header("etag");
    let (read, opens) = (memory.read(), memory.opens());

    for method in ["GET", "HEAD"] {
        let reply = fetch(server.address, method, "/a", &[("if-none-match", etag)]).await;
        assert_eq!(reply.status, 304, "{method}");
        for name in ["etag", "cache-control", "last-modified", "access-control-allow-origin"] {
            assert_eq!(reply.header(name), first.header(name), "{name}");
        }
        assert_eq!(reply.header("content-type"), "");
        assert_eq!(reply.header("content-length"), "");
    }
    assert_eq!((memory.read(), memory.opens(), memory.probes()), (read, opens, 2));
}

#[tokio::test]
async fn conditions_are_evaluated_in_order() {
    let server = start(Arc::new(Memory::new(toy(100)))).await;
    let etag = etag(&server, "/a").await;
    let (weak, list) = (format!("W/{etag}"), format!("\"a,b\", {etag} ,W/\"c\""));
    let other = "\"other\"";

    for (headers, status) in [
        (vec![("if-none-match", weak.as_str())], 304),
        (vec![("if-none-match", &list)], 304),
        (vec![("if-none-match", "*")], 304),
        (vec![("if-none-match", other)], 200),
        (vec![("if-none-match", &etag[1..])], 200),
        (vec![("if-none-match", "")], 200),
        (vec![("if-none-match", other), ("if-none-match", &etag)], 304),
        (vec![("if-modified-since", CHANGED)], 304),
        (vec![("if-modified-since", LATER)], 304),
        (vec![("if-modified-since", EARLIER)], 200),
        (vec![("if-modified-since", "yesterday")], 200),
        // The tag takes precedence over the time.
        (vec![("if-none-match", other), ("if-modified-since", CHANGED)], 200),
        (vec![("if-none-match", &etag), ("if-modified-since", EARLIER)], 304),
        (vec![("if-match", &etag)], 200),
        (vec![("if-match", &list)], 200),
        (vec![("if-match", "*")], 200),
        (vec![("if-match", &weak)], 412),
        (vec![("if-match", other)], 412),
        (vec![("if-unmodified-since", CHANGED)], 200),
        (vec![("if-unmodified-since", EARLIER)], 412),
        (vec![("if-match", &etag), ("if-unmodified-since", EARLIER)], 200),
        // Preconditions against changes come first.
        (vec![("if-match", other), ("if-none-match", &etag)], 412),
        (vec![("if-match", &etag), ("if-none-match", &etag)], 304),
    ] {
        let reply = fetch(server.address, "GET", "/a", &headers).await;
        assert_eq!(reply.status, status, "{headers:?}");
    }
}

#[tokio::test]
async fn a_tag_depends_on_source_query_and_settings() {
    let memory = Memory::new(toy(100));
    let server = start(Arc::new(memory.clone())).await;
    let plain = etag(&server, "/a").await;

    assert_eq!(plain, etag(&server, "/a?utm_source=x&stop=no").await);
    assert_ne!(plain, etag(&server, "/a?stop=true").await);
    assert_eq!(etag(&server, "/a?late=true&stop=true").await, etag(&server, "/a?stop=TRUE&late=true").await);

    let mut showing = service(TOY);
    showing.settings.exif = ExifDetail::All;
    let showing = start_with(showing, Arc::new(memory.clone())).await;
    assert_ne!(plain, etag(&showing, "/a").await);

    let mut limited = service(TOY);
    limited.settings.limits.max_source_bytes = 1000;
    let limited = start_with(limited, Arc::new(memory.clone())).await;
    assert_eq!(plain, etag(&limited, "/a").await);

    memory.set_etag("\"two\"");
    assert_ne!(plain, etag(&server, "/a").await);
}

#[tokio::test]
async fn a_tag_is_as_strong_as_that_of_the_source() {
    let weak = Memory::new(toy(100)).with(|knobs| knobs.meta.etag = Some("W/\"one\"".to_owned()));
    let server = start(Arc::new(weak)).await;
    let tag = etag(&server, "/a").await;
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(fetch(server.address, "GET", "/a", &[("if-none-match", &tag)]).await.status, 304);

    let dated = Memory::new(toy(100)).with(|knobs| knobs.meta.etag = None);
    let tag = etag(&start(Arc::new(dated)).await, "/a").await;
    assert!(tag.starts_with('"'), "{tag}");

    let unknown = Memory::new(toy(100)).with(|knobs| {
        knobs.meta.etag = None;
        knobs.meta.last_modified = None;
    });
    let server = start(Arc::new(unknown)).await;
    let reply = fetch(server.address, "GET", "/a", &[("if-none-match", "\"x\"")]).await;
    assert_eq!((reply.status, reply.header("etag"), reply.header("last-modified")), (200, "", ""));
    assert_eq!(fetch(server.address, "GET", "/a", &[("if-match", "\"x\"")]).await.status, 412);
}

#[tokio::test]
async fn times_outside_of_http_are_omitted() {
    use std::time::{Duration, SystemTime};
    let day = Duration::from_hours(24);
    for time in [SystemTime::UNIX_EPOCH - day, SystemTime::now() + day] {
        let odd = Memory::new(toy(100)).with(|knobs| knobs.meta.last_modified = Some(time));
        let server = start(Arc::new(odd)).await;
        let reply = fetch(server.address, "GET", "/a", &[("if-modified-since", LATER)]).await;
        assert_eq!((reply.status, reply.header("last-modified")), (200, ""), "{time:?}");
    }
}
