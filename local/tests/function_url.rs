//! The Function URL, with a function that runs in the test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::{Event, FunctionReply, Reply, fake, fetch, get_signed, request, send, shout, signed};
use safelight_local::{
    Cloud, StreamEnding,
    body::full,
    sign::{Payload, Service, USER, sign_request},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

async fn read(cloud: &Cloud, target: &str) -> Reply {
    get_signed(cloud.function_url(), target, &[], Service::Lambda).await
}

#[tokio::test]
async fn a_signed_request_is_streamed() {
    let cloud = Cloud::builder().start().await.unwrap();
    let _function = fake(&cloud, shout);
    let reply = read(&cloud, "/a%20b.jpg?width=3&x=").await;
    assert_eq!((reply.status, reply.text(), reply.whole), (200, "/a%20b.jpg?width=3&x=", true));
    assert_eq!((reply.header("content-type"), reply.header("etag")), ("text/plain", "\"v1\""));
}

#[tokio::test]
async fn only_signed_requests_are_accepted() {
    let cloud = Cloud::builder().start().await.unwrap();
    let _function = fake(&cloud, shout);
    let address = cloud.function_url();
    assert_eq!(fetch(address, "GET", "/", &[]).await.status, 403);
    for service in [Service::S3, Service::S3ObjectLambda] {
        assert_eq!(get_signed(address, "/", &[], service).await.status, 403, "{service:?}");
    }
    let mut unsigned_body = request(address, "GET", "/", &[]);
    sign_request(&mut unsigned_body, &USER, Service::Lambda, Payload::Hash("UNSIGNED-PAYLOAD")).unwrap();
    assert_eq!(send(unsigned_body).await.status, 403);
    let other_body = signed(address, "POST", "/", &[], (&USER, Service::Lambda)).map(|_| full("other"));
    assert_eq!(send(other_body).await.status, 403);
    // Paths whose canonical form is ambiguous.
    for target in [
        "/%2e%2e//a",
        "/a/./b/../c/",
        "//",
        "/a/..",
        "/a%2fb",
        "/%E2%82%AC?a=b+c&a=%20&b",
        "/[a]",
        "/?x=%5B%5D",
        "/a+b~c",
    ] {
        assert_eq!(read(&cloud, target).await.status, 200, "{target}");
    }
}

#[tokio::test]
async fn events_have_the_documented_shape() {
    let cloud = Cloud::builder().start().await.unwrap();
    let (events, mut seen) = mpsc::unbounded_channel();
    let _function = fake(&cloud, move |Event { json, .. }| {
        let events = events.clone();
        async move {
            events.send(json).unwrap();
            FunctionReply::Value(
                json!({"statusCode": 201, "headers": {"x-a": "b"}, "body": "aGk=", "isBase64Encoded": true, "cookies": ["c=d"]}),
            )
        }
    });
    let address = cloud.function_url();
    let mut post = request(address, "POST", "/a%20b?x=1&x=2&y=%26", &[("x-two", "a"), ("x-two", "b")])
        .map(|_| full("hi"));
    sign_request(&mut post, &USER, Service::Lambda, Payload::Bytes(b"hi")).unwrap();
    let reply = send(post).await;
    assert_eq!((reply.status, reply.text()), (201, "hi"));
    assert_eq!((reply.header("x-a"), reply.header("set-cookie")), ("b", "c=d"));

    let event = seen.recv().await.unwrap();
    assert_eq!((&event["version"], &event["rawPath"]), (&json!("2.0"), &json!("/a%20b")));
    assert_eq!(event["requestContext"]["http"]["path"], "/a b");
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=%26");
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "&"}));
    assert_eq!(event["headers"]["x-two"], "a,b");
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("aGk="), &json!(true)));

    read(&cloud, "/").await;
    let event = seen.recv().await.unwrap();
    assert_eq!((&event["body"], &event["queryStringParameters"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn failures_are_a_bad_gateway_or_a_part_of_the_body() {
    for ending in [StreamEnding::Successful, StreamEnding::Cut] {
        let cloud = Cloud::builder().stream_ending(ending).start().await.unwrap();
        let _function = fake(&cloud, |Event { json, .. }| async move {
            let prelude = Bytes::from("{\"statusCode\":200}\0\0\0\0\0\0\0\0");
            let chunks = vec![prelude, Bytes::from(vec![b'x'; 1 << 20])];
            match json["rawPath"].as_str().unwrap() {
                "/error" => FunctionReply::Error,
                "/trailers" => FunctionReply::Trailers(chunks),
                "/broken" => FunctionReply::Broken(chunks),
                "/no-separator" => FunctionReply::Stream(vec![Bytes::from("{\"statusCode\":200}")]),
                "/no-json" => FunctionReply::Stream(vec![Bytes::from("x\0\0\0\0\0\0\0\0")]),
                "/no-status" => {
                    FunctionReply::Stream(vec![Bytes::from("{\"statusCode\":9}\0\0\0\0\0\0\0\0")])
                }
                "/endless" => FunctionReply::Stream(vec![Bytes::from(vec![b' '; 2 << 20])]),
                _ => FunctionReply::Stream(chunks),
            }
        });
        for target in ["/error", "/no-separator", "/no-json", "/no-status", "/endless"] {
            let reply = read(&cloud, target).await;
            assert_eq!(
                (reply.status, reply.text()),
                (502, "{\"Message\":\"Internal Server Error\"}"),
                "{target}"
            );
        }
        // A body may break before the response's headers are sent.
        for (target, is_early_allowed) in [("/trailers", false), ("/broken", true)] {
            let reply = read(&cloud, target).await;
            let is_part = reply.status == 200 && reply.whole == (ending == StreamEnding::Successful);
            assert!(
                is_part || (is_early_allowed && reply.status == 502),
                "{ending:?} {target}: {}",
                reply.status
            );
        }
        let reply = read(&cloud, "/whole").await;
        assert_eq!((reply.status, reply.whole, reply.body.len()), (200, true, 1 << 20));
    }
}
