//! End-to-end tests of the real `bootstrap` behind the access point and the Function URL: its responses, and
//! its behaviour when something fails.
//!
//! The program is the one in `SAFELIGHT_BOOTSTRAP`, or else it is built from the current sources.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{LONG, Reply, bootstrap, expected, finish, get, open, send, signed};
use http_body_util::BodyExt;
use safelight_local::{
    Cloud, Feature,
    faults::SourceFault,
    sign::{Service, USER},
};
use std::{fs, net::SocketAddr, time::Duration};
use tokio::time::timeout;

/// Starts a cloud that serves all samples through `bootstrap`.
async fn cloud() -> Cloud {
    let builder =
        Cloud::builder().bootstrap(bootstrap()).features(Feature::ALL).timeout(Duration::from_mins(2));
    let cloud = builder.start().await.unwrap();
    for name in SAMPLES {
        fs::copy(safelight_images::path(name), cloud.bucket().join(name)).unwrap();
    }
    cloud
}

/// One sample of each container that can be decoded.
const SAMPLES: [&str; 7] = [
    "photo.jpg",
    "orientation-6.jpg",
    "progressive.jpg",
    "text-chunks.png",
    "still.webp",
    "animated.gif",
    "photo.tiff",
];

/// A way to the function without a cache.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Door {
    AccessPoint,
    FunctionUrl,
}

const DOORS: [Door; 2] = [Door::AccessPoint, Door::FunctionUrl];

impl Door {
    fn address(self, cloud: &Cloud) -> (SocketAddr, Service) {
        match self {
            Self::AccessPoint => (cloud.access_point(), Service::S3ObjectLambda),
            Self::FunctionUrl => (cloud.function_url(), Service::Lambda),
        }
    }

    fn cloudfront(self, cloud: &Cloud) -> SocketAddr {
        match self {
            Self::AccessPoint => cloud.cloudfront_access_point(),
            Self::FunctionUrl => cloud.cloudfront_function_url(),
        }
    }

    /// Sends a request that bypasses the cache, and fails the test if the response takes too long.
    async fn fetch(self, cloud: &Cloud, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        let (address, service) = self.address(cloud);
        let reply = send(signed(address, method, target, headers, (&USER, service)));
        timeout(LONG, reply).await.unwrap_or_else(|_| panic!("{self:?} {target} hangs"))
    }
}

#[tokio::test]
async fn responses_equal_the_output_of_the_transforms() {
    let cloud = cloud().await;
    for name in SAMPLES {
        for query in ["", "showExif=true", "width=60", "width=60&format=png", "crop=0,0,8,8&rotate=90"] {
            let expected = expected(safelight_images::read(name), query);
            for door in DOORS {
                let target = format!("/{name}?{query}");
                let reply = get(door.cloudfront(&cloud), &target).await;
                let text = String::from_utf8_lossy(&reply.body[..reply.body.len().min(200)]);
                assert_eq!((reply.status, reply.whole), (200, true), "{door:?} {target}: {text}");
                assert_eq!(reply.header("x-cache"), "Miss from cloudfront", "{door:?} {target}");
                assert_eq!(reply.header("content-type"), expected.content_type(), "{door:?} {target}");
                assert!(reply.body == expected.body(), "{door:?} {target}: the bytes differ");
                let again = get(door.cloudfront(&cloud), &format!("{target}&utm_source=x")).await;
                assert_eq!(again.header("x-cache"), "Hit from cloudfront", "{door:?} {target}");
                assert!(again.body == reply.body, "{door:?} {target}: the cached bytes differ");
            }
        }
    }
    assert_eq!(cloud.function().starts(), 1, "the function was restarted");
}

#[tokio::test]
async fn ranges_heads_and_conditions_apply_to_the_response() {
    let cloud = cloud().await;
    for (door, query) in
        DOORS.into_iter().flat_map(|door| ["", "showExif=true", "width=60"].map(|query| (door, query)))
    {
        let target = format!("/photo.jpg?{query}");
        let what = format!("{door:?} {target}");
        let whole = door.fetch(&cloud, "GET", &target, &[]).await;
        let length = whole.body.len();
        assert_eq!((whole.status, whole.whole), (200, true), "{what}");
        let etag = whole.header("etag");
        assert_ne!(etag, "", "{what}");

        for (range, from, to) in
            [("bytes=0-9", 0, 10), ("bytes=5-", 5, length), ("bytes=-7", length - 7, length)]
        {
            let part = door.fetch(&cloud, "GET", &target, &[("range", range)]).await;
            assert_eq!((part.status, part.whole), (206, true), "{what} {range}");
            assert_eq!(
                part.header("content-range"),
                format!("bytes {from}-{}/{length}", to - 1),
                "{what} {range}"
            );
            assert!(part.body == whole.body[from..to], "{what} {range}");
        }
        let beyond = door.fetch(&cloud, "GET", &target, &[("range", "bytes=99999999-")]).await;
        assert_eq!(beyond.status, 416, "{what}");

        let head = door.fetch(&cloud, "HEAD", &target, &[]).await;
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, etag), "{what}");
        // Headers that depend on the source's bytes may be missing, but must not be wrong.
        let (kind, stated) = (head.header("content-type"), head.header("content-length"));
        assert!(kind.is_empty() || kind == whole.header("content-type"), "{what}: {kind}");
        // That of an access point is required, and only that of the object is known.
        let object = safelight_images::read("photo.jpg").len();
        let expected = if door == Door::AccessPoint { object } else { length };
        assert!(stated.is_empty() || stated == expected.to_string(), "{what}: {stated} is not {expected}");

        let same = door.fetch(&cloud, "GET", &target, &[("if-none-match", etag)]).await;
        assert_eq!((same.status, same.body.len()), (304, 0), "{what}");
        let other = door.fetch(&cloud, "GET", &target, &[("if-match", "\"another\"")]).await;
        assert_eq!(other.status, 412, "{what}");
    }
}

/// Headers that newer SDKs sign into the source's URL must reach S3, or S3 rejects the request.
#[tokio::test]
async fn signed_headers_reach_the_bucket() {
    let cloud = cloud().await;
    for method in ["GET", "HEAD"] {
        let headers = [("x-amz-checksum-mode", "ENABLED"), ("x-amz-request-payer", "requester")];
        let reply = Door::AccessPoint.fetch(&cloud, method, "/photo.jpg", &headers).await;
        assert_eq!(reply.status, 200, "{method}");
        let checksum = reply.headers.keys().find(|name| name.as_str().starts_with("x-amz-checksum"));
        assert_eq!(checksum, None, "the source's checksum does not apply to the response");
    }
}

#[tokio::test]
async fn lists_are_forwarded() {
    let cloud = cloud().await;
    for target in ["/?prefix=photo", "/?list-type=2&prefix=photo&max-keys=10"] {
        let list = Door::AccessPoint.fetch(&cloud, "GET", target, &[]).await;
        assert_eq!(list.status, 200, "{target}");
        assert!(list.text().contains("<Key>photo.jpg</Key>"), "{target}: {}", list.text());
    }
}

#[tokio::test]
async fn errors_keep_their_status_and_code() {
    let cloud = cloud().await;
    fs::write(cloud.bucket().join("text.jpg"), "this is not an image").unwrap();
    fs::write(cloud.bucket().join("broken.jpg"), &safelight_images::read("photo.jpg")[..100]).unwrap();
    for (target, status) in [
        ("/none.jpg", 404),
        ("/text.jpg", 415),
        ("/broken.jpg", 422),
        ("/photo.jpg?width=0", 400),
        ("/photo.jpg?width=10&showExif=true", 400),
    ] {
        let reply = Door::FunctionUrl.fetch(&cloud, "GET", target, &[]).await;
        assert_eq!(reply.status, status, "{target}");
        // WriteGetObjectResponse does not accept these statuses; 400 is the closest one that it accepts.
        let status = if status == 415 || status == 422 { 400 } else { status };
        let reply = Door::AccessPoint.fetch(&cloud, "GET", target, &[]).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
        assert_ne!(reply.code(), "", "{target}");
    }
    assert_eq!(Door::AccessPoint.fetch(&cloud, "GET", "/none.jpg", &[]).await.code(), "NoSuchKey");
    for (status, code) in
        [(403, "AccessDenied"), (404, "NoSuchKey"), (412, "PreconditionFailed"), (503, "SlowDown")]
    {
        cloud.faults().fail_source(SourceFault::Status(status));
        let reply = Door::AccessPoint.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
        assert_eq!((reply.status, reply.code()), (status, code));
    }
    cloud.faults().expire_url();
    let expired = Door::AccessPoint.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
    assert_eq!((expired.status, expired.code()), (403, "AccessDenied"));
}

/// A viewer's response when something fails.
#[derive(Debug)]
enum Outcome {
    /// A response with this status; from the access point, also with this error code.
    Error(u16, &'static str),
    /// Headers and an incomplete body, with a transfer error.
    Cut,
    /// The normal response.
    Whole,
}
use Outcome::{Cut, Error, Whole};

/// Every fault gives an error status or a cut body, and the next request succeeds.
#[tokio::test]
async fn faults_give_errors_and_do_not_affect_the_next_request() {
    let builder = Cloud::builder().bootstrap(bootstrap()).timeout(Duration::from_secs(10));
    let cloud = builder.env("SAFELIGHT_SOURCE_TIMEOUT_SECS", "1").start().await.unwrap();
    fs::copy(safelight_images::path("photo.jpg"), cloud.bucket().join("photo.jpg")).unwrap();
    let whole = expected(safelight_images::read("photo.jpg"), "").body();
    let unavailable = Error(503, "ServiceUnavailable");
    // After an interruption the rest is requested from a bucket, but not from a presigned URL.
    for (fault, at_access_point, at_function_url) in [
        (SourceFault::Truncate { after: 0 }, &unavailable, Whole),
        (SourceFault::Truncate { after: 100 }, &unavailable, Whole),
        (SourceFault::Truncate { after: 200_000 }, &Cut, Whole),
        (SourceFault::Reset { after: 0 }, &unavailable, Whole),
        (SourceFault::Reset { after: 200_000 }, &Cut, Whole),
        (SourceFault::Stall { after: 0 }, &unavailable, Error(504, "")),
        (SourceFault::Stall { after: 200_000 }, &Cut, Error(504, "")),
        (SourceFault::Slow { pause: Duration::from_millis(1) }, &Whole, Whole),
        (SourceFault::Status(500), &Error(500, "InternalError"), Whole),
        (SourceFault::Status(403), &Error(403, "AccessDenied"), Error(404, "")),
    ] {
        for (door, expected) in DOORS.into_iter().zip([at_access_point, &at_function_url]) {
            cloud.faults().fail_source(fault);
            let reply = door.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
            let is_expected = match *expected {
                Whole => reply.status == 200 && reply.whole && reply.body == whole,
                Cut => reply.status == 200 && !reply.whole && whole.starts_with(&reply.body),
                Error(status, "") => reply.status == status,
                Error(status, code) => reply.status == status && reply.code() == code,
            };
            assert!(is_expected, "{door:?} {fault:?}: status {}, expected {expected:?}", reply.status);
            let next = door.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
            assert!(next.status == 200 && next.body == whole, "{door:?} after {fault:?}");
        }
    }
    for door in DOORS {
        cloud.faults().kill_child();
        // The function may finish before it is killed.
        let killed = door.fetch(&cloud, "GET", "/photo.jpg?width=800", &[]).await;
        assert!(500 <= killed.status || killed.status == 200, "{door:?}: {}", killed.status);
        let next = door.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
        assert!(next.status == 200 && next.body == whole, "{door:?}");
    }
    cloud.faults().reject_write(http::StatusCode::SERVICE_UNAVAILABLE);
    let rejected = Door::AccessPoint.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
    assert_eq!(rejected.status, 500, "{}", rejected.text());
    let next = Door::AccessPoint.fetch(&cloud, "GET", "/photo.jpg", &[]).await;
    assert!(next.status == 200 && next.body == whole);
}

/// A viewer that disconnects must not block the function for the next viewer.
#[tokio::test]
async fn a_disconnected_viewer_does_not_block_the_function() {
    let cloud = cloud().await;
    fs::write(cloud.bucket().join("large.jpg"), safelight_images::long_jpeg(32 << 20)).unwrap();
    for door in DOORS {
        let (address, service) = door.address(&cloud);
        let mut response = open(signed(address, "GET", "/large.jpg", &[], (&USER, service))).await;
        assert_eq!(response.status(), 200);
        response.body_mut().frame().await.unwrap().unwrap();
        drop(response);
        assert_eq!(door.fetch(&cloud, "GET", "/photo.jpg?showExif=true", &[]).await.status, 200, "{door:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_photo_of_almost_200_megabytes_streams_in_little_memory() {
    const MAX_KIB: u64 = 64 << 10;
    let cloud = cloud().await;
    // A little less than the most that Lambda streams.
    let photo = safelight_images::long_jpeg(199_000_000);
    fs::write(cloud.bucket().join("large.jpg"), &photo).unwrap();
    let expected = expected(photo, "").body();
    for door in DOORS {
        let response = open(
            http::Request::get(format!("http://{}/large.jpg", door.cloudfront(&cloud)))
                .body(safelight_local::body::empty())
                .unwrap(),
        )
        .await;
        assert_eq!(response.status(), 200, "{door:?}");
        let reply = finish(response, Vec::with_capacity(expected.len())).await;
        assert!(
            reply.whole && reply.body == expected,
            "{door:?}: {} bytes of {}",
            reply.body.len(),
            expected.len()
        );
        let peak = memory(&cloud, "VmHWM:");
        eprintln!("{door:?}: {peak} KiB peak resident memory");
        assert!(peak < MAX_KIB, "{door:?}: {peak} KiB peak resident memory");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_thousand_requests_leak_no_memory() {
    const SLACK_KIB: u64 = 4 << 10;
    let cloud = cloud().await;
    let mut warm = 0;
    for round in 0..1000 {
        let door = DOORS[round % 2];
        let name = SAMPLES[round / 2 % SAMPLES.len()];
        let (method, query, headers, status): (_, _, &[(&str, &str)], _) = match round % 7 {
            0 => ("GET", "", &[], 200),
            1 => ("GET", "showExif=true", &[], 200),
            2 => ("GET", "width=40", &[], 200),
            3 => ("GET", "", &[("range", "bytes=0-9")], 206),
            4 => ("HEAD", "", &[], 200),
            5 => ("GET", "width=0", &[], 400),
            _ => ("GET", "", &[("if-match", "\"another\"")], 412),
        };
        let target = format!("/{name}?{query}");
        let reply = door.fetch(&cloud, method, &target, headers).await;
        assert_eq!(reply.status, status, "{door:?} {method} {target}");
        if round == 300 {
            warm = memory(&cloud, "VmRSS:");
        }
    }
    let end = memory(&cloud, "VmRSS:");
    eprintln!("resident memory: {warm} KiB after 300 requests, {end} KiB after 1000");
    assert!(end < warm + SLACK_KIB, "resident memory grew from {warm} to {end} KiB");
    assert_eq!(cloud.function().starts(), 1, "the function was restarted");
}

/// Returns the function's memory in KiB, from a field of `/proc/PID/status`.
#[cfg(target_os = "linux")]
fn memory(cloud: &Cloud, field: &str) -> u64 {
    let child = cloud.function().children()[0];
    let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
