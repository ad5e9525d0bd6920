//! CloudFront, in front of functions that run in the test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use async_trait::async_trait;
use bytes::Bytes;
use common::{Event, Fake, FunctionReply, fake, fetch, get, request, send, shout};
use http::{HeaderValue, Method, Response, StatusCode};
use safelight_local::{
    Cloud, StreamEnding,
    body::{BoxError, full},
    cloudfront::{Behavior, Distribution, EdgeEvent, EdgeFunction, Origin, Verdict},
    sign::Service,
};
use serde_json::{Value, json};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

async fn cloud() -> Cloud {
    let cloud = Cloud::builder().start().await.unwrap();
    fs::write(cloud.bucket().join("a b.txt"), "hello").unwrap();
    cloud
}

#[tokio::test]
async fn a_hit_needs_no_origin() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let address = cloud.cloudfront_access_point();
    let first = get(address, "/a%20b.txt").await;
    assert_eq!((first.status, first.text(), first.header("x-cache")), (200, "HELLO", "Miss from cloudfront"));
    assert_eq!((first.header("age"), cloud.take_requests().len()), ("", 1));
    cloud.clock().advance(Duration::from_secs(100));
    let second = get(address, "/a%20b.txt").await;
    assert_eq!(
        (second.status, second.text(), second.header("x-cache")),
        (200, "HELLO", "Hit from cloudfront")
    );
    assert_eq!((second.header("age"), second.header("etag")), ("100", first.header("etag")));

    let etag = first.header("etag");
    for (name, value, status, text) in [
        ("if-none-match", etag, 304, ""),
        ("if-match", "\"another\"", 412, ""),
        ("range", "bytes=1-2", 206, "EL"),
        ("range", "bytes=-2", 206, "LO"),
        ("range", "bytes=3-99", 206, "LO"),
        ("range", "bytes=0-0,2-2", 200, "HELLO"),
    ] {
        let reply = fetch(address, "GET", "/a%20b.txt", &[(name, value)]).await;
        assert_eq!((reply.status, reply.text()), (status, text), "{name}: {value}");
    }
    let head = fetch(address, "HEAD", "/a%20b.txt", &[]).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.header("x-cache")),
        (200, "5", "Hit from cloudfront")
    );
    assert_eq!(cloud.take_requests(), [""; 0], "the origin received a request");
}

#[tokio::test]
async fn only_listed_parameters_are_in_the_cache_key() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let address = cloud.cloudfront_function_url();
    for (target, origin_saw, word) in [
        ("/a?width=1", "/a?width=1", "Miss"),
        ("/a?width=1&utm_source=x", "/a?width=1", "Hit"),
        ("/a?fbclid=1&width=1", "/a?width=1", "Hit"),
        ("/a?width=2&w=3", "/a?width=2&w=3", "Miss"),
        ("/a?unknown=1", "/a?", "Miss"),
        ("/a", "/a?", "Hit"),
        ("/b", "/b?", "Miss"),
    ] {
        let reply = get(address, target).await;
        assert_eq!(reply.text(), origin_saw, "{target}");
        assert_eq!(reply.header("x-cache"), format!("{word} from cloudfront"), "{target}");
    }
}

/// Numbers its responses, and sets `Cache-Control`; `/none` is a 404.
fn count(Event { json, .. }: &Event, count: &AtomicUsize) -> FunctionReply {
    let path = json["rawPath"].as_str().unwrap();
    let header = |name: &str| json["headers"][name].as_str().unwrap_or_default().to_owned();
    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
    let status = match path {
        "/none" => 404,
        "/forbidden" => 403,
        _ if header("if-none-match") == "\"v1\"" => 304,
        _ => 200,
    };
    let control = path.strip_prefix("/control/").unwrap_or("max-age=60").replace('_', " ");
    let body = if status == 304 { String::new() } else { format!("{number} {}", header("authorization")) };
    FunctionReply::Value(
        json!({"statusCode": status, "headers": {"cache-control": control, "etag": "\"v1\""}, "body": body}),
    )
}

fn counting(cloud: &Cloud) -> Fake {
    let number = AtomicUsize::new(0);
    fake(cloud, move |event| std::future::ready(count(&event, &number)))
}

#[tokio::test]
async fn the_origin_sets_the_lifetime_of_cached_responses() {
    let cloud = cloud().await;
    let _function = counting(&cloud);
    let address = cloud.cloudfront_function_url();
    let number = |text: &str| text.split(' ').next().unwrap().to_owned();
    assert_eq!(number(get(address, "/a").await.text()), "1");
    cloud.clock().advance(Duration::from_secs(59));
    assert_eq!(number(get(address, "/a").await.text()), "1");
    cloud.clock().advance(Duration::from_secs(1));
    let refreshed = get(address, "/a").await;
    assert_eq!((refreshed.status, refreshed.header("x-cache")), (200, "RefreshHit from cloudfront"));
    assert_eq!(number(refreshed.text()), "1", "the cached body, which the origin revalidated");
    assert_eq!(get(address, "/a").await.header("x-cache"), "Hit from cloudfront");

    assert_eq!(number(get(address, "/control/no-store").await.text()), "3");
    assert_eq!(number(get(address, "/control/no-store").await.text()), "4");
    assert_eq!(number(get(address, "/control/max-age=5,s-maxage=50").await.text()), "5");
    cloud.clock().advance(Duration::from_secs(49));
    assert_eq!(number(get(address, "/control/max-age=5,s-maxage=50").await.text()), "5");
}

#[tokio::test]
async fn errors_are_cached_for_a_short_time() {
    let cloud = cloud().await;
    let _function = fake(&cloud, |Event { json, .. }| async move {
        let status = json["rawPath"].as_str().unwrap()[1..].parse::<u16>().unwrap();
        FunctionReply::Value(json!({"statusCode": status, "body": "no"}))
    });
    let address = cloud.cloudfront_function_url();
    for (target, is_kept) in [("/404", true), ("/403", false), ("/503", true), ("/416", false)] {
        let first = get(address, target).await;
        assert_eq!((first.header("x-cache"), first.header("age")), ("Error from cloudfront", ""), "{target}");
        let second = get(address, target).await;
        assert_eq!((second.header("age"), second.text()), (if is_kept { "0" } else { "" }, "no"), "{target}");
        cloud.clock().advance(Duration::from_secs(10));
        assert_eq!(get(address, target).await.header("age"), "", "{target}");
    }
}

#[tokio::test]
async fn a_cached_head_does_not_serve_a_get() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let address = cloud.cloudfront_access_point();
    let head = fetch(address, "HEAD", "/a%20b.txt", &[]).await;
    assert_eq!(
        (head.status, head.header("content-length"), head.header("x-cache")),
        (200, "5", "Miss from cloudfront")
    );
    let head = fetch(address, "HEAD", "/a%20b.txt", &[]).await;
    assert_eq!((head.header("content-length"), head.header("x-cache")), ("5", "Hit from cloudfront"));
    let whole = get(address, "/a%20b.txt").await;
    assert_eq!((whole.text(), whole.header("x-cache")), ("HELLO", "Miss from cloudfront"));
}

#[tokio::test]
async fn conditions_and_ranges_reach_the_origin() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let address = cloud.cloudfront_access_point();
    let rejected = fetch(address, "GET", "/a%20b.txt", &[("range", "bytes=0-1")]).await;
    assert_eq!((rejected.status, rejected.code()), (501, "NotImplemented"));
    cloud.clock().advance(Duration::from_secs(10));
    let failed = fetch(address, "GET", "/a%20b.txt", &[("if-match", "\"another\"")]).await;
    assert_eq!((failed.status, failed.code()), (412, "PreconditionFailed"));
    let etag = get(address, "/a%20b.txt").await.header("etag").to_owned();
    cloud.clock().advance(Duration::from_hours(25));
    let same = fetch(address, "GET", "/a%20b.txt", &[("if-none-match", &etag)]).await;
    assert_eq!((same.status, same.header("x-cache")), (304, "RefreshHit from cloudfront"));
}

/// Origin access control signs every request and replaces the viewer's own `Authorization`.
#[tokio::test]
async fn origin_access_control_signs_requests() {
    let mut cloud = cloud().await;
    let _function = counting(&cloud);
    let viewer = [("authorization", "Bearer token"), ("x-amz-date", "20200101T000000Z")];
    let reply = fetch(cloud.cloudfront_function_url(), "GET", "/a%20b?w=1", &viewer).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply.text().starts_with("1 AWS4-HMAC-SHA256 Credential=ASIALOCALCLOUDFRONT/"),
        "{}",
        reply.text()
    );

    let url = cloud.function_url();
    let open = Distribution { behaviors: vec![], default: Behavior::new(Origin::new(url, None)) };
    let open = cloud.distribute(open).await.unwrap();
    assert_eq!(get(open, "/a").await.status, 403);

    let mut bucket = Origin::new(cloud.s3(), Some(Service::S3));
    bucket.path = "/images".to_owned();
    let mut posts = Behavior::new(Origin::new(url, Some(Service::Lambda)));
    posts.path_pattern = "/frames/*".to_owned();
    posts.methods.push(Method::POST);
    let mixed = Distribution { behaviors: vec![posts], default: Behavior::new(bucket) };
    let mixed = cloud.distribute(mixed).await.unwrap();
    assert_eq!(get(mixed, "/a%20b.txt").await.text(), "hello");
    assert_eq!(fetch(mixed, "POST", "/a%20b.txt", &[]).await.status, 403);
    // A Function URL accepts a body only if the viewer sends its hash, here that of `hi`.
    let hash = ("x-amz-content-sha256", "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4");
    for (headers, status) in [(&[hash][..], 200), (&[], 403)] {
        let post = request(mixed, "POST", "/frames/1", headers).map(|_| full("hi"));
        assert_eq!(send(post).await.status, status);
    }
}

#[tokio::test]
async fn a_cut_body_is_cut_for_the_viewer_and_not_cached() {
    let cloud = Cloud::builder().stream_ending(StreamEnding::Cut).start().await.unwrap();
    let _function = fake(&cloud, |_| async {
        let prelude = Bytes::from("{\"statusCode\":200}\0\0\0\0\0\0\0\0");
        FunctionReply::Trailers(vec![prelude, Bytes::from(vec![b'x'; 1 << 20])])
    });
    for _ in 0..2 {
        let reply = get(cloud.cloudfront_function_url(), "/a").await;
        assert_eq!(
            (reply.status, reply.whole, reply.header("x-cache")),
            (200, false, "Miss from cloudfront")
        );
    }
}

#[tokio::test]
async fn an_unreachable_origin_is_a_bad_gateway() {
    let mut cloud = cloud().await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let default = Behavior::new(Origin::new(nobody, None));
    let address = cloud.distribute(Distribution { behaviors: vec![], default }).await.unwrap();
    assert_eq!(get(address, "/").await.status, 502);

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut origin = Origin::new(silent.local_addr().unwrap(), None);
    origin.response_timeout = Duration::from_millis(20);
    let default = Behavior::new(origin);
    let address = cloud.distribute(Distribution { behaviors: vec![], default }).await.unwrap();
    assert_eq!(get(address, "/a%20b.txt").await.status, 504);
}

/// Rewrites `/old/…` to `/new/…`, responds to `/stop` itself, and fails at `/fail`.
#[derive(Debug)]
struct Rewrite;

#[async_trait]
impl EdgeFunction for Rewrite {
    async fn run(&self, event: EdgeEvent) -> Result<Verdict, BoxError> {
        let mut request = event.request;
        match request.uri().path() {
            "/stop" => {
                let mut response = Response::new(Bytes::from("stopped"));
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                return Ok(Verdict::Respond(response));
            }
            "/fail" => return Err("a defect".into()),
            _ => (),
        }
        *request.uri_mut() = request.uri().to_string().replace("/old/", "/new/").parse()?;
        let place = if event.origin.is_some() { "origin" } else { "viewer" };
        request.headers_mut().insert("x-place", HeaderValue::from_static(place));
        Ok(Verdict::Forward(request))
    }
}

#[tokio::test]
async fn edge_functions_run_before_cache_and_origin() {
    let mut cloud = cloud().await;
    let _function = fake(&cloud, |Event { json, .. }| async move {
        let seen = format!("{} {}", json["rawPath"], json["headers"]["x-place"]);
        FunctionReply::Value(
            json!({"statusCode": 200, "body": seen, "headers": Value::Null.as_object().cloned().unwrap_or_default()}),
        )
    });
    let origin = Origin::new(cloud.function_url(), Some(Service::Lambda));
    let at_viewer = Behavior { viewer_request: Some(Arc::new(Rewrite)), ..Behavior::new(origin.clone()) };
    let at_origin = Behavior { origin_request_function: Some(Arc::new(Rewrite)), ..Behavior::new(origin) };
    let viewer = cloud.distribute(Distribution { behaviors: vec![], default: at_viewer }).await.unwrap();
    let origin = cloud.distribute(Distribution { behaviors: vec![], default: at_origin }).await.unwrap();

    // A header set by a viewer-request function reaches the origin only if a policy lists it.
    assert_eq!(get(viewer, "/old/a").await.text(), "\"/new/a\" null");
    assert_eq!(get(viewer, "/new/a").await.header("x-cache"), "Hit from cloudfront");
    assert_eq!(get(origin, "/old/a").await.text(), "\"/new/a\" \"origin\"");
    assert_eq!(get(origin, "/new/a").await.header("x-cache"), "Miss from cloudfront");
    for address in [viewer, origin] {
        let stopped = get(address, "/stop").await;
        assert_eq!((stopped.status, stopped.text()), (401, "stopped"));
        assert_eq!(get(address, "/fail").await.status, 503);
    }
}
