//! What CloudFront lets functions do (AWS, "Restrictions on all edge functions" and "Quotas on Lambda@Edge").

use super::EventType;

/// Characters of path and query together; fewer are allowed.
pub(super) const URI_LENGTH: usize = 8192;

/// Names that functions neither see nor set. Those of [`DISALLOWED_PREFIXES`] belong to them.
const DISALLOWED: [&str; 25] = [
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

/// Whether functions neither see nor set the header `name`, in lower case.
pub fn is_disallowed(name: &str) -> bool {
    DISALLOWED.contains(&name) || DISALLOWED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Names, in lower case, that a function sees in a request and leaves alone.
pub(super) const fn read_only(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        // The last is CloudFront's to say, and a function that says it makes a 502 as well.
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

/// Names, in lower case, that a function's own response leaves to CloudFront: those that are read-only where
/// such a response goes next.
pub(super) const fn reserved(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        EventType::ViewerRequest => {
            &["content-encoding", "content-length", "transfer-encoding", "via", "warning"]
        }
        EventType::OriginRequest => &["transfer-encoding", "via"],
    }
}

/// Bytes of a function's own response, headers and body together. AWS says 40 KB and 1 MB, and not how many
/// bytes these have; the smaller reading holds with both.
pub(super) const fn response_bytes(event_type: EventType) -> usize {
    match event_type {
        EventType::ViewerRequest => 40_000,
        EventType::OriginRequest => 1_000_000,
    }
}

/// Bytes of a body in place of the viewer's, as text or in base64.
pub(super) const fn body_bytes(event_type: EventType, is_base64: bool) -> usize {
    match (event_type, is_base64) {
        (EventType::ViewerRequest, false) => 40_000,
        (EventType::ViewerRequest, true) => 53_200,
        (EventType::OriginRequest, false) => 1_000_000,
        (EventType::OriginRequest, true) => 1_330_000,
    }
}
