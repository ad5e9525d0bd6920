//! The bucket: signatures, conditions and faults.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{LONG, Reply, fetch, get_signed, send, signed};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use safelight_local::{
    Cloud,
    body::Body,
    faults::SourceFault,
    sign::{Key, Service, USER},
};
use std::{fs, time::Duration};
use tokio::time::timeout;

async fn cloud() -> Cloud {
    let cloud = Cloud::builder().start().await.unwrap();
    fs::write(cloud.bucket().join("a b.txt"), "hello").unwrap();
    cloud
}

async fn read(cloud: &Cloud, headers: &[(&str, &str)]) -> Reply {
    get_signed(cloud.s3(), "/images/a%20b.txt", headers, Service::S3).await
}

#[tokio::test]
async fn requests_must_be_signed_with_a_key_of_the_account() {
    let cloud = cloud().await;
    let reply = read(&cloud, &[]).await;
    assert_eq!((reply.status, reply.text(), reply.whole), (200, "hello", true));
    assert_eq!(cloud.take_requests(), ["GET /images/a%20b.txt"]);
    let unsigned = fetch(cloud.s3(), "GET", "/images/a%20b.txt", &[]).await;
    assert_eq!((unsigned.status, unsigned.code()), (403, "AccessDenied"));
    let stranger = Key { secret: "another", ..USER };
    let forged = signed(cloud.s3(), "GET", "/images/a%20b.txt", &[], (&stranger, Service::S3));
    assert_eq!(send(forged).await.code(), "SignatureDoesNotMatch");
    let nothing = get_signed(cloud.s3(), "/images/b.txt", &[], Service::S3).await;
    assert_eq!((nothing.status, nothing.code()), (404, "NoSuchKey"));
}

#[tokio::test]
async fn conditions_are_evaluated() {
    let cloud = cloud().await;
    let first = read(&cloud, &[]).await;
    let (etag, changed) = (first.header("etag"), first.header("last-modified"));
    for (name, value, status) in [
        ("if-match", etag, 200),
        ("if-match", "\"another\"", 412),
        ("if-none-match", etag, 304),
        ("if-none-match", "\"another\"", 200),
        ("if-modified-since", changed, 304),
        ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("if-unmodified-since", changed, 200),
        ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT", 412),
    ] {
        for method in ["GET", "HEAD"] {
            let request =
                signed(cloud.s3(), method, "/images/a%20b.txt", &[(name, value)], (&USER, Service::S3));
            let reply = send(request).await;
            assert_eq!(reply.status, status, "{method} {name}: {value}");
            assert!(
                status != 304 || (reply.header("etag") == etag && reply.body.is_empty()),
                "{method} {name}"
            );
            assert!(method == "HEAD" || status != 412 || reply.code() == "PreconditionFailed");
        }
    }
}

#[tokio::test]
async fn a_fault_affects_one_request() {
    let cloud = cloud().await;
    for (status, code) in
        [(403, "AccessDenied"), (404, "NoSuchKey"), (412, "PreconditionFailed"), (503, "SlowDown")]
    {
        cloud.faults().fail_source(SourceFault::Status(status));
        let reply = read(&cloud, &[]).await;
        assert_eq!((reply.status, reply.code()), (status, code));
        assert_eq!(read(&cloud, &[]).await.status, 200);
    }
    for fault in [SourceFault::Truncate { after: 2 }, SourceFault::Reset { after: 2 }] {
        cloud.faults().fail_source(fault);
        let reply = read(&cloud, &[]).await;
        assert_eq!((reply.status, reply.whole), (200, false), "{fault:?}");
        assert!("he".starts_with(reply.text()), "{fault:?}");
    }
    cloud.faults().fail_source(SourceFault::Slow { pause: Duration::from_millis(1) });
    assert_eq!(read(&cloud, &[]).await.text(), "hello");
}

#[tokio::test]
async fn a_stalled_source_stays_open() {
    let cloud = cloud().await;
    cloud.faults().fail_source(SourceFault::Stall { after: 2 });
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    let request = signed(cloud.s3(), "GET", "/images/a%20b.txt", &[], (&USER, Service::S3));
    let mut body = client.request(request).await.unwrap().into_body();
    let first = timeout(LONG, body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "he");
    assert!(timeout(Duration::from_millis(20), body.frame()).await.is_err(), "more came");
    assert_eq!(read(&cloud, &[]).await.text(), "hello");
}
