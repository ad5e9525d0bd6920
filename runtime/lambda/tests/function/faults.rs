//! Faults are reported, once and in time, and never look like a whole response.

use crate::{
    access_point::get_event,
    cloud::{Cloud, Fault, event},
    function_url::browse,
};
use std::time::{Duration, Instant};

/// Time for an invocation in which something hangs.
const SHORT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn errors_of_s3_are_forwarded() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    for (fault, expected) in [
        (Fault::Error(403, "AccessDenied"), (403, "AccessDenied", "S3 says AccessDenied")),
        (Fault::Error(404, "NoSuchKey"), (404, "NoSuchKey", "S3 says NoSuchKey")),
        (Fault::Error(404, "NoSuchVersion"), (404, "NoSuchVersion", "S3 says NoSuchVersion")),
        (Fault::Error(412, "PreconditionFailed"), (412, "PreconditionFailed", "S3 says PreconditionFailed")),
        (Fault::Error(503, "SlowDown"), (503, "SlowDown", "S3 says SlowDown")),
        (Fault::Error(400, "ExpiredToken"), (400, "ExpiredToken", "S3 says ExpiredToken")),
        (Fault::Error(502, "not a code"), (503, "ServiceUnavailable", "S3 says not a code")),
        (Fault::BareError(304), (304, "", "")),
        (Fault::BareError(403), (403, "AccessDenied", "Forbidden")),
        (Fault::BareError(500), (500, "InternalError", "Internal Server Error")),
        (Fault::BareError(418), (400, "ServiceUnavailable", "I'm a teapot")),
    ] {
        cloud.break_with(fault);
        let written = cloud.get(&event("get")).await;
        assert_eq!(written.status_and_error(), expected, "{fault:?}");
        assert!(written.whole && written.body.is_empty(), "{fault:?}");
    }
    cloud.break_with(Fault::None);
    assert_eq!(cloud.get(&event("get")).await.status_and_error().0, 200, "the function still responds");
}

#[tokio::test]
async fn a_silent_source_times_out_before_the_deadline() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    cloud.break_with(Fault::Silent);
    let start = Instant::now();
    cloud.invoke_within(&event("get"), SHORT).await;
    let written = cloud.written();
    assert_eq!(written.len(), 1);
    assert_eq!(
        (written[0].status_and_error().0, written[0].status_and_error().1),
        (503, "ServiceUnavailable")
    );
    for name in ["head", "list"] {
        let reply = cloud.invoke_within(&event(name), SHORT).await.json();
        assert_eq!(
            (reply["statusCode"].as_u64(), reply["errorCode"].as_str()),
            (Some(503), Some("ServiceUnavailable"))
        );
    }
    assert!(start.elapsed() < 3 * SHORT, "each response was in time");
}

#[tokio::test]
async fn a_source_that_breaks_off_aborts_the_response() {
    let cloud = Cloud::start().await;
    let function = cloud.run(&[("SAFELIGHT_BUCKET", "photos")]);
    // Half of it is more than a web response has before its head.
    let jpeg = safelight_images::long_jpeg(13 << 20);
    cloud.put("photo.jpg", jpeg.clone());
    // The time of the first invocation decides how long a web response may be.
    assert_eq!(cloud.invoke(&browse("GET", "/none.jpg", &[])).await.web().0["statusCode"], 404);
    for fault in [Fault::Reset, Fault::Stuck] {
        cloud.break_with(fault);
        let reply = cloud.invoke_within(&event("get"), SHORT).await;
        assert!(reply.path.ends_with("/error"), "{}", reply.path);
        let written = cloud.written();
        assert_eq!((written.len(), written[0].status_and_error().0), (1, 200), "{fault:?}");
        assert!(!written[0].whole, "{fault:?} passes for a whole response");
        assert!(1 << 20 < written[0].body.len(), "{fault:?}");

        let sent = cloud.invoke_within(&browse("GET", "/photo.jpg", &[]), SHORT).await;
        assert_eq!(sent.web().0["statusCode"], 200, "{fault:?}");
        let kind = sent.trailers.get("lambda-runtime-function-error-type");
        assert_eq!(kind.map(|kind| kind.to_str().unwrap()), Some("Runtime.StreamError"), "{fault:?}");
        assert!(sent.trailers.contains_key("lambda-runtime-function-error-body"));
        // The body is the beginning of the response and nothing else.
        let body = sent.web().1;
        assert!(1 << 20 < body.len() && jpeg.ends_with(&[0xff, 0xd9]) && !body.ends_with(&[0xff, 0xd9]));
        assert!(written[0].body.starts_with(&body[..1 << 20]));
    }
    let line = function.line_with("phases");
    assert_eq!((&line["complete"], line["level"].as_str()), (&false.into(), Some("WARN")), "{line}");
}

#[tokio::test]
async fn a_small_source_that_breaks_off_is_an_error_with_a_status() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[("SAFELIGHT_BUCKET", "photos")]);
    cloud.put("photo.jpg", safelight_images::read("restart.jpg"));
    for fault in [Fault::Reset, Fault::Stuck] {
        cloud.break_with(fault);
        cloud.invoke_within(&event("get"), SHORT).await;
        let written = cloud.written();
        assert_eq!((written.len(), written[0].status_and_error().1), (1, "ServiceUnavailable"), "{fault:?}");
        let sent = cloud.invoke_within(&browse("GET", "/photo.jpg", &[]), SHORT).await;
        let status = sent.web().0["statusCode"].as_u64().unwrap();
        assert!([502, 504].contains(&status), "{status}");
        assert!(sent.trailers.is_empty());
    }
}

#[tokio::test]
async fn a_rejected_response_is_not_repeated() {
    let cloud = Cloud::start().await;
    let function = cloud.run(&[]);
    cloud.break_with(Fault::Unwritable);
    let reply = cloud.invoke(&event("get")).await;
    assert_eq!(cloud.written().len(), 1);
    assert!(reply.path.ends_with("/error"), "{}", reply.path);
    assert!(reply.json()["errorMessage"].as_str().unwrap().contains("did not accept the response"));
    assert!(function.line_with("error")["error"].as_str().unwrap().contains("ValidationError"));
    cloud.break_with(Fault::None);
    assert_eq!(cloud.get(&get_event("/photo.jpg", &[])).await.status_and_error().0, 200);
}

#[tokio::test]
async fn an_event_of_another_service_is_an_error() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    for event in [serde_json::json!({}), serde_json::json!({ "Records": [] }), serde_json::json!(7)] {
        let reply = cloud.invoke(&event).await;
        assert!(reply.path.ends_with("/error") && reply.body.starts_with(b"{"), "{event}");
    }
    assert_eq!(cloud.get(&event("get-least")).await.status_and_error().0, 200);
}
