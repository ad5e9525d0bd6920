//! The access point, with a function that runs in the test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::{
    Event, FunctionReply, LONG, Reply, fake, fetch, finish, get_signed, open, read_source, send, shout,
    signed, write,
};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http_body_util::BodyExt;
use safelight_local::{
    Cloud, Feature,
    body::{BoxError, full, streamed},
    sign::{CLOUDFRONT, Key, Service, USER},
};
use serde_json::Value;
use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};

async fn cloud() -> Cloud {
    let cloud = Cloud::builder().payload("{\"a\":1}").start().await.unwrap();
    fs::write(cloud.bucket().join("a b.txt"), "hello").unwrap();
    cloud
}

async fn read(cloud: &Cloud, headers: &[(&str, &str)]) -> Reply {
    get_signed(cloud.access_point(), "/a%20b.txt", headers, Service::S3ObjectLambda).await
}

#[tokio::test]
async fn an_object_passes_through_the_function() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let reply = read(&cloud, &[("x-amz-checksum-mode", "ENABLED"), ("origin", "https://example.com")]).await;
    assert_eq!((reply.status, reply.text(), reply.whole), (200, "HELLO", true));
    assert_eq!(reply.header("content-type"), "text/plain");
    assert_eq!(reply.header("content-length"), "5");
    assert_eq!(reply.header("x-amz-meta-by"), "shout");
    assert_eq!(reply.header("access-control-allow-origin"), "*");

    let etag = reply.header("etag");
    assert_eq!(read(&cloud, &[("if-none-match", etag)]).await.status, 304);
    let other = read(&cloud, &[("if-match", "\"another\"")]).await;
    assert_eq!((other.status, other.code()), (412, "PreconditionFailed"));
    let nothing = get_signed(cloud.access_point(), "/none", &[], Service::S3ObjectLambda).await;
    assert_eq!((nothing.status, nothing.code()), (404, "NoSuchKey"));
}

/// Regression of AWS's own samples, since SDKs sign `x-amz-checksum-mode`.
#[tokio::test]
async fn a_missing_signed_header_is_rejected() {
    let cloud = cloud().await;
    let (statuses, mut seen) = mpsc::unbounded_channel();
    let _function = fake(&cloud, move |event| {
        let statuses = statuses.clone();
        async move {
            for forward in [false, true] {
                let source = read_source(&event, forward).await;
                statuses.send((source.status, source.code().to_owned())).unwrap();
            }
            FunctionReply::Error
        }
    });
    read(&cloud, &[("x-amz-checksum-mode", "ENABLED")]).await;
    assert_eq!(seen.recv().await.unwrap(), (403, "SignatureDoesNotMatch".to_owned()));
    assert_eq!(seen.recv().await.unwrap().0, 200);
    // If the caller sends no such header, only the host is signed.
    read(&cloud, &[]).await;
    assert_eq!(seen.recv().await.unwrap().0, 200);
}

#[tokio::test]
async fn requests_must_be_signed_for_the_access_point() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let address = cloud.access_point();
    assert_eq!(fetch(address, "GET", "/a%20b.txt", &[]).await.code(), "AccessDenied");
    let wrong_service = get_signed(address, "/a%20b.txt", &[], Service::S3).await;
    assert_eq!((wrong_service.status, wrong_service.code()), (403, "AccessDenied"));
    let wrong_secret = Key { secret: "another", ..USER };
    let wrong_token = Key { session_token: None, ..CLOUDFRONT };
    for (key, code) in [(wrong_secret, "SignatureDoesNotMatch"), (wrong_token, "InvalidToken")] {
        let request = signed(address, "GET", "/a%20b.txt", &[], (&key, Service::S3ObjectLambda));
        assert_eq!(send(request).await.code(), code);
    }
    let mut changed = signed(address, "GET", "/a%20b.txt?width=1", &[], (&USER, Service::S3ObjectLambda));
    *changed.uri_mut() = format!("http://{address}/a%20b.txt?width=2").parse().unwrap();
    assert_eq!(send(changed).await.code(), "SignatureDoesNotMatch");
    let mut added = signed(address, "GET", "/a%20b.txt", &[], (&USER, Service::S3ObjectLambda));
    added.headers_mut().insert("x-amz-cf-id", "1".parse().unwrap());
    let added = send(added).await;
    assert!(added.text().contains("not signed"), "{}", added.text());
}

#[tokio::test]
async fn events_have_the_documented_shape() {
    let cloud = cloud().await;
    let (events, mut seen) = mpsc::unbounded_channel();
    let _function = fake(&cloud, move |event: Event| {
        let events = events.clone();
        async move {
            events.send(event).unwrap();
            FunctionReply::Error
        }
    });
    let headers = [("x-two", "a"), ("x-two", "b"), ("x-amz-checksum-mode", "ENABLED")];
    let address = cloud.access_point();
    get_signed(address, "/a%20b.txt?width=3&x=%26", &headers, Service::S3ObjectLambda).await;
    let Event { json, deadline, .. } = seen.recv().await.unwrap();
    assert_eq!(json["userRequest"]["url"], format!("https://{address}/a b.txt?width=3&x=&"));
    assert_eq!(json["userRequest"]["headers"]["x-two"], "a,b");
    assert_eq!(json["userRequest"]["headers"]["authorization"], Value::Null);
    assert_eq!(json["configuration"]["payload"], "{\"a\":1}");
    assert_eq!(json["userIdentity"]["type"], "IAMUser");
    assert_eq!(json["protocolVersion"], "1.00");
    let source = json["getObjectContext"]["inputS3Url"].as_str().unwrap();
    assert!(source.starts_with(&format!("http://{}/images/a%20b.txt?X-Amz-", cloud.s3())), "{source}");
    assert!(source.contains("X-Amz-SignedHeaders=host%3Bx-amz-checksum-mode&"), "{source}");
    assert!(1_700_000_000_000 < deadline);

    for (method, target, context) in [
        ("HEAD", "/a%20b.txt", "headObjectContext"),
        ("GET", "/?prefix=a", "listObjectsContext"),
        ("GET", "/?list-type=2&prefix=a", "listObjectsV2Context"),
    ] {
        send(signed(address, method, target, &[], (&CLOUDFRONT, Service::S3ObjectLambda))).await;
        let Event { json, .. } = seen.recv().await.unwrap();
        let contexts = json.as_object().unwrap().keys().filter(|key| key.ends_with("Context"));
        assert_eq!(contexts.collect::<Vec<_>>(), [context]);
        let identity = serde_json::json!({"type": "AWSService", "invokedBy": "cloudfront.amazonaws.com"});
        assert_eq!(json["userIdentity"], identity);
    }
}

#[tokio::test]
async fn head_and_list_responses_come_from_the_function() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    let address = cloud.access_point();
    let head = send(signed(address, "HEAD", "/a%20b.txt", &[], (&USER, Service::S3ObjectLambda))).await;
    assert_eq!((head.status, head.header("content-length")), (200, "5"));
    let none = send(signed(address, "HEAD", "/none", &[], (&USER, Service::S3ObjectLambda))).await;
    assert_eq!(none.status, 404);
    for target in ["/", "/?list-type=2&prefix=a"] {
        let list = get_signed(address, target, &[], Service::S3ObjectLambda).await;
        assert_eq!((list.status, list.header("content-type")), (200, "application/xml"));
        assert!(list.text().contains("<Key>a b.txt</Key>"), "{}", list.text());
    }
    let post = signed(address, "POST", "/a%20b.txt", &[], (&USER, Service::S3ObjectLambda));
    assert_eq!(send(post).await.status, 405);
}

#[tokio::test]
async fn requests_for_parts_need_a_feature() {
    let plain = cloud().await;
    let _function = fake(&plain, shout);
    let open = Cloud::builder().features(Feature::ALL).start().await.unwrap();
    fs::write(open.bucket().join("a b.txt"), "hello").unwrap();
    let _open_function = fake(&open, shout);
    for (method, target, range) in [
        ("GET", "/a%20b.txt", Some("bytes=0-1")),
        ("GET", "/a%20b.txt?Range=bytes=0-1", None),
        ("GET", "/a%20b.txt?partNumber=1", None),
        ("HEAD", "/a%20b.txt", Some("bytes=0-1")),
        ("HEAD", "/a%20b.txt?partNumber=1", None),
    ] {
        for (cloud, expected) in [(&plain, 501), (&open, 200)] {
            let headers: Vec<_> = range.iter().map(|range| ("range", *range)).collect();
            let request =
                signed(cloud.access_point(), method, target, &headers, (&USER, Service::S3ObjectLambda));
            let reply = send(request).await;
            assert_eq!(reply.status, expected, "{method} {target}");
            assert!(method == "HEAD" || expected == 200 || reply.code() == "NotImplemented");
        }
    }
}

#[tokio::test]
async fn a_token_is_valid_for_one_response() {
    let cloud = cloud().await;
    let (replies, mut seen) = mpsc::unbounded_channel();
    let _function = fake(&cloud, move |event| {
        let replies = replies.clone();
        async move {
            let mut strange = event.clone();
            strange.json["getObjectContext"]["outputRoute"] = "io-other".into();
            for event in [&strange, &event, &event] {
                replies.send(write(event, &[], full("once")).await).unwrap();
            }
            FunctionReply::Value(Value::Null)
        }
    });
    assert_eq!(read(&cloud, &[]).await.text(), "once");
    for (status, code) in [(400, "ValidationError"), (200, ""), (400, "ValidationError")] {
        let reply = seen.recv().await.unwrap();
        assert_eq!((reply.status, reply.code()), (status, code));
    }
}

#[tokio::test]
async fn invalid_forwarded_headers_are_rejected() {
    let cloud = cloud().await;
    let (replies, mut seen) = mpsc::unbounded_channel();
    let bad: &[&[(&str, &str)]] = &[
        &[("x-amz-fwd-status", "201")],
        &[("x-amz-fwd-error-code", "Oops")],
        &[("x-amz-fwd-status", "404"), ("x-amz-fwd-error-code", "not a code"), ("content-length", "0")],
        &[("x-amz-fwd-header-location", "/")],
        &[("x-amz-fwd-header-vary", "accept")],
    ];
    let turn = Arc::new(Mutex::new(bad.iter()));
    let _function = fake(&cloud, move |event| {
        let (replies, headers) = (replies.clone(), *turn.lock().unwrap().next().unwrap());
        async move {
            let body = if headers.contains(&("content-length", "0")) { "" } else { "text" };
            replies.send(write(&event, headers, full(body)).await).unwrap();
            FunctionReply::Value(Value::Null)
        }
    });
    for headers in bad {
        let reply = read(&cloud, &[]).await;
        assert_eq!((reply.status, reply.code()), (500, "LambdaResponseNotReceived"), "{headers:?}");
        assert_eq!(seen.recv().await.unwrap().code(), "ValidationError", "{headers:?}");
    }
}

#[tokio::test]
async fn a_write_after_the_time_limit_is_rejected() {
    let limit = Duration::from_millis(30);
    let cloud = Cloud::builder().access_point_limit(limit).start().await.unwrap();
    let gone = Arc::new(Notify::new());
    let (replies, mut seen) = mpsc::unbounded_channel();
    let wait = gone.clone();
    let _function = fake(&cloud, move |event| {
        let (replies, wait) = (replies.clone(), wait.clone());
        async move {
            wait.notified().await;
            replies.send(write(&event, &[], full("late")).await).unwrap();
            FunctionReply::Value(Value::Null)
        }
    });
    let reply = read(&cloud, &[]).await;
    assert_eq!((reply.status, reply.code()), (500, "LambdaTimeout"));
    gone.notify_one();
    let late = timeout(LONG, seen.recv()).await.unwrap().unwrap();
    assert_eq!((late.status, late.code()), (400, "ValidationError"));
}

/// Starts a response, and ends it with `end` after the caller has received its start.
async fn begin(cloud: &Cloud, end: impl Fn() -> End + Send + 'static) -> Reply {
    let seen = Arc::new(Notify::new());
    let wait = seen.clone();
    let _function = fake(cloud, move |event| {
        let (wait, end) = (wait.clone(), end());
        async move {
            let (sender, receiver) = oneshot::channel::<()>();
            let first = Ok::<_, BoxError>(Bytes::from("a beginning"));
            let rest =
                async move { Err(receiver.await.map_or_else(Into::into, |()| "the function failed".into())) };
            let body = streamed(stream::iter([first]).chain(stream::once(rest)));
            let writing = tokio::spawn(async move { write(&event, &[], body).await });
            wait.notified().await;
            if end == End::Failure {
                sender.send(()).unwrap();
                // The write fails because its body is cut.
                writing.await.unwrap_err();
                return FunctionReply::Error;
            }
            std::mem::forget(sender);
            FunctionReply::Value(Value::Null)
        }
    });
    let request = signed(cloud.access_point(), "GET", "/a%20b.txt", &[], (&USER, Service::S3ObjectLambda));
    let mut response = open(request).await;
    let first = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "a beginning");
    seen.notify_one();
    timeout(LONG, finish(response, first.to_vec())).await.unwrap()
}

#[derive(PartialEq)]
enum End {
    /// The body breaks.
    Failure,
    /// The function returns before the body ends.
    Return,
}

#[tokio::test]
async fn a_cut_body_is_cut_for_the_caller() {
    let cloud = cloud().await;
    let reply = begin(&cloud, || End::Failure).await;
    assert_eq!((reply.status, reply.text(), reply.whole), (200, "a beginning", false));
}

#[tokio::test]
async fn a_write_in_progress_is_cut_when_the_function_ends() {
    let cloud = cloud().await;
    let reply = begin(&cloud, || End::Return).await;
    assert_eq!((reply.status, reply.text(), reply.whole), (200, "a beginning", false));
}

#[tokio::test]
async fn failures_have_error_codes() {
    let cloud = cloud().await;
    let _function = fake(&cloud, |event: Event| async move {
        match event.json["userRequest"]["url"].as_str().unwrap().rsplit_once('/').unwrap().1 {
            "error" => FunctionReply::Error,
            "large" => FunctionReply::Value("x".repeat(7 << 20).into()),
            _ => FunctionReply::Value(Value::Null),
        }
    });
    let address = cloud.access_point();
    for (method, target, status, code) in [
        ("GET", "/nothing", 500, "LambdaResponseNotReceived"),
        ("GET", "/error", 500, "LambdaRuntimeError"),
        ("GET", "/large", 400, "LambdaInvalidResponse"),
        ("GET", "/?list-type=2", 400, "LambdaInvalidResponse"),
        ("HEAD", "/nothing", 400, ""),
    ] {
        let reply = send(signed(address, method, target, &[], (&USER, Service::S3ObjectLambda))).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{method} {target}");
    }
}

#[tokio::test]
async fn faults_reach_the_caller() {
    let cloud = cloud().await;
    let _function = fake(&cloud, shout);
    cloud.faults().expire_url();
    let reply = read(&cloud, &[]).await;
    assert_eq!((reply.status, reply.code()), (403, "AccessDenied"));
    cloud.faults().reject_write(StatusCode::SERVICE_UNAVAILABLE);
    let reply = read(&cloud, &[]).await;
    assert_eq!((reply.status, reply.code()), (500, "LambdaResponseNotReceived"));
    assert_eq!(read(&cloud, &[]).await.text(), "HELLO");
}
