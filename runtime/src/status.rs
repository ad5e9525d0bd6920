//! The only file with HTTP status codes.

use http::StatusCode;
use safelight_core::Kind;

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
