//! CloudFront's events, and the results that it accepts or rejects.

use safelight_edge::event::{
    Action, Encoding, Event, EventType, Origin, Request, Response, Verdict, Violation, check_request,
    check_response,
};
use serde_json::{Value, json};

use EventType::{OriginRequest, ViewerRequest};

fn event(event_type: &str, request: &Value) -> Value {
    json!({"Records": [{"cf": {
        "config": {
            "distributionDomainName": "d111111abcdef8.cloudfront.net",
            "distributionId": "EDFDVBD6EXAMPLE",
            "eventType": event_type,
            "requestId": "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="
        },
        "request": request
    }}]})
}

fn viewer() -> Value {
    json!({
        "clientIp": "203.0.113.178",
        "headers": {
            "host": [{"key": "Host", "value": "d111111abcdef8.cloudfront.net"}],
            "accept": [{"key": "accept", "value": "image/webp"}, {"key": "Accept", "value": "*/*"}],
            "authorization": [{"key": "Authorization", "value": "Bearer hush"}]
        },
        "method": "GET",
        "querystring": "",
        "uri": "/"
    })
}

/// An origin request with every field that AWS documents, and with unknown fields.
fn origin() -> Value {
    let mut request = viewer();
    request["origin"] = json!({"custom": {
        "customHeaders": {"x-own": [{"key": "X-Own", "value": "1", "new": true}]},
        "domainName": "example.org",
        "keepaliveTimeout": 5,
        "path": "/prefix",
        "port": 443,
        "protocol": "https",
        "readTimeout": 30,
        "responseCompletionTimeout": 30,
        "sslProtocols": ["TLSv1.2"],
        "new": {"a": [1, null]}
    }});
    request["body"] = json!({"inputTruncated": false, "action": "read-only", "encoding": "base64",
        "data": "aGk=", "new": 1.5});
    request["headers"]["via"] = json!([{"key": "Via", "value": "2.0 a.cloudfront.net (CloudFront)"}]);
    request["new"] = json!("unknown");
    request
}

fn request(json: Value) -> Request {
    serde_json::from_value(json).expect("the JSON of a request")
}

#[test]
fn events_survive_a_round_trip() {
    let mut bucket = viewer();
    bucket["origin"] = json!({"s3": {"authMethod": "none", "customHeaders": {}, "domainName": "b",
        "path": "", "region": "eu-central-1", "readTimeout": 30, "new": false}});
    for (event_type, request) in
        [("viewer-request", viewer()), ("origin-request", origin()), ("origin-request", bucket)]
    {
        let json = event(event_type, &request);
        let event: Event = serde_json::from_value(json.clone()).unwrap();
        let expected = if event_type == "viewer-request" { ViewerRequest } else { OriginRequest };
        assert_eq!(event.config.event_type, expected);
        assert_eq!(check_request(expected, &event.request, &event.request), Ok(()));
        let verdict = Verdict::Request(Box::new(event.request.clone()));
        assert_eq!(serde_json::to_value(verdict).unwrap(), request);
        assert_eq!(serde_json::to_value(event).unwrap(), json);
    }
}

#[test]
fn accessors_return_the_fields() {
    let request = request(origin());
    assert_eq!(request.headers.values("accept").collect::<Vec<_>>(), ["image/webp", "*/*"]);
    let body = request.body.unwrap();
    assert_eq!(body.bytes().as_deref(), Some(&b"hi"[..]));
    assert_eq!((body.action, body.encoding), (Action::ReadOnly, Encoding::Base64));
    let origin = request.origin.unwrap();
    assert_eq!((origin.domain_name(), origin.path()), ("example.org", "/prefix"));
    assert_eq!(origin.custom_headers().values("x-own").collect::<Vec<_>>(), ["1"]);
}

#[test]
fn invalid_events_are_rejected() {
    let check = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut event = event("origin-request", &origin());
        change(&mut event);
        let error = serde_json::from_value::<Event>(event).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let at = |event: &mut Value, path: &str, value: Value| {
        *event["Records"][0]["cf"]["request"].pointer_mut(path).unwrap() = value;
    };
    check(&|e| e["Records"] = json!([]), "one record, not 0");
    check(&|e| e["Records"] = json!([e["Records"][0], e["Records"][0]]), "one record, not 2");
    check(&|e| *e = json!({}), "Records");
    check(&|e| e["Records"][0]["cf"]["config"]["eventType"] = json!("origin-response"), "origin-response");
    check(&|e| at(e, "/uri", json!(1)), "string");
    check(&|e| at(e, "/headers", json!({"Accept": []})), "invalid header key `Accept`");
    check(&|e| at(e, "/headers", json!({"accept": [{"key": "Authorization", "value": ""}]})), "`accept`");
    check(&|e| at(e, "/headers", json!({"accept": [{"key": "Accept"}]})), "value");
    check(&|e| at(e, "/origin", json!({"other": {}})), "other");
    check(&|e| at(e, "/origin/custom/port", json!(65536)), "65536");
    check(&|e| at(e, "/origin/custom/protocol", json!("ftp")), "ftp");
    check(&|e| at(e, "/body/action", json!("drop")), "drop");
}

#[test]
fn valid_changes_are_accepted() {
    for event_type in [ViewerRequest, OriginRequest] {
        let before = request(if event_type == ViewerRequest { viewer() } else { origin() });
        let mut after = before.clone();
        after.uri = "/b%20c".to_owned();
        after.querystring = "a=1".to_owned();
        after.headers.retain(|name| name != "authorization");
        after.headers.set("Accept", "image/avif");
        if event_type == OriginRequest {
            after.headers.set("host", "example.org");
            let body = after.body.as_mut().unwrap();
            (body.action, body.encoding, body.data) =
                (Action::Replace, Encoding::Text, "a".repeat(1_000_000));
        }
        assert_eq!(check_request(event_type, &before, &after), Ok(()));
        assert_eq!(Verdict::Request(Box::new(after)).check(event_type, &before), Ok(()));
    }
}

#[test]
fn changes_that_cause_a_502_are_rejected() {
    let check = |event_type, change: &dyn Fn(&mut Request), expected: Violation| {
        let before = request(if event_type == ViewerRequest { viewer() } else { origin() });
        let mut after = before.clone();
        change(&mut after);
        let result = check_request(event_type, &before, &after);
        assert_eq!(result, Err(expected), "{after:?}");
        assert_eq!(Verdict::Request(Box::new(after)).check(event_type, &before), result);
    };
    let name = |name: &str| name.to_owned();
    for event_type in [ViewerRequest, OriginRequest] {
        check(event_type, &|r| r.method = name("POST"), Violation::ReadOnlyField { field: "method" });
        check(event_type, &|r| r.client_ip = name("::1"), Violation::ReadOnlyField { field: "clientIp" });
        for uri in ["", "a", "/a b", "/a?b", "/a#b", "/a\n", "/\u{85}"] {
            check(event_type, &|r| r.uri = name(uri), Violation::InvalidUri);
        }
        for query in ["a b", "a#b", "\0"] {
            check(event_type, &|r| r.querystring = name(query), Violation::InvalidQuery);
        }
        let long = Violation::UriTooLong { length: 8192, limit: 8192 };
        check(event_type, &|r| r.querystring = "a".repeat(8191), long);
        for header in [
            "connection",
            "expect",
            "upgrade",
            "x-accel-redirect",
            "x-amz-cf-id",
            "x-amz-cf-anything",
            "x-amzn-requestid",
            "x-cache",
            "x-edge-location",
            "x-forwarded-proto",
            "x-real-ip",
        ] {
            check(
                event_type,
                &|r| r.headers.set(header, "1"),
                Violation::DisallowedHeader { name: name(header) },
            );
        }
        for (header, value) in [("x a", "1"), ("ä", "1"), ("", "1"), ("x-a", "1\r\nx-b: 2"), ("x-a", "\0")] {
            check(
                event_type,
                &|r| r.headers.set(header, value),
                Violation::InvalidHeader { name: name(header) },
            );
        }
        for header in ["cdn-loop", "content-length", "transfer-encoding", "via"] {
            check(
                event_type,
                &|r| r.headers.set(header, "1"),
                Violation::ReadOnlyHeader { name: name(header) },
            );
        }
    }
    let read_only = |header: &str| Violation::ReadOnlyHeader { name: name(header) };
    check(ViewerRequest, &|r| r.headers.set("host", "a"), read_only("host"));
    check(ViewerRequest, &|r| r.headers.retain(|name| name != "host"), read_only("host"));
    let country = "cloudfront-viewer-country";
    check(ViewerRequest, &|r| r.headers.set(country, "DE"), read_only(country));
    check(OriginRequest, &|r| r.headers.retain(|name| name != "via"), read_only("via"));
    for header in ["accept-encoding", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"]
    {
        check(OriginRequest, &|r| r.headers.set(header, "1"), read_only(header));
    }

    let to = request(origin()).origin;
    check(ViewerRequest, &|r| r.origin.clone_from(&to), Violation::ReadOnlyField { field: "origin" });
    let check_origin = |change: &dyn Fn(&mut Value), expected: &str| {
        let before = request(origin());
        let mut json = origin();
        change(&mut json["origin"]["custom"]);
        let violation = check_request(OriginRequest, &before, &request(json)).unwrap_err();
        assert!(violation.to_string().contains(expected), "{violation}");
    };
    check_origin(&|o| o["domainName"] = json!(""), "`domainName`");
    check_origin(&|o| o["domainName"] = json!("a:1"), "`domainName`");
    check_origin(&|o| o["domainName"] = json!("a".repeat(254)), "253");
    check_origin(&|o| o["path"] = json!("a"), "`path`");
    check_origin(&|o| o["path"] = json!("/a/"), "`path`");
    check_origin(&|o| o["path"] = json!("/".to_owned() + &"a".repeat(255)), "255");
    check_origin(&|o| o["port"] = json!(22), "`port`");
    check_origin(&|o| o["customHeaders"]["x-amz-date"] = json!([{"value": "1"}]), "`x-amz-date`");
    check_origin(&|o| o["customHeaders"]["x-b"] = json!([]), "`x-b`");
    check(
        OriginRequest,
        &|r| r.headers.set("x-own", "1"),
        Violation::DuplicateHeader { name: name("x-own") },
    );
    let removed = Violation::InvalidOrigin { field: "origin", rule: "present" };
    check(OriginRequest, &|r| r.origin = None, removed);
    let bucket = |domain: String| {
        let origin = json!({"s3": {"domainName": domain, "path": ""}});
        Some(serde_json::from_value::<Origin>(origin).unwrap())
    };
    let rule = "a name of 1 to 128 characters without a colon";
    let long = Violation::InvalidOrigin { field: "domainName", rule };
    check(OriginRequest, &|r| r.origin = bucket("a".repeat(129)), long);
}

#[test]
fn body_changes_that_cause_a_502_or_are_ignored_are_rejected() {
    let check = |change: &dyn Fn(&mut Value), expected: Violation| {
        let before = request(origin());
        let mut json = origin();
        change(&mut json["body"]);
        assert_eq!(check_request(OriginRequest, &before, &request(json)), Err(expected));
    };
    let replace = |body: &mut Value, encoding: &str, data: &str| {
        (body["action"], body["encoding"], body["data"]) = (json!("replace"), json!(encoding), json!(data));
    };
    check(&|b| b["inputTruncated"] = json!(true), Violation::ReadOnlyField { field: "inputTruncated" });
    check(&|b| b["data"] = json!("aGo="), Violation::ChangeIgnored);
    check(&|b| b["encoding"] = json!("text"), Violation::ChangeIgnored);
    check(&|b| replace(b, "base64", "a b"), Violation::InvalidBody);
    let (part, limit) = ("the body", 1_000_000);
    check(
        &|b| replace(b, "text", &"a".repeat(limit + 1)),
        Violation::TooLarge { part, length: limit + 1, limit },
    );
    let (length, limit) = (1_330_004, 1_330_000);
    check(&|b| replace(b, "base64", &"a".repeat(length)), Violation::TooLarge { part, length, limit });

    let mut before = viewer();
    before["body"] = origin()["body"].clone();
    let mut after = before.clone();
    replace(&mut after["body"], "text", &"a".repeat(40_001));
    let large = Violation::TooLarge { part, length: 40_001, limit: 40_000 };
    assert_eq!(check_request(ViewerRequest, &request(before), &request(after)), Err(large));
}

#[test]
fn responses_are_checked() {
    let json = json!({
        "status": "401",
        "statusDescription": "Unauthorized",
        "headers": {"www-authenticate": [{"value": "Bearer"}], "cache-control": [{"value": "no-store"}]},
        "body": "aGk=",
        "bodyEncoding": "base64"
    });
    let response: Response = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(response.status, 401);
    assert_eq!(serde_json::to_value(Verdict::Response(response.clone())).unwrap(), json);
    let before = request(viewer());
    for event_type in [ViewerRequest, OriginRequest] {
        assert_eq!(Verdict::Response(response.clone()).check(event_type, &before), Ok(()));
    }
    let smallest: Response = serde_json::from_value(json!({"status": "204"})).unwrap();
    assert_eq!(serde_json::to_value(&smallest).unwrap(), json!({"status": "204", "headers": {}}));
    for status in [json!(200), json!("OK"), json!("-1"), json!("70000")] {
        assert!(serde_json::from_value::<Response>(json!({"status": status})).is_err());
    }

    let check = |event_type, change: &dyn Fn(&mut Response), expected: Option<Violation>| {
        let mut response = response.clone();
        change(&mut response);
        assert_eq!(check_response(event_type, &response).err(), expected);
    };
    for event_type in [ViewerRequest, OriginRequest] {
        for status in [0, 199, 600] {
            check(event_type, &|r| r.status = status, Some(Violation::InvalidStatus { status }));
        }
        check(event_type, &|r| r.status = 204, Some(Violation::BodyNotAllowed));
        check(event_type, &|r| r.body = Some("a b".to_owned()), Some(Violation::InvalidBody));
        let name = "via".to_owned();
        check(event_type, &|r| r.headers.set("via", "1"), Some(Violation::ReadOnlyHeader { name }));
        let name = "x-cache".to_owned();
        check(event_type, &|r| r.headers.set("x-cache", "1"), Some(Violation::DisallowedHeader { name }));
        let name = "x-a".to_owned();
        check(event_type, &|r| r.headers.set("x-a", "1\n"), Some(Violation::InvalidHeader { name }));
    }
    let name = "content-length".to_owned();
    check(ViewerRequest, &|r| r.headers.set("content-length", "1"), Some(Violation::ReadOnlyHeader { name }));

    for (event_type, limit) in [(ViewerRequest, 40_000), (OriginRequest, 1_000_000)] {
        let fits =
            limit - "Unauthorized".len() - "www-authenticate: Bearer\r\ncache-control: no-store\r\n".len();
        let with = |length: usize| {
            move |r: &mut Response| {
                (r.body, r.body_encoding) = (Some("a".repeat(length)), Some(Encoding::Text));
            }
        };
        check(event_type, &with(fits), None);
        let large = Violation::TooLarge { part: "the response", length: limit + 1, limit };
        check(event_type, &with(fits + 1), Some(large));
    }
}
