//! The only file with HTTP status codes.

use crate::source::Cause;
use http::StatusCode;
use safelight_core::Kind;
use safelight_edge::authorize::Refusal;

/// The whole response.
pub const WHOLE: StatusCode = StatusCode::OK;

/// One range of the response.
pub const PART: StatusCode = StatusCode::PARTIAL_CONTENT;

/// The client has the current version.
pub const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;

/// Returns the status of a request whose client disconnected before the response: 499, as in nginx. Only the log has
/// it.
pub(crate) fn client_disconnected() -> StatusCode {
    StatusCode::from_u16(499).expect("the number has three digits")
}

/// Returns the status for a failure of this kind.
pub fn of(kind: Kind) -> StatusCode {
    match kind {
        Kind::InvalidParam | Kind::Conflict => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Gone => StatusCode::GONE,
        Kind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Kind::SourceConflict => StatusCode::CONFLICT,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedFormat => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::Corrupt => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        // A disconnected client sees no status; the log does.
        Kind::Busy | Kind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// Returns the status and the error code of S3 for a failure of this kind. The code is S3's own where S3 has one.
///
/// S3 Object Lambda accepts only the statuses that [`object_lambda`] returns.
pub fn of_s3(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::InvalidParam => (StatusCode::BAD_REQUEST, "InvalidArgument"),
        Kind::Conflict | Kind::NotAcceptable => (StatusCode::BAD_REQUEST, "InvalidRequest"),
        Kind::SourceConflict => (StatusCode::CONFLICT, "OperationAborted"),
        Kind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
        Kind::LimitExceeded => (StatusCode::BAD_REQUEST, "EntityTooLarge"),
        Kind::UnsupportedFormat => (StatusCode::BAD_REQUEST, "UnsupportedFormat"),
        Kind::Corrupt => (StatusCode::BAD_REQUEST, "CorruptImage"),
        Kind::Unauthorized | Kind::Forbidden => (StatusCode::FORBIDDEN, "AccessDenied"),
        Kind::NotFound | Kind::Gone => (StatusCode::NOT_FOUND, "NoSuchKey"),
        Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        Kind::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        Kind::RangeNotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Kind::Upstream | Kind::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        Kind::Busy | Kind::Throttled | Kind::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
    }
}

/// Returns the kind of failure that S3 reports by `status`.
pub fn of_s3_status(status: StatusCode) -> Kind {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::Forbidden,
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::PRECONDITION_FAILED => Kind::PreconditionFailed,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Kind::Busy,
        _ => Kind::Upstream,
    }
}

/// Returns the error code of S3 for a response of S3 with `status` and no code.
pub fn s3_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => "InternalError",
        _ => of_s3(of_s3_status(status)).1,
    }
}

/// Returns the status for the caller of an access point where S3's was `status`: the same, if S3 Object Lambda
/// accepts it (`WriteGetObjectResponse`, `StatusCode`), else the nearest.
pub fn object_lambda(status: StatusCode) -> StatusCode {
    match status.as_u16() {
        200 | 206 | 304 | 400 | 401 | 403 | 404 | 405 | 409 | 411 | 412 | 416 | 500 | 503 => status,
        400..500 => StatusCode::BAD_REQUEST,
        502 | 504 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns whether a response redirects.
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301..=303 | 307 | 308)
}

/// Returns whether a server does not support the method of a request.
pub fn is_unsupported_method(status: StatusCode) -> bool {
    matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED)
}

/// Returns whether a request that got this status may succeed soon.
pub fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502..=504)
}

/// Returns the cause for which a bucket or a web server responds with `status`, without regard to its error code.
pub fn of_source(status: StatusCode) -> Cause {
    match status.as_u16() {
        300..=399 => Cause::Redirect,
        401 | 407 => Cause::Credentials,
        403 => Cause::Denied,
        404 => Cause::Missing,
        408 | 504 => Cause::Late,
        410 => Cause::Gone,
        412 => Cause::Changed,
        429 => Cause::Throttled,
        503 => Cause::Busy,
        _ => Cause::Other,
    }
}

/// Returns whether a response to a range is that range.
pub fn is_part(status: StatusCode) -> bool {
    status == PART
}

/// Returns the kind of failure that `HealthImaging` reports by `status` and the error's `code`.
///
/// Codes about our own keys are [`Kind::Upstream`]: they do not concern the caller.
pub fn of_health_imaging(status: StatusCode, code: &str) -> Kind {
    const OUR_KEYS: [&str; 6] = [
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "UnrecognizedClientException",
    ];
    match status.as_u16() {
        _ if OUR_KEYS.contains(&code) => Kind::Upstream,
        400 if code == "ThrottlingException" => Kind::Throttled,
        400 => Kind::InvalidParam,
        403 if code == "AccessDeniedException" => Kind::Forbidden,
        404 => Kind::NotFound,
        406 => Kind::NotAcceptable,
        408 | 504 => Kind::Timeout,
        409 => Kind::SourceConflict,
        429 => Kind::Throttled,
        503 => Kind::Busy,
        _ => Kind::Upstream,
    }
}

/// Returns the kind of failure for a rejected token.
pub fn of_refusal(refusal: Refusal) -> Kind {
    if refusal.status() == StatusCode::FORBIDDEN { Kind::Forbidden } else { Kind::Unauthorized }
}
