//! Faults of stores: the same cause has the same response and the same line in the log, whatever the store.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Program, Upstream, fetch, get, response, safelight};

/// A kind of store, and its variables.
struct Store {
    name: &'static str,
    url: &'static str,
    variables: &'static [(&'static str, &'static str)],
}

/// In URLs and variables, `@` is the address of the store.
const STORES: [Store; 4] = [
    Store {
        name: "s3",
        url: "s3://photos",
        variables: &[
            ("AWS_ENDPOINT_URL", "http://@"),
            ("AWS_ACCESS_KEY_ID", "AKEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ],
    },
    Store { name: "google", url: "gs://photos", variables: &[("STORAGE_EMULATOR_HOST", "@")] },
    Store {
        name: "azure",
        url: "az://photos",
        variables: &[(
            "AZURE_STORAGE_CONNECTION_STRING",
            "AccountName=account;AccountKey=a2V5;BlobEndpoint=http://@/account",
        )],
    },
    Store { name: "web", url: "http://@/photos", variables: &[] },
];

/// Responses of one store to the same cause: status, code, message, and headers.
type Reply = (&'static str, &'static str, &'static str, &'static str);

/// A cause, and how each store reports it, in the order of [`STORES`].
struct Fault {
    cause: &'static str,
    /// Status for the client.
    status: u16,
    /// Part of the message for the client.
    detail: &'static str,
    /// Part of the line in the log.
    log: &'static str,
    /// Whether it ends the program at start.
    is_fatal: bool,
    replies: [Option<Reply>; 4],
}

const UNREADABLE: &str = "the source could not be read";

const FAULTS: &[Fault] = &[
    Fault {
        cause: "missing",
        status: 404,
        detail: "no image",
        log: "no such image",
        is_fatal: false,
        replies: [
            Some(("404 Not Found", "NoSuchKey", "", "")),
            Some(("404 Not Found", "NoSuchKey", "", "")),
            Some(("404 Not Found", "BlobNotFound", "", "")),
            Some(("404 Not Found", "", "", "")),
        ],
    },
    Fault {
        cause: "gone",
        status: 410,
        detail: "removed",
        log: "removed",
        is_fatal: false,
        replies: [None, None, None, Some(("410 Gone", "", "", ""))],
    },
    Fault {
        cause: "denied",
        status: 404,
        detail: "no image",
        log: "access denied",
        is_fatal: false,
        replies: [
            Some(("403 Forbidden", "AccessDenied", "Access Denied", "")),
            Some(("403 Forbidden", "AccessDenied", "Access denied.", "")),
            None,
            Some(("403 Forbidden", "", "", "")),
        ],
    },
    Fault {
        cause: "credentials",
        status: 502,
        detail: UNREADABLE,
        log: "credentials",
        is_fatal: true,
        replies: [
            Some(("403 Forbidden", "SignatureDoesNotMatch", "", "")),
            Some(("401 Unauthorized", "AuthenticationRequired", "", "")),
            Some(("403 Forbidden", "AuthenticationFailed", "", "")),
            Some(("401 Unauthorized", "", "", "www-authenticate: Basic\r\n")),
        ],
    },
    Fault {
        cause: "expired",
        status: 502,
        detail: UNREADABLE,
        log: "expired",
        is_fatal: true,
        replies: [
            Some(("400 Bad Request", "ExpiredToken", "", "")),
            Some(("401 Unauthorized", "InvalidSecurity", "", "")),
            Some(("401 Unauthorized", "InvalidAuthenticationInfo", "", "")),
            None,
        ],
    },
    Fault {
        cause: "clock",
        status: 502,
        detail: UNREADABLE,
        log: "clock",
        is_fatal: true,
        replies: [
            Some(("403 Forbidden", "RequestTimeTooSkewed", "", "")),
            Some(("403 Forbidden", "RequestTimeTooSkewed", "", "")),
            Some(("403 Forbidden", "AuthenticationFailed", "Request date header too old", "")),
            None,
        ],
    },
    Fault {
        cause: "region",
        status: 502,
        detail: UNREADABLE,
        log: "the bucket is in eu-west-3: set AWS_REGION",
        is_fatal: true,
        replies: [
            Some(("301 Moved", "PermanentRedirect", "", "x-amz-bucket-region: eu-west-3\r\n")),
            None,
            None,
            None,
        ],
    },
    Fault {
        cause: "region-of-signature",
        status: 502,
        detail: UNREADABLE,
        log: "another region",
        is_fatal: true,
        replies: [
            Some(("400 Bad Request", "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong", "")),
            None,
            None,
            None,
        ],
    },
    Fault {
        cause: "redirect",
        status: 502,
        detail: UNREADABLE,
        log: "redirect",
        is_fatal: false,
        replies: [None, None, None, Some(("302 Found", "", "", "location: http://127.0.0.1:1/\r\n"))],
    },
    Fault {
        cause: "bucket",
        status: 502,
        detail: UNREADABLE,
        log: "no such bucket",
        is_fatal: true,
        replies: [
            Some(("404 Not Found", "NoSuchBucket", "", "")),
            Some(("404 Not Found", "NoSuchBucket", "", "")),
            Some(("404 Not Found", "ContainerNotFound", "", "")),
            None,
        ],
    },
    Fault {
        cause: "rights",
        status: 502,
        detail: UNREADABLE,
        log: "lack the right",
        is_fatal: true,
        replies: [
            Some(("403 Forbidden", "AllAccessDisabled", "", "")),
            Some(("403 Forbidden", "UserProjectAccountProblem", "", "")),
            Some(("403 Forbidden", "AuthorizationPermissionMismatch", "", "")),
            None,
        ],
    },
    Fault {
        cause: "encryption",
        status: 502,
        detail: "encrypted",
        log: "right to decrypt",
        is_fatal: true,
        replies: [
            Some(("403 Forbidden", "AccessDenied", "not authorized to perform: kms:Decrypt on key", "")),
            Some(("403 Forbidden", "AccessDenied", "Permission denied on cloudkms key", "")),
            Some(("403 Forbidden", "KeyVaultEncryptionKeyNotFound", "", "")),
            None,
        ],
    },
    Fault {
        cause: "archived",
        status: 409,
        detail: "archived",
        log: "restore it",
        is_fatal: true,
        replies: [
            Some(("403 Forbidden", "InvalidObjectState", "", "")),
            None,
            Some(("409 Conflict", "BlobArchived", "", "")),
            None,
        ],
    },
    Fault {
        cause: "slow-down",
        status: 503,
        detail: "retry later",
        log: "too many requests",
        is_fatal: false,
        replies: [
            Some(("503 Slow Down", "SlowDown", "", "retry-after: 7\r\n")),
            Some(("503 Unavailable", "ServiceUnavailable", "", "retry-after: 7\r\n")),
            Some(("503 Busy", "ServerBusy", "", "retry-after: 7\r\n")),
            Some(("503 Unavailable", "", "", "retry-after: 7\r\n")),
        ],
    },
    Fault {
        cause: "throttled",
        status: 429,
        detail: "too many requests",
        log: "too many requests",
        is_fatal: false,
        replies: [
            Some(("429 Too Many", "TooManyRequests", "", "retry-after: 7\r\n")),
            Some(("429 Too Many", "RateLimitExceeded", "", "retry-after: 7\r\n")),
            Some(("429 Too Many", "", "", "retry-after: 7\r\n")),
            Some(("429 Too Many", "", "", "retry-after: 7\r\n")),
        ],
    },
    Fault {
        cause: "compressed",
        status: 502,
        detail: UNREADABLE,
        log: "Content-Encoding: gzip",
        is_fatal: false,
        replies: [None, None, None, Some(("200 OK", "", "", "content-encoding: gzip\r\n"))],
    },
];

fn at(text: &str, upstream: &Upstream) -> String {
    text.replace('@', &upstream.address.to_string())
}

fn reply((status, code, message, headers): Reply) -> Vec<u8> {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    response(status, headers, if code.is_empty() { b"" } else { body.as_bytes() })
}

/// Returns a store that responds to `/photos/{cause}.jpg` with that fault, and to other paths with `other`.
async fn faulty(index: usize, other: &'static Fault) -> Upstream {
    Upstream::start(move |line, _| {
        // Google's paths have every mark encoded.
        let path = line.split(' ').nth(1).unwrap().replace("%2e", ".").replace("%2d", "-");
        let is_named = |fault: &&Fault| path.ends_with(&format!("/{}.jpg", fault.cause));
        reply(FAULTS.iter().find(is_named).unwrap_or(other).replies[index].unwrap())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_has_one_response_for_all_stores() {
    for (index, store) in STORES.iter().enumerate() {
        let upstream = faulty(index, &FAULTS[0]).await;
        let variables: Vec<_> =
            store.variables.iter().map(|(name, value)| (*name, at(value, &upstream))).collect();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut program = Program::serve(&at(store.url, &upstream), &variables);
        assert_eq!(upstream.requests().len(), 1, "the check at start");
        for fault in FAULTS.iter().filter(|fault| fault.replies[index].is_some()) {
            let case = format!("{} {}", store.name, fault.cause);
            let target = format!("/{}.jpg", fault.cause);
            // A conditional request asks by HEAD first, which has no body with a code.
            for headers in [&[][..], &[("if-none-match", "\"1\"")]] {
                let reply = fetch(program.address, "GET", &target, headers).await;
                assert_eq!(reply.status, fault.status, "{case} {headers:?}");
                let problem = reply.json();
                assert!(problem["detail"].as_str().unwrap().contains(fault.detail), "{case}: {problem}");
                let retry_after = if matches!(fault.status, 429 | 503) { "7" } else { "" };
                assert_eq!(reply.header("retry-after"), retry_after, "{case}");
                assert_eq!(reply.header("cache-control"), "no-store", "{case}");
                let line = program.request_line();
                assert!(line["error"].as_str().unwrap().contains(fault.log), "{case}: {line}");
                let level = if 500 <= fault.status { "WARN" } else { "INFO" };
                assert_eq!(line["level"], level, "{case}: {line}");
            }
            let requests = upstream.requests();
            assert!(requests.len() <= 3, "{case} was retried: {requests:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_read_ends_the_start() {
    for (index, store) in STORES.iter().enumerate() {
        for fault in FAULTS.iter().filter(|fault| fault.replies[index].is_some()) {
            let case = format!("{} {}", store.name, fault.cause);
            let upstream = faulty(index, fault).await;
            let mut variables: Vec<_> =
                store.variables.iter().map(|(name, value)| (*name, at(value, &upstream))).collect();
            if fault.is_fatal {
                let mut command = safelight(&["serve", &at(store.url, &upstream), "--listen", "127.0.0.1:0"]);
                let output = command.envs(variables.iter().cloned()).output().unwrap();
                let text = String::from_utf8(output.stderr).unwrap();
                assert!(!output.status.success(), "{case}");
                assert!(text.contains(fault.log) && text.contains("--no-source-check"), "{case}: {text}");
                variables.push(("SAFELIGHT_NO_SOURCE_CHECK", "true".to_owned()));
            }
            let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let started = Program::serve(&at(store.url, &upstream), &variables);
            assert_eq!(get(started.address, "/healthz").await.status, 200, "{case}");
        }
    }
}

/// Without `Retry-After`, a busy store gets two more requests, and a web server one.
#[tokio::test(flavor = "multi_thread")]
async fn retries_are_few() {
    for (index, (store, expected)) in STORES.iter().zip([3, 3, 3, 2]).enumerate() {
        let upstream = Upstream::start(move |line, _| {
            let missing = FAULTS[0].replies[index].unwrap();
            reply(if line.contains("busy") { ("503 Busy", "", "", "") } else { missing })
        })
        .await;
        let variables: Vec<_> =
            store.variables.iter().map(|(name, value)| (*name, at(value, &upstream))).collect();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let program = Program::serve(&at(store.url, &upstream), &variables);
        upstream.requests();
        let reply = get(program.address, "/busy.jpg").await;
        assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{}", store.name);
        assert_eq!(upstream.requests().len(), expected, "{}", store.name);
    }
}

#[test]
fn a_source_without_credentials_or_server_ends_the_start() {
    let none = "127.0.0.1:1";
    for (url, variable, expected) in [
        ("s3://photos", ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1"), "set AWS_ACCESS_KEY_ID"),
        ("gs://photos", ("STORAGE_EMULATOR_HOST", none), "error"),
        ("http://127.0.0.1:1", ("UNUSED", ""), "error"),
        ("https://us3r:s3cret@127.0.0.1:1", ("UNUSED", ""), "user name or a password"),
        ("s3://photos", ("AWS_PROFILE", "none"), "profile \"none\": missing in"),
        ("az://photos", ("AZURE_STORAGE_CONNECTION_STRING", "s3cret"), "AccountName=…"),
    ] {
        let output = safelight(&["serve", url, "--listen", "127.0.0.1:0"])
            .envs([variable, ("HOME", "/nowhere")])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{url}");
        assert!(text.contains(expected), "{url} {variable:?}: {text}");
        assert!(!text.contains("s3cret") && !text.contains("us3r"), "{text}");
    }
}
