//! Function URLs and API Gateway.

use crate::cloud::{CHANGED, Cloud, Function, Sent, event};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

async fn start() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    cloud.put("2026/photo.jpg", safelight_images::read("photo.jpg"));
    let function = cloud.run(&[("SAFELIGHT_BUCKET", "photos"), ("SAFELIGHT_PREFIX", "2026/")]);
    (cloud, function)
}

/// Returns the event of a browser that requests `target` with these headers.
pub(crate) fn browse(method: &str, target: &str, headers: &[(&str, &str)]) -> Value {
    let mut event = event("function-url");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    event["rawPath"] = path.into();
    event["rawQueryString"] = query.into();
    event["requestContext"]["http"]["method"] = method.into();
    for (name, value) in headers {
        event["headers"][name] = (*value).into();
    }
    event
}

fn check(sent: &Sent, expected: u16) -> (Value, &[u8]) {
    assert_eq!(sent.header("lambda-runtime-function-response-mode"), "streaming");
    assert_eq!(sent.header("lambda-runtime-invocation-id"), "invocation");
    assert_eq!(sent.header("transfer-encoding"), "chunked");
    assert_eq!(sent.header("content-type"), "application/vnd.awslambda.http-integration-response");
    assert!(sent.path.ends_with("/response") && sent.whole && sent.trailers.is_empty(), "{sent:?}");
    let (head, body) = sent.web();
    assert_eq!(head["statusCode"], expected, "{head}");
    assert!(head["cookies"].is_array());
    assert!(head["headers"].get("content-length").is_none());
    (head, body)
}

#[tokio::test]
async fn images_of_the_bucket_are_streamed() {
    let (cloud, function) = start().await;
    let sent = cloud.invoke(&browse("GET", "/photo.jpg", &[])).await;
    let (head, body) = check(&sent, 200);
    assert!(body.starts_with(b"\xff\xd8") && body.len() < safelight_images::read("photo.jpg").len());
    assert_eq!(
        (&head["headers"]["content-type"], &head["headers"]["last-modified"]),
        (&"image/jpeg".into(), &CHANGED.into())
    );
    assert_eq!(head["headers"]["x-request-id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    let (method, target, headers) = &cloud.requests()[0];
    assert_eq!((method.as_str(), target.as_str()), ("GET", "/photos/2026/photo.jpg"));
    assert!(headers["authorization"].to_str().unwrap().contains("AKEXAMPLE"));
    assert_eq!(function.line_with("phases")["path"], "/photo.jpg");
    assert!(function.line_with("_aws")["BytesOut"].as_f64().unwrap() > 0.0);

    for (name, target) in [
        ("function-url", "application/json"),
        ("rest-api", "application/json"),
        ("function-url-least", "image/jpeg"),
    ] {
        let sent = cloud.invoke(&event(name)).await;
        assert_eq!(check(&sent, 200).0["headers"]["content-type"], target, "{name}");
    }
    assert!(cloud.written().is_empty());
}

/// The encoder runs in a child process, which has no environment.
#[tokio::test]
async fn avif_is_encoded() {
    let (cloud, _function) = start().await;
    let sent = cloud.invoke(&browse("GET", "/photo.jpg?width=64&format=avif", &[])).await;
    let (head, body) = check(&sent, 200);
    assert_eq!(head["headers"]["content-type"], "image/avif");
    assert_eq!(&body[4..12], b"ftypavif");
}

#[tokio::test]
async fn responses_are_those_of_the_web_door() {
    let (cloud, _function) = start().await;
    let etag = {
        let sent = cloud.invoke(&browse("HEAD", "/photo.jpg", &[])).await;
        let (head, body) = check(&sent, 200);
        assert!(body.is_empty());
        head["headers"]["etag"].as_str().unwrap().to_owned()
    };
    for (method, target, header, expected) in [
        ("GET", "/photo.jpg", ("if-none-match", etag.as_str()), 304),
        ("GET", "/photo.jpg", ("range", "bytes=0-9"), 206),
        ("GET", "/photo.jpg", ("range", "bytes=9999999-"), 416),
        ("GET", "/none.jpg", ("x-a", ""), 404),
        ("GET", "/../photo.jpg", ("x-a", ""), 404),
        ("GET", "/photo.jpg?width=0", ("x-a", ""), 400),
        ("POST", "/photo.jpg", ("x-a", ""), 405),
        ("OPTIONS", "/photo.jpg", ("origin", "https://a.example"), 200),
        ("GET", "/healthz", ("x-a", ""), 200),
        ("GET", "no path", ("x-a", ""), 400),
        ("GET", "/no photo.jpg", ("x-a", ""), 404),
        ("GET", "/photo.jpg?width=1 0", ("x-a", ""), 400),
        ("GET", &format!("/{}", "a".repeat(70_000)), ("x-a", ""), 400),
        ("NO METHOD", "/photo.jpg", ("x-a", ""), 405),
    ] {
        let sent = cloud.invoke(&browse(method, target, &[header])).await;
        let (_, body) = check(&sent, expected);
        assert_eq!(body.len() == 10, expected == 206, "{method} {target}");
    }
}

#[tokio::test]
async fn a_missing_bucket_is_an_error() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    let sent = cloud.invoke(&browse("GET", "/photo.jpg", &[])).await;
    let (_, body) = check(&sent, 500);
    assert!(std::str::from_utf8(body).unwrap().contains("SAFELIGHT_BUCKET"));
}

/// Services that take no stream get the response at once, in the form that each documents.
#[tokio::test]
async fn responses_without_a_stream() {
    let (cloud, _function) = start().await;
    let streamed = cloud.invoke(&browse("GET", "/photo.jpg?showExif=true", &[])).await;
    let expected = streamed.web().1.to_vec();
    for (name, headers, other) in [
        ("api-gateway", "headers", "multiValueHeaders"),
        ("load-balancer", "headers", "multiValueHeaders"),
        ("load-balancer-multi-value", "multiValueHeaders", "headers"),
    ] {
        let sent = cloud.invoke(&event(name)).await;
        assert_eq!(sent.header("lambda-runtime-function-response-mode"), "", "{name}");
        let reply = sent.json();
        assert_eq!((&reply["statusCode"], &reply["isBase64Encoded"]), (&200.into(), &true.into()), "{name}");
        assert_eq!(BASE64_STANDARD.decode(reply["body"].as_str().unwrap()).unwrap(), expected, "{name}");
        let value = &reply[headers]["content-type"];
        assert_eq!(value.as_str().or_else(|| value[0].as_str()), Some("application/json"), "{name}");
        assert!(reply.get(other).is_none(), "{name}");
        let is_load_balancer = name.starts_with("load-balancer");
        let description = reply.get("statusDescription").and_then(Value::as_str);
        assert_eq!(description, is_load_balancer.then_some("200 OK"), "{name}");
    }

    // The limit of a load balancer is below that of an API.
    cloud.put("2026/long.jpg", safelight_images::long_jpeg(2 << 20));
    cloud.put("2026/longer.jpg", safelight_images::long_jpeg(5 << 20));
    for (name, path, expected) in [
        ("load-balancer", "/long.jpg", 413),
        ("api-gateway", "/live/long.jpg", 200),
        ("api-gateway", "/live/longer.jpg", 413),
    ] {
        let mut event = event(name);
        for key in ["path", "rawPath"] {
            event[key] = path.into();
        }
        event["rawQueryString"] = "".into();
        event["queryStringParameters"] = Value::Null;
        let reply = cloud.invoke(&event).await.json();
        assert_eq!(reply["statusCode"], expected, "{name} {path}");
    }
}

#[tokio::test]
async fn a_rest_api_may_take_responses_at_once() {
    let cloud = Cloud::start().await;
    cloud.put("2026/photo.jpg", safelight_images::read("photo.jpg"));
    let settings = [
        ("SAFELIGHT_BUCKET", "photos"),
        ("SAFELIGHT_PREFIX", "2026/"),
        ("SAFELIGHT_BUFFER_RESPONSES", "true"),
    ];
    let _function = cloud.run(&settings);
    let reply = cloud.invoke(&event("rest-api")).await.json();
    assert_eq!(reply["statusCode"], 200);
    assert_eq!(reply["multiValueHeaders"]["content-type"], serde_json::json!(["application/json"]));
}
