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
    for name in ["Content-Length", "x-amz-checksum-crc32"] {
        assert!(headers.get(name).is_none(), "{name} is of other bytes: {head}");
    }
    cloud.invoke(&event("get")).await;
    assert_eq!(headers["ETag"], cloud.written()[0].header("x-amz-fwd-header-etag"));

    let mut conditional = event("head");
    conditional["userRequest"]["headers"]["If-None-Match"] = headers["ETag"].clone();
    assert_eq!(cloud.invoke(&conditional).await.json()["statusCode"], 304);
    conditional["userRequest"]["headers"]["If-None-Match"] = ETAG.into();
    assert_eq!(cloud.invoke(&conditional).await.json()["statusCode"], 200);
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
