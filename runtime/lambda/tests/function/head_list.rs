//! `HeadObject` and lists.

use crate::cloud::{CHANGED, Cloud, ETAG, Fault, event};
use serde_json::json;

#[tokio::test]
async fn headers_are_those_of_the_response() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    let head = cloud.invoke(&event("head")).await.json();
    assert_eq!(head["statusCode"], 200, "{head}");
    let headers = &head["headers"];
    for (name, value) in [
        ("Last-Modified", CHANGED),
        ("Accept-Ranges", "bytes"),
        ("Cache-Control", "public, max-age=86400"),
        ("x-amz-meta-author", "An  Author"),
        ("x-amz-version-id", "v1"),
    ] {
        assert_eq!(headers[name], value, "{head}");
    }
    let length = safelight_images::read("photo.jpg").len();
    assert_eq!(headers["Content-Length"], length, "S3 requires a length");
    assert!(headers.get("x-amz-checksum-crc32").is_none(), "it is of other bytes: {head}");
    cloud.invoke(&event("get")).await;
    assert_eq!(headers["ETag"], cloud.written()[0].header("x-amz-fwd-header-etag"));

    let mut conditional = event("head");
    conditional["userRequest"]["headers"]["If-None-Match"] = headers["ETag"].clone();
    assert_eq!(cloud.invoke(&conditional).await.json()["statusCode"], 304);
    conditional["userRequest"]["headers"]["If-None-Match"] = ETAG.into();
    assert_eq!(cloud.invoke(&conditional).await.json()["statusCode"], 200);
}

#[tokio::test]
async fn ranges_and_parts_are_those_of_the_object() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    let length = safelight_images::read("photo.jpg").len();
    for (query, range, status, stated, content_range, parts) in [
        ("", "bytes=0-9", 206, 10, format!("bytes 0-9/{length}"), json!(null)),
        ("", "bytes=-7", 206, 7, format!("bytes {}-{}/{length}", length - 7, length - 1), json!(null)),
        ("?partNumber=1", "", 206, length, format!("bytes 0-{}/{length}", length - 1), json!(1)),
        ("", "bytes=0-1,3-4", 200, length, String::new(), json!(null)),
        ("", "lines=0-9", 200, length, String::new(), json!(null)),
    ] {
        let mut event = event("head");
        event["userRequest"]["url"] = format!("https://ol.example/photo.jpg{query}").into();
        if !range.is_empty() {
            event["userRequest"]["headers"]["Range"] = range.into();
        }
        let head = cloud.invoke(&event).await.json();
        assert_eq!(
            (&head["statusCode"], &head["headers"]["Content-Length"]),
            (&json!(status), &json!(stated))
        );
        assert_eq!(head["headers"]["Content-Range"].as_str().unwrap_or_default(), content_range, "{head}");
        assert_eq!(head["headers"]["x-amz-mp-parts-count"], parts, "{head}");
    }
    for (query, range, error) in [
        ("", "bytes=99999999-", "InvalidRange"),
        ("?partNumber=2", "", "InvalidRange"),
        ("?partNumber=0", "", "InvalidArgument"),
    ] {
        let mut event = event("head");
        event["userRequest"]["url"] = format!("https://ol.example/photo.jpg{query}").into();
        if !range.is_empty() {
            event["userRequest"]["headers"]["Range"] = range.into();
        }
        assert_eq!(cloud.invoke(&event).await.json()["errorCode"], error, "{query} {range}");
    }
}

#[tokio::test]
async fn lists_are_forwarded() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    for name in ["list", "list-v2"] {
        let list = cloud.invoke(&event(name)).await.json();
        let xml = "<ListBucketResult><Name>originals</Name></ListBucketResult>";
        assert_eq!(list, json!({ "statusCode": 200, "listResultXml": xml }));
    }
}

#[tokio::test]
async fn errors_are_forwarded() {
    let cloud = Cloud::start().await;
    let _function = cloud.run(&[]);
    for name in ["head", "list", "list-v2"] {
        for (fault, expected) in [
            (Fault::Error(403, "AccessDenied"), (403, "AccessDenied")),
            (Fault::BareError(404), (404, "NoSuchKey")),
            (Fault::Error(503, "SlowDown"), (503, "SlowDown")),
        ] {
            cloud.break_with(fault);
            let reply = cloud.invoke(&event(name)).await.json();
            assert_eq!(
                (reply["statusCode"].as_u64().unwrap(), reply["errorCode"].as_str().unwrap()),
                expected
            );
        }
    }
    assert!(cloud.written().is_empty());
}
