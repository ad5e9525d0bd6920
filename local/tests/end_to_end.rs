//! The real `bootstrap` behind every door: what it answers, and what it does when something fails.
//!
//! It is the program that `SAFELIGHT_BOOTSTRAP` names, else the one beside these tests. Where there is
//! none, each test says so and returns.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{LONG, Reply, bootstrap, expected, finish, get, open, send, signed};
use http_body_util::BodyExt;
use safelight_local::{
    Cloud, Feature,
    faults::SourceFault,
    sign::{Service, USER},
};
use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};
use tokio::time::timeout;

/// A cloud that serves every sample through `bootstrap`.
async fn cloud(bootstrap: PathBuf) -> Cloud {
    let builder =
        Cloud::builder().bootstrap(bootstrap).features(Feature::ALL).timeout(Duration::from_secs(30));
    let cloud = builder.start().await.unwrap();
    for name in SAMPLES {
        fs::copy(safelight_images::path(name), cloud.bucket().join(name)).unwrap();
    }
    cloud
}

/// One of each container that can be decoded.
const SAMPLES: [&str; 7] = [
    "photo.jpg",
    "orientation-6.jpg",
    "progressive.jpg",
    "text-chunks.png",
    "still.webp",
    "animated.gif",
    "photo.tiff",
];

/// A way to the function that no cache stands in.
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

    /// Asks without a cache in between; a test that waits too long has failed.
    async fn ask(self, cloud: &Cloud, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        let (address, service) = self.address(cloud);
        let reply = send(signed(address, method, target, headers, (&USER, service)));
        timeout(LONG, reply).await.unwrap_or_else(|_| panic!("{self:?} {target} hangs"))
    }
}

#[tokio::test]
async fn answers_are_those_of_the_transforms() {
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
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
                assert!(reply.body == expected.body(), "{door:?} {target}: other bytes");
                let again = get(door.cloudfront(&cloud), &format!("{target}&utm_source=x")).await;
                assert_eq!(again.header("x-cache"), "Hit from cloudfront", "{door:?} {target}");
                assert!(again.body == reply.body, "{door:?} {target}: the cache has other bytes");
            }
        }
    }
    assert_eq!(cloud.function().starts(), 1, "the function died");
}

#[tokio::test]
async fn parts_heads_and_conditions_are_of_the_answer() {
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
    for (door, query) in
        DOORS.into_iter().flat_map(|door| ["", "showExif=true", "width=60"].map(|query| (door, query)))
    {
        let target = format!("/photo.jpg?{query}");
        let what = format!("{door:?} {target}");
        let whole = door.ask(&cloud, "GET", &target, &[]).await;
        let length = whole.body.len();
        assert_eq!((whole.status, whole.whole), (200, true), "{what}");
        let etag = whole.header("etag");
        assert_ne!(etag, "", "{what}");

        for (range, from, to) in
            [("bytes=0-9", 0, 10), ("bytes=5-", 5, length), ("bytes=-7", length - 7, length)]
        {
            let part = door.ask(&cloud, "GET", &target, &[("range", range)]).await;
            assert_eq!((part.status, part.whole), (206, true), "{what} {range}");
            assert_eq!(
                part.header("content-range"),
                format!("bytes {from}-{}/{length}", to - 1),
                "{what} {range}"
            );
            assert!(part.body == whole.body[from..to], "{what} {range}");
        }
        let beyond = door.ask(&cloud, "GET", &target, &[("range", "bytes=99999999-")]).await;
        assert_eq!(beyond.status, 416, "{what}");

        let head = door.ask(&cloud, "HEAD", &target, &[]).await;
        assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, etag), "{what}");
        // What cannot be known without the source's bytes may be left out, but not be wrong.
        let (kind, said) = (head.header("content-type"), head.header("content-length"));
        assert!(kind.is_empty() || kind == whole.header("content-type"), "{what}: {kind}");
        assert!(said.is_empty() || said == length.to_string(), "{what}: {said} is not {length}");

        let same = door.ask(&cloud, "GET", &target, &[("if-none-match", etag)]).await;
        assert_eq!((same.status, same.body.len()), (304, 0), "{what}");
        let other = door.ask(&cloud, "GET", &target, &[("if-match", "\"another\"")]).await;
        assert_eq!(other.status, 412, "{what}");
    }
}

/// What newer SDKs sign into the source's URL has to reach S3, or S3 refuses.
#[tokio::test]
async fn signed_headers_reach_the_bucket() {
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
    for method in ["GET", "HEAD"] {
        let headers = [("x-amz-checksum-mode", "ENABLED"), ("x-amz-request-payer", "requester")];
        let reply = Door::AccessPoint.ask(&cloud, method, "/photo.jpg", &headers).await;
        assert_eq!(reply.status, 200, "{method}");
        let checksum = reply.headers.keys().find(|name| name.as_str().starts_with("x-amz-checksum"));
        assert_eq!(checksum, None, "the source's checksum is not that of the answer");
    }
}

#[tokio::test]
async fn lists_pass_through() {
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
    for target in ["/?prefix=photo", "/?list-type=2&prefix=photo&max-keys=10"] {
        let list = Door::AccessPoint.ask(&cloud, "GET", target, &[]).await;
        assert_eq!(list.status, 200, "{target}");
        assert!(list.text().contains("<Key>photo.jpg</Key>"), "{target}: {}", list.text());
    }
}

#[tokio::test]
async fn errors_keep_their_status_and_code() {
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
    fs::write(cloud.bucket().join("text.jpg"), "this is no picture").unwrap();
    fs::write(cloud.bucket().join("broken.jpg"), &safelight_images::read("photo.jpg")[..100]).unwrap();
    for (target, status) in [
        ("/none.jpg", 404),
        ("/text.jpg", 415),
        ("/broken.jpg", 422),
        ("/photo.jpg?width=0", 400),
        ("/photo.jpg?width=10&showExif=true", 400),
    ] {
        let reply = Door::FunctionUrl.ask(&cloud, "GET", target, &[]).await;
        assert_eq!(reply.status, status, "{target}");
        // Of the statuses that WriteGetObjectResponse takes, 400 is the nearest.
        let status = if status == 415 || status == 422 { 400 } else { status };
        let reply = Door::AccessPoint.ask(&cloud, "GET", target, &[]).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
        assert_ne!(reply.code(), "", "{target}");
    }
    assert_eq!(Door::AccessPoint.ask(&cloud, "GET", "/none.jpg", &[]).await.code(), "NoSuchKey");
    for (status, code) in
        [(403, "AccessDenied"), (404, "NoSuchKey"), (412, "PreconditionFailed"), (503, "SlowDown")]
    {
        cloud.faults().fail_source(SourceFault::Status(status));
        let reply = Door::AccessPoint.ask(&cloud, "GET", "/photo.jpg", &[]).await;
        assert_eq!((reply.status, reply.code()), (status, code));
    }
    cloud.faults().expire_url();
    let expired = Door::AccessPoint.ask(&cloud, "GET", "/photo.jpg", &[]).await;
    assert_eq!((expired.status, expired.code()), (403, "AccessDenied"));
}

/// What a viewer gets when something breaks.
#[derive(Debug)]
enum Outcome {
    /// This status, and from the access point this error code.
    Refused(u16, &'static str),
    /// A head, and not all of the body, which the viewer notices.
    Cut,
    /// As if nothing had happened.
    Whole,
}
use Outcome::{Cut, Refused, Whole};

/// Whatever breaks is told, or cuts the answer; the next request is served as ever.
#[tokio::test]
async fn faults_neither_hang_nor_last() {
    let Some(bootstrap) = bootstrap() else { return };
    let builder = Cloud::builder().bootstrap(bootstrap).timeout(Duration::from_secs(10));
    let cloud = builder.env("SAFELIGHT_SOURCE_TIMEOUT_SECS", "1").start().await.unwrap();
    fs::copy(safelight_images::path("photo.jpg"), cloud.bucket().join("photo.jpg")).unwrap();
    let whole = expected(safelight_images::read("photo.jpg"), "").body();
    let unavailable = Refused(503, "ServiceUnavailable");
    // A bucket that breaks off is asked for the rest; a presigned URL is read once.
    for (fault, at_access_point, at_function_url) in [
        (SourceFault::Truncate { after: 0 }, &unavailable, Whole),
        (SourceFault::Truncate { after: 100 }, &unavailable, Whole),
        (SourceFault::Truncate { after: 200_000 }, &Cut, Whole),
        (SourceFault::Reset { after: 0 }, &unavailable, Whole),
        (SourceFault::Reset { after: 200_000 }, &Cut, Whole),
        (SourceFault::Stall { after: 0 }, &unavailable, Refused(504, "")),
        (SourceFault::Stall { after: 200_000 }, &Cut, Cut),
        (SourceFault::Slow { pause: Duration::from_millis(1) }, &Whole, Whole),
        (SourceFault::Status(500), &Refused(500, "InternalError"), Whole),
        (SourceFault::Status(403), &Refused(403, "AccessDenied"), Refused(404, "")),
    ] {
        for (door, expected) in DOORS.into_iter().zip([at_access_point, &at_function_url]) {
            cloud.faults().fail_source(fault);
            let reply = door.ask(&cloud, "GET", "/photo.jpg", &[]).await;
            let is_expected = match *expected {
                Whole => reply.status == 200 && reply.whole && reply.body == whole,
                Cut => reply.status == 200 && !reply.whole && whole.starts_with(&reply.body),
                Refused(status, "") => reply.status == status,
                Refused(status, code) => reply.status == status && reply.code() == code,
            };
            assert!(is_expected, "{door:?} {fault:?}: {} and not {expected:?}", reply.status);
            let next = door.ask(&cloud, "GET", "/photo.jpg", &[]).await;
            assert!(next.status == 200 && next.body == whole, "{door:?} after {fault:?}");
        }
    }
    for door in DOORS {
        cloud.faults().kill_child();
        // It may be done before it is dead.
        let killed = door.ask(&cloud, "GET", "/photo.jpg?width=800", &[]).await;
        assert!(500 <= killed.status || killed.status == 200, "{door:?}: {}", killed.status);
        let next = door.ask(&cloud, "GET", "/photo.jpg", &[]).await;
        assert!(next.status == 200 && next.body == whole, "{door:?}");
    }
    cloud.faults().refuse_write(http::StatusCode::SERVICE_UNAVAILABLE);
    let refused = Door::AccessPoint.ask(&cloud, "GET", "/photo.jpg", &[]).await;
    assert_eq!(refused.status, 500, "{}", refused.text());
    let next = Door::AccessPoint.ask(&cloud, "GET", "/photo.jpg", &[]).await;
    assert!(next.status == 200 && next.body == whole);
}

/// A viewer who leaves must not keep the function from the next one.
#[tokio::test]
async fn a_viewer_who_leaves_is_not_waited_for() {
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
    fs::write(cloud.bucket().join("large.jpg"), safelight_images::long_jpeg(32 << 20)).unwrap();
    for door in DOORS {
        let (address, service) = door.address(&cloud);
        let mut response = open(signed(address, "GET", "/large.jpg", &[], (&USER, service))).await;
        assert_eq!(response.status(), 200);
        response.body_mut().frame().await.unwrap().unwrap();
        drop(response);
        assert_eq!(door.ask(&cloud, "GET", "/photo.jpg?showExif=true", &[]).await.status, 200, "{door:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_photo_of_200_megabytes_streams_in_little_memory() {
    const MOST_KIB: u64 = 64 << 10;
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
    let photo = safelight_images::long_jpeg(200_000_000);
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
        eprintln!("{door:?}: {peak} KiB were resident at most");
        assert!(peak < MOST_KIB, "{door:?}: {peak} KiB were resident");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_thousand_requests_leave_nothing_behind() {
    const SLACK_KIB: u64 = 4 << 10;
    let Some(bootstrap) = bootstrap() else { return };
    let cloud = cloud(bootstrap).await;
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
        let reply = door.ask(&cloud, method, &target, headers).await;
        assert_eq!(reply.status, status, "{door:?} {method} {target}");
        if round == 300 {
            warm = memory(&cloud, "VmRSS:");
        }
    }
    let end = memory(&cloud, "VmRSS:");
    eprintln!("{warm} KiB were resident after 300 requests, {end} KiB after 1000");
    assert!(end < warm + SLACK_KIB, "resident memory went from {warm} to {end} KiB");
    assert_eq!(cloud.function().starts(), 1, "the function died");
}

/// What the system says of the function's memory, in KiB.
#[cfg(target_os = "linux")]
fn memory(cloud: &Cloud, field: &str) -> u64 {
    let child = cloud.function().children()[0];
    let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
