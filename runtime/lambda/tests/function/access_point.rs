//! `GetObject` of an Object Lambda access point.

use crate::cloud::{CHANGED, Cloud, ETAG, Function, event};
use http::HeaderName;
use serde_json::{Value, json};

async fn start() -> (Cloud, Function) {
    let cloud = Cloud::start().await;
    let function = cloud.run(&[]);
    (cloud, function)
}

/// Returns the event of a caller that requests `target` with these headers.
pub(crate) fn get_event(target: &str, headers: &[(&str, &str)]) -> Value {
    let mut event = event("get");
    event["userRequest"]["url"] = format!("https://pictures.example{target}").into();
    for (name, value) in headers {
        event["userRequest"]["headers"][name] = (*value).into();
    }
    event
}

#[tokio::test]
async fn an_object_is_delivered_without_its_metadata() {
    let (cloud, function) = start().await;
    let written = cloud.get(&event("get")).await;
    assert_eq!(written.status_and_error(), (200, "", ""));
    assert!(written.whole && written.body.starts_with(b"\xff\xd8"));
    assert!(written.body.len() < safelight_images::read("photo.jpg").len());
    for (name, expected) in [
        ("x-amz-request-route", "io-use1-001"),
        ("x-amz-request-token", "OutputToken"),
        ("x-amz-fwd-header-content-type", "image/jpeg"),
        ("x-amz-fwd-header-last-modified", CHANGED),
        ("x-amz-fwd-header-accept-ranges", "bytes"),
        ("x-amz-fwd-header-cache-control", "public, max-age=86400"),
        ("x-amz-fwd-header-content-disposition", "inline"),
        ("x-amz-fwd-header-x-amz-version-id", "v1"),
        ("x-amz-meta-author", "An%20%20Author"),
        ("x-amz-fwd-header-x-amz-checksum-crc32", ""),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-amz-security-token", "session"),
    ] {
        assert_eq!(written.header(name), expected, "{name}");
    }
    assert_ne!(written.header("x-amz-fwd-header-etag"), ETAG);
    // It is longer than the look-ahead, so its length is unknown when the response begins.
    assert_eq!((written.header("transfer-encoding"), written.header("content-length")), ("chunked", ""));
    let scope = "/eu-west-1/s3-object-lambda/aws4_request";
    assert!(written.header("authorization").contains(scope), "{}", written.header("authorization"));

    // The log has the object's key and the caller's id, and not the presigned URL.
    let line = function.line_with("phases");
    let expected = json!({
        "id": "1a5ed718-5f53-471d-b6fe-5cf62d88d02a", "path": "/photo.jpg", "query": "", "status": 200,
        "read": safelight_images::read("photo.jpg").len(), "sent": written.body.len(), "complete": true,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&line[name], value, "{name} in {line}");
    }
    let metrics = function.line_with("_aws");
    assert_eq!(
        (&metrics["FunctionName"], &metrics["Requests"]),
        (&json!("pictures"), &json!(1)),
        "{metrics}"
    );
    assert!(0.0 < metrics["BytesSaved"].as_f64().unwrap());
}

#[tokio::test]
async fn the_query_of_the_caller_chooses_the_transform() {
    let (cloud, _function) = start().await;
    let written = cloud.get(&event("get-cloudfront")).await;
    assert_eq!(written.header("x-amz-fwd-header-content-type"), "application/json");
    assert!(written.json()["Image"].is_object(), "{}", written.json());
    let written = cloud.get(&get_event("/photo.jpg?width=40&format=png&utm_source=x", &[])).await;
    assert_eq!(written.header("x-amz-fwd-header-content-type"), "image/png");
    assert_eq!(written.header("content-length"), written.body.len().to_string());
    let written = cloud.get(&event("get-later-version")).await;
    assert_eq!(written.status_and_error().0, 200);
}

/// The S3 of the test responds 403 if a signed header is missing.
#[tokio::test]
async fn only_signed_headers_are_forwarded() {
    let (cloud, _function) = start().await;
    let headers =
        [("Authorization", "Bearer x"), ("Cookie", "a=b"), ("Range", "bytes=0-9"), ("If-Match", "*")];
    assert_eq!(cloud.get(&get_event("/photo.jpg?showExif=true", &headers)).await.status_and_error().0, 206);
    let requests = cloud.requests();
    let names: Vec<_> =
        requests.iter().flat_map(|(.., headers)| headers.keys()).map(HeaderName::as_str).collect();
    assert!(names.contains(&"x-amz-checksum-mode"), "{names:?}");
    for name in ["authorization", "cookie", "range", "if-match", "user-agent"] {
        assert!(!names.contains(&name), "{name} in {names:?}");
    }

    let mut unsigned = get_event("/photo.jpg", &[]);
    unsigned["userRequest"]["headers"].as_object_mut().unwrap().remove("x-amz-checksum-mode");
    let written = cloud.get(&unsigned).await;
    assert_eq!(written.status_and_error(), (403, "SignatureDoesNotMatch", "S3 says SignatureDoesNotMatch"));
}

#[tokio::test]
async fn ranges_and_parts_apply_to_the_response() {
    let (cloud, _function) = start().await;
    let whole = cloud.get(&get_event("/photo.jpg", &[])).await.body;
    let length = whole.len();
    for (target, range, expected) in [
        ("/photo.jpg", "bytes=0-9", 0..10),
        ("/photo.jpg", "bytes=-7", length - 7..length),
        ("/photo.jpg?Range=bytes=5-", "", 5..length),
        ("/photo.jpg?partNumber=1", "", 0..length),
    ] {
        let headers = [("Range", range)].into_iter().filter(|_| !range.is_empty()).collect::<Vec<_>>();
        let written = cloud.get(&get_event(target, &headers)).await;
        assert_eq!(written.status_and_error(), (206, "", ""), "{target} {range}");
        let stated = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
        assert_eq!(written.header("x-amz-fwd-header-content-range"), stated);
        assert_eq!(written.body, whole[expected], "{target} {range}");
        let parts = if target.contains("partNumber") { "1" } else { "" };
        assert_eq!(written.header("x-amz-fwd-header-x-amz-mp-parts-count"), parts);
    }
    for (target, range, expected) in [
        ("/photo.jpg", "bytes=9999999-", (416, "InvalidRange")),
        ("/photo.jpg?partNumber=2", "bytes=a", (400, "InvalidRequest")),
        ("/photo.jpg?partNumber=0", "", (400, "InvalidArgument")),
        ("/photo.jpg?partNumber=2", "", (416, "InvalidPartNumber")),
    ] {
        let headers = [("Range", range)].into_iter().filter(|_| !range.is_empty()).collect::<Vec<_>>();
        let written = cloud.get(&get_event(target, &headers)).await;
        let (status, code, message) = written.status_and_error();
        assert_eq!((status, code), expected, "{target} {range}: {message}");
        assert_eq!((written.header("content-length"), written.body.len()), ("0", 0));
    }
}

#[tokio::test]
async fn conditions_apply_to_the_response() {
    let (cloud, _function) = start().await;
    let etag = cloud.get(&get_event("/photo.jpg", &[])).await.header("x-amz-fwd-header-etag").to_owned();
    let early = "Sun, 06 Nov 1994 08:49:36 GMT";
    for (name, value, expected) in [
        ("If-None-Match", etag.as_str(), 304),
        ("if-none-match", "*", 304),
        ("If-None-Match", ETAG, 200),
        ("If-Match", &etag, 200),
        ("If-Match", ETAG, 412),
        ("If-Modified-Since", CHANGED, 304),
        ("If-Modified-Since", early, 200),
        ("If-Unmodified-Since", CHANGED, 200),
        ("If-Unmodified-Since", early, 412),
    ] {
        cloud.requests();
        let written = cloud.get(&get_event("/photo.jpg", &[(name, value)])).await;
        let (status, code, _) = written.status_and_error();
        assert_eq!((status, cloud.requests().len()), (expected, 1), "{name}: {value}");
        assert_eq!(code, if expected == 412 { "PreconditionFailed" } else { "" });
        assert_eq!(written.body.is_empty(), expected != 200, "{name}: {value}");
        if expected == 304 {
            assert_eq!(written.header("x-amz-fwd-header-etag"), etag, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn errors_have_the_form_of_s3() {
    let (cloud, function) = start().await;
    cloud.put("text.jpg", "no image");
    cloud.put("cut.png", safelight_images::read("text-chunks.png")[..60].to_vec());
    for (key, query, expected) in [
        ("none.jpg", "", (404, "NoSuchKey", "S3 says NoSuchKey")),
        ("photo.jpg", "?width=0", (400, "InvalidArgument", "width")),
        ("photo.jpg", "?showExif=true&width=9", (400, "InvalidRequest", "cannot be combined")),
        ("text.jpg", "", (400, "UnsupportedFormat", "")),
        ("cut.png", "", (400, "CorruptImage", "")),
    ] {
        let mut event = get_event(&format!("/{key}{query}"), &[]);
        let url = event["getObjectContext"]["inputS3Url"].as_str().unwrap().replace("photo.jpg", key);
        event["getObjectContext"]["inputS3Url"] = url.into();
        let written = cloud.get(&event).await;
        let (status, code, message) = written.status_and_error();
        assert_eq!((status, code), (expected.0, expected.1), "{key}{query}: {message}");
        assert!(message.contains(expected.2), "{message}");
        assert_eq!((written.body.len(), written.header("x-amz-fwd-header-etag")), (0, ""));
    }
    let metrics =
        std::iter::repeat_with(|| function.line_with("_aws")).find(|line| line["Errors"] == 1).unwrap();
    assert_eq!(metrics["Kind"], "not-found", "{metrics}");
}

#[tokio::test]
async fn an_access_point_has_its_own_settings() {
    let (cloud, function) = start().await;
    let mut event = get_event("/photo.jpg?showExif=true", &[]);
    let shown = cloud.get(&event).await.json();
    assert!(shown.get("GPSInfo").is_none() && shown["withheld"].is_array(), "{shown}");
    event["configuration"]["payload"] = r#"{"SAFELIGHT_EXIF": "all"}"#.into();
    let all = cloud.get(&event).await.json();
    assert!(all.get("GPSInfo").is_some() && all.get("withheld").is_none(), "{all}");
    event["configuration"]["payload"] = r#"{"SAFELIGHT_REDACT": "true"}"#.into();
    assert_eq!(cloud.get(&event).await.json(), shown);
    event["configuration"]["payload"] = r#"{"SAFELIGHT_REDAKT": true}"#.into();
    assert_eq!(cloud.get(&event).await.status_and_error().1, "InternalError");
    let line = std::iter::repeat_with(|| function.line_with("error")).next().unwrap();
    assert!(line["error"].as_str().unwrap().contains("SAFELIGHT_REDAKT"), "{line}");
}
