//! CloudFront's limits for functions (AWS, "Restrictions on all edge functions" and "Quotas on Lambda@Edge").

use super::EventType;

/// Limit (exclusive) of the characters of path and query together.
pub(super) const URI_LENGTH: usize = 8192;

/// Header names that functions neither see nor set, in addition to [`DISALLOWED_PREFIXES`].
const DISALLOWED: [&str; 28] = [
    "client-cert",
    "client-cert-chain",
    "cloudfront-viewer-cert-pem",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "upgrade",
    "x-accel-buffering",
    "x-accel-charset",
    "x-accel-limit-rate",
    "x-accel-redirect",
    "x-amzn-auth",
    "x-amzn-cf-billing",
    "x-amzn-cf-id",
    "x-amzn-cf-xff",
    "x-amzn-errortype",
    "x-amzn-fle-profile",
    "x-amzn-header-count",
    "x-amzn-header-order",
    "x-amzn-lambda-integration-tag",
    "x-amzn-requestid",
    "x-cache",
    "x-forwarded-proto",
    "x-real-ip",
];

const DISALLOWED_PREFIXES: [&str; 2] = ["x-amz-cf-", "x-edge-"];

/// Returns whether the header `name`, in lower case, is hidden from functions and must not be set by them.
pub fn is_disallowed(name: &str) -> bool {
    DISALLOWED.contains(&name) || DISALLOWED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Names, in lower case, of request headers that a function sees but must not change.
pub(super) const fn read_only(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        // `cloudfront-viewer-country` is set by CloudFront. A function that sets it also causes a 502.
        EventType::ViewerRequest => {
            &["cdn-loop", "content-length", "host", "transfer-encoding", "via", "cloudfront-viewer-country"]
        }
        EventType::OriginRequest => &[
            "accept-encoding",
            "cdn-loop",
            "content-length",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "transfer-encoding",
            "via",
        ],
    }
}

/// Names, in lower case, of headers that a generated response must not contain: the headers that are
/// read-only in the event that follows.
pub(super) const fn reserved(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        EventType::ViewerRequest => {
            &["content-encoding", "content-length", "transfer-encoding", "via", "warning"]
        }
        EventType::OriginRequest => &["transfer-encoding", "via"],
    }
}

/// Limit in bytes of a generated response, headers and body together. AWS documents 40 KB and 1 MB without
/// saying whether a KB has 1,000 or 1,024 bytes; the smaller value is safe in both cases.
pub(super) const fn response_bytes(event_type: EventType) -> usize {
    match event_type {
        EventType::ViewerRequest => 40_000,
        EventType::OriginRequest => 1_000_000,
    }
}

/// Limit in bytes of a body that replaces the viewer's, as text or in base64.
pub(super) const fn body_bytes(event_type: EventType, is_base64: bool) -> usize {
    match (event_type, is_base64) {
        (EventType::ViewerRequest, false) => 40_000,
        (EventType::ViewerRequest, true) => 53_200,
        (EventType::OriginRequest, false) => 1_000_000,
        (EventType::OriginRequest, true) => 1_330_000,
    }
}
