//! Signing of origin requests, including requests of malicious viewers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_edge::{
    event::{Body, EventType, Origin, Protocol, Request, check_request},
    sign::{Credentials, Service, SignError, Target, sign_origin_request},
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const ID: &str = "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ==";
const NOW: Duration = Duration::from_hours(500_000);
const SERVICES: [Service; 4] =
    [Service::S3, Service::S3_OBJECT_LAMBDA, Service::LAMBDA, Service::MEDICAL_IMAGING];

fn request(method: &str, uri: &str, query: &str) -> Request {
    let origin = json!({"custom": {"domainName": "origin.example", "path": "", "port": 443,
        "protocol": "https", "customHeaders": {}}});
    let headers = json!({
        "host": [{"key": "Host", "value": "cdn.example"}],
        "via": [{"key": "Via", "value": "2.0 abc.cloudfront.net (CloudFront)"}],
        "x-forwarded-for": [{"key": "X-Forwarded-For", "value": "203.0.113.178"}],
        "accept": [{"key": "Accept", "value": "image/*"}],
    });
    let request = json!({"clientIp": "203.0.113.178", "method": method, "uri": uri, "querystring": query,
        "headers": headers, "origin": origin});
    serde_json::from_value(request).unwrap()
}

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: "the secret".to_owned(),
        session_token: Some("the token".to_owned()),
    }
}

/// Signs `request`. Asserts that CloudFront accepts the result, or that an error leaves the request unchanged.
fn sign(request: &mut Request, service: Service) -> Result<(), SignError> {
    let before = request.clone();
    let target = Target { service, region: "eu-central-1".to_owned() };
    let result = sign_origin_request(request, ID, &target, &credentials(), SystemTime::UNIX_EPOCH + NOW);
    match result {
        Ok(()) => assert_eq!(check_request(EventType::OriginRequest, &before, request), Ok(())),
        Err(_) => assert_eq!(*request, before),
    }
    result
}

fn header(request: &Request, name: &str) -> String {
    request.headers.values(name).collect::<Vec<_>>().join(",")
}

fn body(json: Value) -> Body {
    serde_json::from_value(json).unwrap()
}

#[test]
fn the_signature_covers_required_headers_and_none_that_cloudfront_changes() {
    for service in SERVICES {
        let mut request = request("GET", "/a.jpg", "width=8");
        sign(&mut request, service).unwrap();
        let authorization = header(&request, "authorization");
        let scope = format!("Credential=ASIAEXAMPLE/20270115/eu-central-1/{}/aws4_request", service.name);
        assert!(authorization.contains(&scope), "{authorization}");
        let names = "host;x-amz-cf-id;x-amz-content-sha256;x-amz-date;x-amz-security-token";
        assert!(authorization.contains(&format!("SignedHeaders={names}, ")), "{authorization}");
        assert_eq!(header(&request, "x-amz-date"), "20270115T080000Z");
        assert_eq!(header(&request, "x-amz-security-token"), "the token");
        assert_eq!(header(&request, "host"), "origin.example");
        assert_eq!(header(&request, "accept"), "image/*");
        assert!(!request.headers.contains("x-amz-cf-id"), "only CloudFront may set it");
    }
}

#[test]
fn the_request_id_and_the_origins_path_are_signed() {
    let authorization = |id: &str, path: &str| {
        let mut request = request("GET", "/a.jpg", "");
        let Some(Origin::Custom(origin)) = &mut request.origin else { unreachable!() };
        path.clone_into(&mut origin.path);
        let target = Target { service: Service::S3, region: "eu-central-1".to_owned() };
        let time = SystemTime::UNIX_EPOCH + NOW;
        sign_origin_request(&mut request, id, &target, &credentials(), time).unwrap();
        assert_eq!(request.uri, "/a.jpg");
        header(&request, "authorization")
    };
    let signatures = [(ID, ""), ("other", ""), (ID, "/prefix")].map(|(id, path)| authorization(id, path));
    assert_ne!(signatures[0], signatures[1]);
    assert_ne!(signatures[0], signatures[2]);
    assert_eq!(signatures[0], authorization(ID, ""));
}

#[test]
fn signatures_of_viewers_are_removed() {
    let parameters = "x-amz-date=1&X-Amz-Signature=2&%58%2damz-credential=3&X-AMZ-SECURITY-TOKEN&x-amz-acl=5";
    let old = "AWSAccessKeyId=1&Signature=2&expires=3";
    for service in SERVICES {
        let mut honest = request("GET", "/a.jpg", "width=8");
        sign(&mut honest, service).unwrap();
        let mut hostile = request("GET", "/a.jpg", &format!("{parameters}&width=8"));
        for name in ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-acl", "x-amz-meta-a"] {
            hostile.headers.set(name, "of the viewer");
        }
        sign(&mut hostile, service).unwrap();
        assert_eq!(hostile, honest, "{}", service.name);

        let mut hostile = request("GET", "/a.jpg", &format!("{old}&width=8"));
        sign(&mut hostile, service).unwrap();
        assert_eq!(hostile == honest, service.accepts_unsigned, "{}", service.name);
    }
}

#[test]
fn a_stale_session_token_is_removed() {
    let mut request = request("GET", "/", "");
    request.headers.set("x-amz-security-token", "of the viewer");
    let credentials = Credentials { session_token: None, ..credentials() };
    let target = Target { service: Service::LAMBDA, region: "eu-central-1".to_owned() };
    let time = SystemTime::UNIX_EPOCH + NOW;
    sign_origin_request(&mut request, ID, &target, &credentials, time).unwrap();
    assert!(!request.headers.contains("x-amz-security-token"));
    assert!(!header(&request, "authorization").contains("token"));
}

#[test]
fn bodies_are_hashed_unless_the_service_accepts_them_unsigned_over_tls() {
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const HI: &str = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";
    let hi = json!({"inputTruncated": false, "action": "read-only", "encoding": "base64", "data": "aGk="});
    let text = json!({"inputTruncated": false, "action": "replace", "encoding": "text", "data": "hi"});
    let check = |service, protocol, data: Option<&Value>, expected: &str| {
        let mut request = request(if data.is_some() { "POST" } else { "GET" }, "/", "");
        let Some(Origin::Custom(origin)) = &mut request.origin else { unreachable!() };
        origin.protocol = protocol;
        request.body = data.map(|data| body(data.clone()));
        sign(&mut request, service).unwrap();
        assert_eq!(header(&request, "x-amz-content-sha256"), expected);
    };
    for service in [Service::S3, Service::S3_OBJECT_LAMBDA] {
        check(service, Protocol::Https, None, "UNSIGNED-PAYLOAD");
        check(service, Protocol::Https, Some(&hi), "UNSIGNED-PAYLOAD");
        check(service, Protocol::Http, None, EMPTY);
        check(service, Protocol::Http, Some(&hi), HI);
    }
    for service in [Service::LAMBDA, Service::MEDICAL_IMAGING] {
        check(service, Protocol::Https, None, EMPTY);
        check(service, Protocol::Https, Some(&hi), HI);
        check(service, Protocol::Https, Some(&text), HI);
    }
    // CloudFront may use HTTP without TLS for an S3 origin; the event does not show it.
    let mut bucket = request("GET", "/", "");
    bucket.origin = Some(serde_json::from_value(json!({"s3": {"domainName": "b", "path": ""}})).unwrap());
    sign(&mut bucket, Service::S3).unwrap();
    assert_eq!(header(&bucket, "x-amz-content-sha256"), EMPTY);
}

#[test]
fn invalid_requests_are_rejected_and_left_unchanged() {
    let check = |service, change: &dyn Fn(&mut Request), is_expected: &dyn Fn(&SignError) -> bool| {
        let mut request = request("GET", "/a.jpg", "");
        change(&mut request);
        let error = sign(&mut request, service).expect_err("the request is invalid");
        assert!(is_expected(&error), "{error:?}");
    };
    for service in SERVICES {
        let check = |change: &dyn Fn(&mut Request), is_expected: &dyn Fn(&SignError) -> bool| {
            check(service, change, is_expected);
        };
        for method in ["PUT", "DELETE", "OPTIONS", "get", "", "GET\n"] {
            check(&|r| method.clone_into(&mut r.method), &|e| matches!(e, SignError::Method { .. }));
        }
        for uri in ["", "a", "*", "?"] {
            check(&|r| uri.clone_into(&mut r.uri), &|e| matches!(e, SignError::Path));
        }
        check(&|r| r.uri = "/%ff".to_owned(), &|e| matches!(e, SignError::NotUtf8 { part: "path" }));
        check(&|r| r.querystring = "a=%C3".to_owned(), &|e| {
            matches!(e, SignError::NotUtf8 { part: "query" })
        });
        check(&|r| r.uri = "/".repeat(8192), &|e| matches!(e, SignError::TooLong { length: 8192, .. }));
        check(&|r| r.querystring = " ".repeat(3000), &|e| matches!(e, SignError::TooLong { .. }));
        check(&|r| r.origin = None, &|e| matches!(e, SignError::NoOrigin));
        for (protocol, action) in
            [(Protocol::Http, "read-only"), (Protocol::Https, "read-only"), (Protocol::Https, "replace")]
        {
            let cut = json!({"inputTruncated": true, "action": action, "encoding": "base64", "data": ""});
            check(
                &|r| {
                    let Some(Origin::Custom(origin)) = &mut r.origin else { unreachable!() };
                    origin.protocol = protocol;
                    r.body = Some(body(cut.clone()));
                },
                &|e| matches!(e, SignError::TruncatedBody),
            );
        }
        for name in ["authorization", "x-amz-date", "x-amz-meta-a", "host"] {
            check(
                &|r| {
                    let Some(Origin::Custom(origin)) = &mut r.origin else { unreachable!() };
                    origin.custom_headers.set(name, "a");
                },
                &|e| matches!(e, SignError::OriginHeader { .. }),
            );
        }
        for path in ["prefix", "/a b", "/%7e", "//a%"] {
            check(
                &|r| {
                    let Some(Origin::Custom(origin)) = &mut r.origin else { unreachable!() };
                    path.clone_into(&mut origin.path);
                },
                &|e| matches!(e, SignError::OriginPath { .. }),
            );
        }
        check(
            &|r| {
                let Some(Origin::Custom(origin)) = &mut r.origin else { unreachable!() };
                origin.domain_name = "a\r\nb".to_owned();
            },
            &|e| matches!(e, SignError::Header { name } if name == "host"),
        );
    }
    for service in [Service::LAMBDA, Service::MEDICAL_IMAGING] {
        for uri in ["/a/../b", "/a/%2e%2E/b", "/.", "/a/.", "/..", "/%2e./"] {
            check(service, &|r| uri.clone_into(&mut r.uri), &|e| matches!(e, SignError::DotSegment));
        }
        check(service, &|r| r.method = "POST".to_owned(), &|e| matches!(e, SignError::MissingBody));
        let wrong =
            json!({"inputTruncated": false, "action": "read-only", "encoding": "base64", "data": "?"});
        check(service, &|r| r.body = Some(body(wrong.clone())), &|e| matches!(e, SignError::InvalidBody));
    }
}

#[test]
fn invalid_arguments_are_rejected() {
    let sign = |id: &str, credentials: &Credentials, time: SystemTime| {
        let target = Target { service: Service::S3, region: "eu-central-1".to_owned() };
        sign_origin_request(&mut request("GET", "/", ""), id, &target, credentials, time)
    };
    let now = SystemTime::UNIX_EPOCH + NOW;
    for id in ["", "a b", "a\r\nb", "ä"] {
        assert!(matches!(sign(id, &credentials(), now), Err(SignError::RequestId)), "{id}");
    }
    for text in ["", "a\nb", "ä"] {
        let text = text.to_owned();
        for invalid in [
            Credentials { access_key_id: text.clone(), ..credentials() },
            Credentials { secret_access_key: text.clone(), ..credentials() },
            Credentials { session_token: Some(text.clone()), ..credentials() },
        ] {
            assert!(matches!(sign(ID, &invalid, now), Err(SignError::Credentials)), "{text}");
        }
    }
    let year_10000 = SystemTime::UNIX_EPOCH + Duration::from_hours(70_389_528);
    let before_1970 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    for time in [year_10000, before_1970] {
        assert!(matches!(sign(ID, &credentials(), time), Err(SignError::Time)));
    }
    sign(ID, &credentials(), year_10000 - Duration::from_secs(1)).unwrap();
    sign(ID, &credentials(), SystemTime::UNIX_EPOCH).unwrap();
}

#[test]
fn s3_keys_keep_dots_and_slashes() {
    for (uri, sent) in [("/a/../b", "/a/../b"), ("/%2e%2e//a%2Fb", "/..//a/b"), ("//", "//")] {
        let mut request = request("GET", uri, "");
        sign(&mut request, Service::S3).unwrap();
        assert_eq!(request.uri, sent);
    }
}

#[test]
fn debug_output_contains_no_secret() {
    let mut request = request("GET", "/", "token=hush");
    sign(&mut request, Service::LAMBDA).unwrap();
    let signature = header(&request, "authorization");
    let (_, signature) = signature.rsplit_once('=').unwrap();
    let texts = [format!("{request:?}"), format!("{:?}", credentials())];
    for text in texts {
        for secret in ["the secret", "the token", "hush", signature] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
