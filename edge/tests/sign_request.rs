//! Signing of requests that the caller sends itself.

use http::{Request, header::HOST};
use safelight_edge::sign::{Credentials, Payload, Service, SignError, Target, Unsigned, sign, sign_request};
use std::time::{Duration, SystemTime};

const NOW: Duration = Duration::from_hours(500_000);

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    }
}

fn target(service: Service) -> Target {
    Target { service, region: "us-east-1".to_owned() }
}

fn signed(
    mut request: Request<()>,
    service: Service,
    payload: Payload<'_>,
) -> Result<Request<()>, SignError> {
    let time = SystemTime::UNIX_EPOCH + NOW;
    sign_request(&mut request, &target(service), &credentials(), payload, time)?;
    Ok(request)
}

#[test]
fn host_and_amz_headers_are_signed() {
    let check = |uri: &str, host: Option<&str>, expected: &str| {
        let mut request = Request::post(uri).header("x-amz-meta-b", " 2  3 ").header("x-amz-meta-a", "1");
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        let request = request.header("accept", "*/*").body(()).unwrap();
        let request = signed(request, Service::MEDICAL_IMAGING, Payload::Bytes(b"{}")).unwrap();
        let expected = Unsigned {
            method: "POST",
            host: expected,
            path: "/a b",
            query: "",
            headers: &[("x-amz-meta-a", "1"), ("x-amz-meta-b", "2 3")],
            payload: Payload::Bytes(b"{}"),
        };
        let time = SystemTime::UNIX_EPOCH + NOW;
        let expected = sign(expected, &target(Service::MEDICAL_IMAGING), &credentials(), time).unwrap();
        for (name, value) in expected.headers {
            assert_eq!(request.headers()[name], value, "{uri}");
            assert!(request.headers()[name].is_sensitive());
        }
    };
    check("https://example.org/a%20b", None, "example.org");
    check("https://example.org:443/a%20b", None, "example.org");
    check("http://example.org:80/a%20b", None, "example.org");
    check("http://example.org:443/a%20b", None, "example.org:443");
    check("https://example.org:8443/a%20b", None, "example.org:8443");
    check("http://127.0.0.1:8080/a%20b", Some("other"), "other");
}

#[test]
fn the_uri_is_rewritten_to_its_canonical_spelling() {
    let check = |uri: &str, service, expected: &str| {
        let request = Request::get(uri).body(()).unwrap();
        assert_eq!(*signed(request, service, Payload::Bytes(b"")).unwrap().uri(), expected);
    };
    check("https://a.org/b(1)%2f?c=[d]+e", Service::S3, "https://a.org/b%281%29/?c=%5Bd%5D%20e");
    check("https://a.org/b(1)%2f?c", Service::LAMBDA, "https://a.org/b%281%29%2F?c");
    check("https://a.org?", Service::S3, "https://a.org/");
}

#[test]
fn an_existing_signature_is_replaced() {
    let request = |is_signed: bool| {
        let mut request = Request::get("https://a.org/");
        for name in ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
            if is_signed {
                request = request.header(name, "1").header(name, "2");
            }
        }
        signed(request.body(()).unwrap(), Service::S3, Payload::Unsigned).unwrap()
    };
    assert_eq!(request(true).headers(), request(false).headers());
}

#[test]
fn invalid_requests_are_rejected() {
    let relative = signed(Request::get("/a").body(()).unwrap(), Service::S3, Payload::Unsigned);
    assert!(matches!(relative, Err(SignError::NoHost)));
    let foreign = Request::get("https://a.org/").header("x-amz-meta-a", "ä").body(()).unwrap();
    let foreign = signed(foreign, Service::S3, Payload::Unsigned);
    assert!(matches!(foreign, Err(SignError::Header { name }) if name == "x-amz-meta-a"));
    for service in [Service::LAMBDA, Service::MEDICAL_IMAGING] {
        let unsigned_body =
            signed(Request::get("https://a.org/").body(()).unwrap(), service, Payload::Unsigned);
        assert!(matches!(unsigned_body, Err(SignError::UnsignedBody { .. })));
    }
}
