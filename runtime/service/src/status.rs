//! The only file with HTTP status codes.

use http::StatusCode;
use safelight_core::Kind;
use safelight_edge::authorize::Refusal;

/// The whole answer follows.
pub const WHOLE: StatusCode = StatusCode::OK;

/// One range of the answer follows.
pub const PART: StatusCode = StatusCode::PARTIAL_CONTENT;

/// What the client holds is still good.
pub const UNCHANGED: StatusCode = StatusCode::NOT_MODIFIED;

/// The status that tells a client of a failure of this kind.
pub fn of(kind: Kind) -> StatusCode {
    match kind {
        Kind::InvalidParam | Kind::Conflict => StatusCode::BAD_REQUEST,
        Kind::Unauthorized => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Kind::SourceConflict => StatusCode::CONFLICT,
        Kind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Kind::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedFormat => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::Corrupt => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        // Who is gone sees no status; the log does.
        Kind::Busy | Kind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The status and error code that tell a caller of S3 of a failure of this kind: S3's own where it has one.
///
/// S3 Object Lambda passes on no others than those of `passed`.
pub fn of_s3(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::InvalidParam => (StatusCode::BAD_REQUEST, "InvalidArgument"),
        Kind::Conflict | Kind::NotAcceptable => (StatusCode::BAD_REQUEST, "InvalidRequest"),
        Kind::SourceConflict => (StatusCode::CONFLICT, "OperationAborted"),
        Kind::LimitExceeded => (StatusCode::BAD_REQUEST, "EntityTooLarge"),
        Kind::UnsupportedFormat => (StatusCode::BAD_REQUEST, "UnsupportedFormat"),
        Kind::Corrupt => (StatusCode::BAD_REQUEST, "CorruptImage"),
        Kind::Unauthorized | Kind::Forbidden => (StatusCode::FORBIDDEN, "AccessDenied"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "NoSuchKey"),
        Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
        Kind::PreconditionFailed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        Kind::RangeNotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Kind::Upstream | Kind::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        Kind::Busy | Kind::Throttled | Kind::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
    }
}

/// What kind of failure S3 means by `status`.
pub fn kind_of(status: StatusCode) -> Kind {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::Forbidden,
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::PRECONDITION_FAILED => Kind::PreconditionFailed,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Kind::Busy,
        _ => Kind::Upstream,
    }
}

/// The status of a caller's answer where S3's was `status`: the same, if S3 Object Lambda passes it on
/// (`WriteGetObjectResponse`, `StatusCode`), else the nearest.
pub fn passed(status: StatusCode) -> StatusCode {
    match status.as_u16() {
        200 | 206 | 304 | 400 | 401 | 403 | 404 | 405 | 409 | 411 | 412 | 416 | 500 | 503 => status,
        400..500 => StatusCode::BAD_REQUEST,
        502 | 504 => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether a range was answered with that range.
pub fn is_part(status: StatusCode) -> bool {
    status == PART
}

/// What kind of failure `HealthImaging` means by `status` and an error's `code`.
///
/// That our own keys are not good is no refusal of the caller: the service could not be asked.
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

/// What kind of failure a token is that was refused.
pub fn of_refusal(refusal: Refusal) -> Kind {
    if refusal.status() == StatusCode::FORBIDDEN { Kind::Forbidden } else { Kind::Unauthorized }
}
