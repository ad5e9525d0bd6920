//! End-to-end tests of image frames: a viewer, CloudFront with a check at the edge, the real `bootstrap`
//! behind its Function URL, `HealthImaging`.
//!
//! The program is found or built as in `end_to_end.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    Reply, bootstrap, edge, fetch, request, send,
    viewer::{REFRESH_SECS, Viewer},
};
use http::Method;
use safelight_local::{
    CheckedBy, Cloud, HealthImaging, Issuer,
    body::full,
    cloudfront::{EdgeFunction, NodeEdge},
    faults::{FrameFault, SourceFault},
    sign::REGION,
};
use serde_json::json;
use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;

const STORE: &str = "0123456789abcdefghijklmnopqrstuv";
const SET: &str = "11111111111111111111111111111111";
const FRAME: &str = "22222222222222222222222222222222";
const LENGTH: usize = 512 << 10;

/// The services, with or without a check before the cache.
struct Stage {
    cloud: Cloud,
    /// Address for viewers.
    cdn: SocketAddr,
    /// Folders that the services read.
    folders: Vec<TempDir>,
}

async fn stage(check: CheckedBy) -> Stage {
    stage_of(check, &[]).await
}

/// Starts the services with more variables in the function's environment.
async fn stage_of(check: CheckedBy, environment: &[(&str, &str)]) -> Stage {
    let folder = TempDir::new().unwrap();
    write_frame(folder.path());
    let builder = Cloud::builder().bootstrap(bootstrap()).children(4).timeout(Duration::from_secs(20));
    let builder = environment.iter().fold(builder, |builder, (name, value)| builder.env(*name, *value));
    let mut cloud = builder.frames(folder.path(), check).start().await.unwrap();
    let frames = cloud.frames().unwrap();
    let mut cdn = frames.cloudfront();
    if check == CheckedBy::Edge {
        let viewer: Arc<dyn EdgeFunction> = Arc::new(Viewer::new(frames.issuer(), cloud.clock().clone()));
        let distribution = frames.distribution(&viewer, None);
        cdn = cloud.distribute(distribution).await.unwrap();
    }
    Stage { cloud, cdn, folders: vec![folder] }
}

/// Starts the services with the functions of Lambda@Edge, in Node.js, which sign for `region`. Returns `None`
/// without Node.js.
async fn real_stage(region: &str) -> Option<Stage> {
    let mut stage = stage(CheckedBy::Edge).await;
    let mut authorize = stage.issuer().settings();
    authorize["refreshSeconds"] = REFRESH_SECS.into();
    let folder = edge(&json!({
        "authorize": authorize,
        "normalize": {"passOn": ["imageFrameId", "imageSetId", "version"]},
        "sign": {"target": {"service": "lambda", "region": region}},
    }))?;
    let edge: Arc<dyn EdgeFunction> =
        Arc::new(NodeEdge::start(folder.path(), stage.cloud.clock().clone()).unwrap());
    let distribution = stage.cloud.frames().unwrap().distribution(&edge, Some(&edge));
    stage.cdn = stage.cloud.distribute(distribution).await.unwrap();
    stage.folders.push(folder);
    Some(stage)
}

fn write_frame(folder: &Path) {
    let set = folder.join(STORE).join(SET);
    let instance = folder.join(STORE).join("studies/1.2/series/3.4/instances/5.6/frames");
    for folder in [&set, &instance] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(set.join(format!("{FRAME}.jph")), bytes()).unwrap();
    fs::write(set.join("image-set.json"), "{}").unwrap();
    fs::write(instance.join("1.bin"), bytes()).unwrap();
}

fn bytes() -> Vec<u8> {
    (0..LENGTH as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn path() -> String {
    format!("/datastore/{STORE}/imageSet/{SET}/getImageFrame")
}

fn frame() -> String {
    format!("{}?imageFrameId={FRAME}", path())
}

fn dicom() -> String {
    format!("/datastore/{STORE}/studies/1.2/series/3.4/instances/5.6/frames/1")
}

impl Stage {
    fn imaging(&self) -> &HealthImaging {
        self.cloud.frames().unwrap().imaging()
    }

    fn issuer(&self) -> &Issuer {
        self.cloud.frames().unwrap().issuer()
    }

    /// Returns a viewer's response, with `token`.
    async fn view(&self, target: &str, token: &str) -> Reply {
        fetch(self.cdn, "GET", target, &[("token", token)]).await
    }

    async fn post(&self, token: &str) -> Reply {
        let mut posted = request(self.cdn, "POST", &path(), &[("token", token)]);
        *posted.body_mut() = full(json!({ "imageFrameId": FRAME }).to_string());
        send(posted).await
    }
}

fn check(reply: &Reply, x_cache: &str) {
    assert_eq!((reply.status, reply.whole), (200, true), "{}", String::from_utf8_lossy(&reply.body));
    assert!(reply.body == bytes());
    assert_eq!(reply.header("x-cache"), format!("{x_cache} from cloudfront"));
}

/// Returns invalid tokens: empty, malformed, forged, expired, for another audience, of another issuer.
async fn bad_tokens(stage: &Stage) -> [String; 7] {
    let other = Issuer::start(0).await.unwrap();
    let mut forged = stage.issuer().token();
    forged.replace_range(forged.len() - 8..forged.len() - 4, "AAAA");
    [
        String::new(),
        "x.y.z".to_owned(),
        forged,
        stage.issuer().mint(&json!({"exp": 1})),
        stage.issuer().mint(&json!({"aud": "photos"})),
        other.token(),
        other.mint(&json!({"iss": stage.issuer().url()})),
    ]
}

#[tokio::test]
async fn a_frame_is_fetched_once_for_all_authorized_viewers() {
    let stage = stage(CheckedBy::Edge).await;
    let token = stage.issuer().token();
    check(&stage.view(&frame(), &token).await, "Miss");
    check(&stage.view(&frame(), &token).await, "Hit");
    // Another viewer, and a token at another location.
    check(&stage.view(&frame(), &stage.issuer().mint(&json!({"sub": "other"}))).await, "Hit");
    check(&fetch(stage.cdn, "GET", &format!("{}&token={token}", frame()), &[]).await, "Hit");
    let bearer = [("authorization", &*format!("Bearer {token}"))];
    check(&fetch(stage.cdn, "GET", &frame(), &bearer).await, "Hit");
    assert_eq!(stage.imaging().take_requests().len(), 1);

    let posted = stage.post(&token).await;
    check(&posted, "Miss");
    assert_eq!(posted.header("content-type"), "image/jph");
    check(&stage.post(&token).await, "Miss");
    let expected = format!("POST {} {}", path(), json!({ "imageFrameId": FRAME }));
    assert_eq!(stage.imaging().take_requests(), [expected.clone(), expected]);

    check(&stage.view(&dicom(), &token).await, "Miss");
    check(&stage.view(&dicom(), &token).await, "Hit");
    assert_eq!(stage.imaging().take_requests(), [format!("GET {}", dicom())]);
}

#[tokio::test]
async fn the_real_edge_checks_every_viewer_before_the_cache() {
    let Some(stage) = real_stage(REGION).await else { return };
    let bad = bad_tokens(&stage).await;
    for word in ["Miss", "Hit"] {
        for token in &bad {
            for reply in [stage.view(&frame(), token).await, stage.post(token).await] {
                assert_eq!((reply.status, reply.header("cache-control")), (401, "no-store"), "{token}");
            }
        }
        check(&stage.view(&frame(), &stage.issuer().token()).await, word);
        let with_tracker = format!("{}&utm_source=mail&token={}", frame(), stage.issuer().token());
        check(&fetch(stage.cdn, "GET", &with_tracker, &[]).await, "Hit");
    }
    assert_eq!(stage.imaging().take_requests().len(), 1);

    let token = stage.issuer().token();
    let posted = stage.post(&token).await;
    check(&posted, "Miss");
    assert_eq!(posted.header("content-type"), "image/jph");
    check(&stage.view(&dicom(), &token).await, "Miss");
    check(&stage.view(&dicom(), &token).await, "Hit");
    let expected = format!("POST {} {}", path(), json!({ "imageFrameId": FRAME }));
    assert_eq!(stage.imaging().take_requests(), [expected, format!("GET {}", dicom())]);
    check_rotation(&stage).await;
}

#[tokio::test]
async fn a_signature_for_another_region_is_rejected_and_not_cached() {
    let Some(stage) = real_stage("eu-west-1").await else { return };
    let token = stage.issuer().token();
    for _ in 0..2 {
        for reply in [stage.view(&frame(), &token).await, stage.post(&token).await] {
            assert_eq!((reply.status, reply.header("x-cache")), (403, "Error from cloudfront"));
        }
    }
    assert_eq!(stage.imaging().take_requests(), [""; 0]);
}

#[tokio::test]
async fn an_invalid_token_reaches_neither_origin_nor_cache() {
    let stage = stage(CheckedBy::Edge).await;
    let good = stage.issuer().token();
    let bad = bad_tokens(&stage).await;
    for is_cached in [false, true] {
        for token in &bad {
            for reply in [stage.view(&frame(), token).await, stage.post(token).await] {
                assert_eq!((reply.status, reply.header("cache-control")), (401, "no-store"), "{token}");
                assert!(reply.header("www-authenticate").starts_with("Bearer"));
            }
        }
        assert_eq!(stage.imaging().take_requests(), [""; 0]);
        if !is_cached {
            check(&stage.view(&frame(), &good).await, "Miss");
            assert_eq!(stage.imaging().take_requests().len(), 1);
        }
    }
}

#[tokio::test]
async fn keys_rotate_and_a_revoked_key_is_rejected_after_the_refresh() {
    let stage = stage(CheckedBy::Edge).await;
    check(&stage.view(&frame(), &stage.issuer().token()).await, "Miss");
    check_rotation(&stage).await;
}

/// Checks the rotation of keys, with the frame in the cache.
async fn check_rotation(stage: &Stage) {
    let old = stage.issuer().token();
    stage.issuer().rotate();
    let new = stage.issuer().token();
    check(&stage.view(&frame(), &new).await, "Hit");
    check(&stage.view(&frame(), &old).await, "Hit");

    stage.issuer().revoke_old_keys();
    stage.cloud.clock().advance(Duration::from_secs(REFRESH_SECS));
    assert_eq!(stage.view(&frame(), &old).await.status, 401);
    check(&stage.view(&frame(), &new).await, "Hit");
}

#[tokio::test]
async fn sixteen_viewers_of_one_frame_cause_one_request() {
    let stage = stage(CheckedBy::Edge).await;
    let token = stage.issuer().token();
    let target = frame();
    let viewers = (0..16).map(|_| stage.view(&target, &token));
    let replies = futures_util::future::join_all(viewers).await;
    for reply in &replies {
        assert!(reply.status == 200 && reply.whole && reply.body == bytes());
    }
    let misses = replies.iter().filter(|reply| reply.header("x-cache").starts_with("Miss")).count();
    assert_eq!((misses, stage.imaging().take_requests().len()), (1, 1));
}

#[tokio::test]
async fn without_an_edge_the_function_checks_tokens_and_nothing_is_cached() {
    let stage = stage(CheckedBy::Function).await;
    let token = stage.issuer().token();
    for _ in 0..2 {
        let reply = stage.view(&frame(), &token).await;
        check(&reply, "Miss");
        assert_eq!(reply.header("cache-control"), "private, no-cache");
    }
    check(&fetch(stage.cdn, "GET", &format!("{}&token={token}", frame()), &[]).await, "Miss");
    assert_eq!(stage.imaging().take_requests().len(), 3);
    for token in ["", "x", &stage.issuer().mint(&json!({"exp": 1}))] {
        let reply = stage.view(&frame(), token).await;
        assert_eq!((reply.status, reply.header("cache-control")), (401, "no-store"));
        // A Function URL renames the header.
        let values = ["www-authenticate", "x-amzn-remapped-www-authenticate"].map(|name| reply.header(name));
        assert!(values.iter().any(|value| value.starts_with("Bearer")), "{:?}", reply.headers);
    }
    assert_eq!(stage.imaging().take_requests(), [""; 0]);
    let preflight = [
        ("origin", "https://viewer.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "token"),
    ];
    let reply = fetch(stage.cdn, Method::OPTIONS.as_str(), &frame(), &preflight).await;
    assert_eq!((reply.status, reply.header("access-control-allow-headers")), (200, "token"));
}

#[tokio::test]
async fn faults_have_a_status_and_are_not_cached() {
    let stage = stage(CheckedBy::Edge).await;
    let token = stage.issuer().token();
    let body = FrameFault::Body;
    for (index, (fault, times, status)) in [
        (FrameFault::error(429, "ThrottlingException"), 4, 429),
        (FrameFault::error(403, "AccessDeniedException"), 1, 403),
        (FrameFault::error(403, "ExpiredTokenException"), 1, 502),
        (FrameFault::error(403, "InvalidSignatureException"), 1, 502),
        (FrameFault::error(406, "NotAcceptableException"), 1, 406),
        (FrameFault::error(409, "ConflictException"), 1, 409),
        (FrameFault::error(500, "InternalServerException"), 1, 502),
        (body(SourceFault::Truncate { after: 1000 }), 1, 502),
        (body(SourceFault::Reset { after: 1000 }), 1, 502),
        // Frames are complete before their headers are sent.
        (body(SourceFault::Truncate { after: 300_000 }), 1, 502),
        (body(SourceFault::Reset { after: 300_000 }), 1, 502),
    ]
    .into_iter()
    .enumerate()
    {
        for _ in 0..times {
            stage.imaging().faults().fail_frame(fault);
        }
        // A separate cache key for each fault.
        let target = format!("{}&version={index}", frame());
        let reply = stage.view(&target, &token).await;
        assert_eq!((reply.status, reply.whole), (status, true), "{fault:?}");
        // CloudFront caches a 502 of its origin for ten seconds, in spite of its headers.
        if status == 502 {
            stage.cloud.clock().advance(Duration::from_secs(10));
        }
        let after = stage.view(&target, &token).await;
        let word = after.header("x-cache");
        assert!(after.status == 200 && after.body == bytes() && !word.starts_with("Hit"), "{fault:?} {word}");
    }
    let slow = body(SourceFault::Slow { pause: Duration::from_micros(100) });
    stage.imaging().faults().fail_frame(slow);
    check(&stage.view(&format!("{}&version=100", frame()), &token).await, "Miss");
}

/// The service rejects the function's own credentials.
#[tokio::test]
async fn rejected_credentials_of_the_function_are_a_502() {
    for wrong in [("SAFELIGHT_HEALTHIMAGING_REGION", "eu-west-1"), ("AWS_SESSION_TOKEN", "of-yesterday")] {
        let stage = stage_of(CheckedBy::Edge, &[wrong]).await;
        let token = stage.issuer().token();
        for _ in 0..2 {
            let reply = stage.view(&frame(), &token).await;
            assert_eq!((reply.status, reply.header("x-cache")), (502, "Error from cloudfront"), "{wrong:?}");
            stage.cloud.clock().advance(Duration::from_secs(10));
        }
    }
}
