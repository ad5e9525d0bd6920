//! Image frames: `safelight serve healthimaging://…` in front of a `HealthImaging` on loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use axum::Router;
use common::{Program, Reply, fetch, get, read, safelight, send};
use http::{HeaderMap, StatusCode};
use safelight::connections::{ConnectionLimits, Connections, serve};
use safelight_local::{
    HealthImaging,
    faults::{FrameFault, SourceFault},
    sign::{FUNCTION, REGION, USER},
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpListener};

const STORE: &str = "0123456789abcdefghijklmnopqrstuv";
const SET: &str = "11111111111111111111111111111111";
/// HTJ2K, as far as delivery goes.
const HTJ2K: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const JPEG: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
/// Samples without any coding.
const RAW: &str = "cccccccccccccccccccccccccccccccc";

/// A `HealthImaging` with a few frames, and the program in front of it.
struct Stage {
    imaging: HealthImaging,
    program: Program,
    _folder: TempDir,
}

async fn stage() -> Stage {
    stage_with(REGION, &[]).await
}

async fn stage_with(region: &str, variables: &[(&str, &str)]) -> Stage {
    let keys = [("AWS_ACCESS_KEY_ID", USER.id), ("AWS_SECRET_ACCESS_KEY", USER.secret)];
    stage_of(region, &[&keys, variables].concat()).await
}

/// The same with the keys in `variables` only.
async fn stage_of(region: &str, variables: &[(&str, &str)]) -> Stage {
    let folder = TempDir::new().unwrap();
    let set = folder.path().join(STORE).join(SET);
    let instance = folder.path().join(STORE).join("studies/1.2/series/3.4/instances/5.6/frames");
    for folder in [&set, &instance] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(set.join(format!("{HTJ2K}.jph")), noise(512 << 10)).unwrap();
    fs::write(set.join(format!("{JPEG}.jpg")), safelight_images::read("photo.jpg")).unwrap();
    fs::write(set.join(format!("{RAW}.bin")), noise(100_000)).unwrap();
    fs::write(set.join("metadata.json.gz"), b"\x1f\x8blatest").unwrap();
    fs::write(set.join("metadata.2.json.gz"), b"\x1f\x8btwo").unwrap();
    fs::write(set.join("image-set.json"), b"{}").unwrap();
    fs::write(instance.join("1.bin"), noise(1000)).unwrap();

    let imaging = HealthImaging::start(folder.path(), 0).await.unwrap();
    let endpoint = format!("http://{}", imaging.address());
    let mut all = vec![("SAFELIGHT_HEALTHIMAGING_ENDPOINT", endpoint.as_str())];
    all.extend(variables);
    let program = Program::serve(&format!("healthimaging://{region}"), &all);
    Stage { imaging, program, _folder: folder }
}

/// Returns bytes that no codec recognises.
fn noise(length: usize) -> Vec<u8> {
    (0..length as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn frame(id: &str) -> String {
    format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame?imageFrameId={id}")
}

async fn post(address: SocketAddr, target: &str, body: &str) -> Reply {
    let length = body.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
    let mut stream = send(address, "POST", target, &headers).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    read(&mut stream, "POST").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_is_delivered_as_it_is_stored() {
    let stage = stage().await;
    let address = stage.program.address;
    let reply = get(address, &frame(HTJ2K)).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/jph"));
    assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!((reply.header("content-length"), reply.header("vary")), ("524288", ""));
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.body == noise(512 << 10));
    let forwarded =
        format!(r#"POST /datastore/{STORE}/imageSet/{SET}/getImageFrame {{"imageFrameId":"{HTJ2K}"}}"#);
    assert_eq!(stage.imaging.take_requests(), std::slice::from_ref(&forwarded));

    let path = format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame");
    let posted = post(address, &path, &format!(r#"{{ "imageFrameId": "{HTJ2K}" }}"#)).await;
    assert_eq!((posted.status, posted.header("etag")), (200, reply.header("etag")));
    for name in ["content-type", "content-length", "cache-control"] {
        assert_eq!(posted.header(name), reply.header(name), "{name}");
    }
    assert!(posted.body == reply.body);
    assert_eq!(stage.imaging.take_requests(), [forwarded]);

    let head = fetch(address, "HEAD", &frame(HTJ2K), &[]).await;
    assert_eq!((head.status, head.header("content-length")), (200, "524288"));
    let part = fetch(address, "GET", &frame(HTJ2K), &[("range", "bytes=70000-70009")]).await;
    assert_eq!((part.status, part.header("content-range")), (206, "bytes 70000-70009/524288"));
    assert_eq!(part.body, reply.body[70_000..70_010]);
    let etag = [("if-none-match", reply.header("etag"))];
    let known = fetch(address, "GET", &frame(HTJ2K), &etag).await;
    assert_eq!((known.status, known.header("cache-control")), (304, reply.header("cache-control")));
    let other = get(address, &frame(RAW)).await;
    assert_ne!(other.header("etag"), reply.header("etag"));
    assert_eq!((other.header("content-type"), other.body.len()), ("application/octet-stream", 100_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_frame_is_not_confirmed() {
    let stage = stage().await;
    let etag = get(stage.program.address, &frame(RAW)).await.header("etag").to_owned();
    stage.imaging.faults().fail_frame(FrameFault::error(404, "ResourceNotFoundException"));
    let reply = fetch(stage.program.address, "GET", &frame(RAW), &[("if-none-match", &etag)]).await;
    assert_eq!(reply.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn image_sets_and_dicomweb_are_forwarded() {
    let stage = stage().await;
    let address = stage.program.address;
    let set = format!("/datastore/{STORE}/imageSet/{SET}");
    for (action, body, cache, etag) in [
        ("getImageSetMetadata", &b"\x1f\x8blatest"[..], "no-cache", false),
        ("getImageSetMetadata?version=2", b"\x1f\x8btwo", "public, max-age=31536000, immutable", true),
        ("getImageSet", b"{}", "no-cache", false),
        ("getImageSet?version=7&width=3", b"{}", "no-cache", false),
    ] {
        let target = format!("{set}/{action}");
        let reply = get(address, &target).await;
        assert_eq!((reply.status, reply.body.as_slice()), (200, body), "{action}");
        assert_eq!(
            (reply.header("cache-control"), !reply.header("etag").is_empty()),
            (cache, etag),
            "{action}"
        );
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("content-encoding") == "gzip", action.contains("Metadata"));
        assert_eq!(post(address, &target, "{}").await.body, body, "{action}");
    }
    assert!(stage.imaging.take_requests().contains(&format!("POST {set}/getImageSet?version=7")));

    let dicom = format!("/datastore/{STORE}/studies/1.2/series/3.4/instances/5.6/frames/1");
    let accept = [("accept", "multipart/related; type=\"application/octet-stream\"")];
    let reply = fetch(address, "GET", &format!("{dicom}?imageSetId={SET}&x=1"), &accept).await;
    assert_eq!((reply.status, reply.header("vary"), reply.header("etag")), (200, "accept", ""));
    assert!(reply.body == noise(1000));
    assert_eq!(stage.imaging.take_requests(), [format!("GET {dicom}?imageSetId={SET}")]);
    let rejected = fetch(address, "GET", &dicom, &[("accept", "image/x-unknown")]).await;
    assert_eq!((rejected.status, &*rejected.json()["kind"].to_string()), (406, "\"not-acceptable\""));
    assert_eq!(get(address, &format!("{dicom}7")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_a_known_codec_are_images() {
    let stage = stage().await;
    let address = stage.program.address;
    let reply = get(address, &format!("{}&width=40&format=png", frame(JPEG))).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "image/png"));
    let (width, _) = png::Decoder::new(std::io::Cursor::new(&reply.body)).read_info().unwrap().info().size();
    assert_eq!(width, 40);
    assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
    let plain = get(address, &frame(JPEG)).await;
    // With its metadata: the stored bytes are delivered.
    assert!(plain.body == safelight_images::read("photo.jpg"));
    assert_ne!(plain.header("etag"), reply.header("etag"));
    assert!(get(address, &format!("{}&dpr=2", frame(JPEG))).await.body == plain.body);

    assert_eq!(get(address, &format!("{}&width=40", frame(RAW))).await.status, 415);
    let wrong = get(address, &format!("{}&width=0", frame(RAW))).await;
    assert_eq!((wrong.status, wrong.header("cache-control")), (400, "no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_requests_are_not_sent() {
    let other = "9".repeat(32);
    let stage = stage_with(REGION, &[("SAFELIGHT_HEALTHIMAGING_DATASTORES", &other)]).await;
    let address = stage.program.address;
    assert_eq!(get(address, &frame(RAW)).await.status, 404);
    assert_eq!(get(address, "/photo.jpg").await.status, 404);
    assert_eq!(get(address, &frame("unknown")).await.status, 400);
    let put = fetch(address, "PUT", &frame(RAW), &[("content-length", "0")]).await;
    assert_eq!((put.status, put.header("allow")), (405, "GET, HEAD, POST, OPTIONS"));
    let path = format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame");
    assert_eq!(post(address, &path, &" ".repeat(5000)).await.status, 413);
    assert_eq!(stage.imaging.take_requests(), [""; 0]);
    assert_eq!(get(address, "/healthz").await.text(), "ok\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_keep_their_meaning() {
    let mut stage = stage().await;
    for (status, code, expected, kind) in [
        (400, "ValidationException", 400, "invalid-param"),
        (403, "AccessDeniedException", 403, "forbidden"),
        (404, "ResourceNotFoundException", 404, "not-found"),
        (406, "NotAcceptableException", 406, "not-acceptable"),
        (409, "ConflictException", 409, "source-conflict"),
        (500, "InternalServerException", 502, "upstream"),
        // Errors about our keys, not about the viewer's rights.
        (403, "ExpiredTokenException", 502, "upstream"),
        (403, "InvalidSignatureException", 502, "upstream"),
        (403, "UnrecognizedClientException", 502, "upstream"),
        (403, "", 502, "upstream"),
        (302, "", 502, "upstream"),
    ] {
        stage.imaging.faults().fail_frame(FrameFault::error(status, code));
        let reply = get(stage.program.address, &frame(RAW)).await;
        assert_eq!((reply.status, reply.header("cache-control")), (expected, "no-store"), "{code}");
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.json()["kind"], kind, "{code}");
        assert_eq!(stage.imaging.take_requests().len(), 1, "{code} was retried");
        // The service's message is public only if it is about the request.
        let is_shown = reply.text().contains("111122223333");
        assert_eq!(is_shown, matches!(status, 400 | 406), "{code}");
        let line = stage.program.request_line();
        assert!(line["error"].as_str().unwrap().contains(&format!("{status}")), "{line}");
        assert!(!line.to_string().contains("111122223333") || is_shown, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_service_gets_a_few_retries() {
    let stage = stage().await;
    let address = stage.program.address;
    let throttled = FrameFault::error(429, "ThrottlingException");
    for _ in 0..3 {
        stage.imaging.faults().fail_frame(throttled);
    }
    let reply = get(address, &frame(RAW)).await;
    assert_eq!((reply.status, stage.imaging.take_requests().len()), (200, 4));

    for (fault, expected, attempts, wait) in [
        (throttled, 429, 4, "1"),
        (FrameFault::error(400, "ThrottlingException"), 429, 4, "1"),
        (FrameFault::error(503, "ServiceUnavailable"), 503, 4, "1"),
        (FrameFault::Error { status: 429, code: "ThrottlingException", retry_after: Some(30) }, 429, 1, "30"),
    ] {
        for _ in 0..attempts {
            stage.imaging.faults().fail_frame(fault);
        }
        let reply = get(address, &frame(RAW)).await;
        assert_eq!((reply.status, reply.header("retry-after")), (expected, wait), "{fault:?}");
        assert_eq!(
            (stage.imaging.take_requests().len(), reply.header("cache-control")),
            (attempts, "no-store")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_body_is_never_a_complete_response() {
    let stage = stage_with(REGION, &[("SAFELIGHT_SOURCE_TIMEOUT_SECS", "1")]).await;
    let address = stage.program.address;
    for fault in [
        SourceFault::Reset { after: 200_000 },
        SourceFault::Truncate { after: 200_000 },
        SourceFault::Stall { after: 200_000 },
    ] {
        stage.imaging.faults().fail_frame(FrameFault::Body(fault));
        let reply = get(address, &frame(HTJ2K)).await;
        assert!(reply.status == 200 && !reply.whole && reply.body.len() < 512 << 10, "{fault:?}");
    }
    for (fault, expected) in [
        (SourceFault::Reset { after: 1000 }, 502),
        (SourceFault::Truncate { after: 1000 }, 502),
        (SourceFault::Stall { after: 1000 }, 504),
    ] {
        stage.imaging.faults().fail_frame(FrameFault::Body(fault));
        let reply = get(address, &frame(HTJ2K)).await;
        assert_eq!((reply.status, reply.header("cache-control")), (expected, "no-store"), "{fault:?}");
    }
    let slow = SourceFault::Slow { pause: Duration::from_millis(1) };
    stage.imaging.faults().fail_frame(FrameFault::Body(slow));
    let reply = get(address, &frame(RAW)).await;
    assert!(reply.whole && reply.body == noise(100_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_for_another_region_is_a_bad_gateway() {
    let stage = stage_with("us-east-1", &[]).await;
    let reply = get(stage.program.address, &frame(RAW)).await;
    assert_eq!((reply.status, stage.imaging.take_requests().len()), (502, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_again_before_they_expire() {
    static FETCHES: AtomicUsize = AtomicUsize::new(0);
    let container = Router::new().fallback(async |headers: HeaderMap| {
        assert_eq!(headers["authorization"], "the-container");
        // The first keys expire at once, and there are no third ones.
        let (status, id) = match FETCHES.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => (StatusCode::OK, FUNCTION.id),
            _ => (StatusCode::BAD_REQUEST, ""),
        };
        let keys = json!({
            "AccessKeyId": id, "SecretAccessKey": FUNCTION.secret, "Token": FUNCTION.session_token,
            "Expiration": "2026-01-01T00:00:00Z",
        });
        (status, keys.to_string())
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/keys", listener.local_addr().unwrap());
    let connections = Connections::new(ConnectionLimits::default());
    tokio::spawn(serve(listener, move || container.clone(), connections, std::future::pending()));
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("token"), "the-container").unwrap();
    let token = folder.path().join("token");
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap()),
    ];
    let stage = stage_of(REGION, &variables).await;
    for fetches in 1..=3 {
        assert_eq!(get(stage.program.address, &frame(RAW)).await.status, 200, "{fetches}");
        assert_eq!(FETCHES.load(Ordering::SeqCst), fetches);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_service_is_502() {
    let mut stage = stage().await;
    drop(std::mem::replace(&mut stage.imaging, HealthImaging::start(".", 0).await.unwrap()));
    assert_eq!(get(stage.program.address, &frame(RAW)).await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_no_uid() {
    let mut stage = stage().await;
    let dicom = format!("/datastore/{STORE}/studies/1.2/series/3.4/instances/5.6/frames/1");
    get(stage.program.address, &dicom).await;
    let line = stage.program.request_line();
    assert_eq!(line["path"], format!("/datastore/{STORE}/studies/…/series/…/instances/…/frames/…"));
    get(stage.program.address, &frame(RAW)).await;
    assert_eq!(stage.program.request_line()["path"], frame(RAW).split('?').next().unwrap());
}

#[test]
fn invalid_settings_end_the_program_and_are_named() {
    let mut seen = BTreeSet::new();
    for (source, name, value) in [
        ("healthimaging://nowhere", "SAFELIGHT_HEALTHIMAGING_REGION", "-"),
        ("healthimaging://eu-west-1", "SAFELIGHT_HEALTHIMAGING_ENDPOINT", "http://example.org"),
        ("healthimaging://eu-west-1", "SAFELIGHT_HEALTHIMAGING_DATASTORES", "UPPER"),
        ("healthimaging://eu-west-1", "SAFELIGHT_AUTHORIZE", r#"{"mode": "token"}"#),
    ] {
        let output =
            safelight(&["serve", source, "--listen", "127.0.0.1:0"]).env(name, value).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.contains(name), "{name}: {stderr}");
        seen.insert(stderr);
    }
    assert_eq!(seen.len(), 4);
}
