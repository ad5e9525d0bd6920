//! Checks that CloudFront accepts what a function returns. CloudFront turns an invalid result into a 502 for
//! the viewer, so tests and the handlers run these checks before a result is returned.

use super::{Action, Body, Encoding, EventType, Header, Origin, Request, Response, limits};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};
use std::collections::BTreeSet;

/// The reason why CloudFront rejects what a function returns.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A field that only CloudFront may change was changed.
    #[error("`{field}` is read-only and was changed")]
    ReadOnlyField {
        /// Name of the field in JSON.
        field: &'static str,
    },
    /// A header that only CloudFront may change was changed.
    #[error("the header `{name}` is read-only for this event type and was changed")]
    ReadOnlyHeader {
        /// Name of the header.
        name: String,
    },
    /// A header that functions may never set was set.
    #[error("functions must not set the header `{name}`")]
    DisallowedHeader {
        /// Name of the header.
        name: String,
    },
    /// A header has an invalid name, an invalid value or no value.
    #[error("invalid header `{name}`: expected a name and at least one value as in RFC 9110 section 5")]
    InvalidHeader {
        /// Name of the header.
        name: String,
    },
    /// A header is in the request and in the origin's custom headers.
    #[error("duplicate header `{name}`: it is in the request and in the origin's custom headers")]
    DuplicateHeader {
        /// Name of the header.
        name: String,
    },
    /// The path is invalid.
    #[error("invalid `uri`: it must begin with a slash and contain no space, control character, `?` or `#`")]
    InvalidUri,
    /// The query is invalid.
    #[error("invalid `querystring`: it must contain no space, control character or `#`")]
    InvalidQuery,
    /// Path and query are too long.
    #[error("`uri` and `querystring` together have {length} characters: expected fewer than {limit}")]
    UriTooLong {
        /// Their length in characters.
        length: usize,
        /// The limit (exclusive).
        limit: usize,
    },
    /// The origin is invalid.
    #[error("`{field}` of the origin must be {rule}")]
    InvalidOrigin {
        /// Name of the field in JSON.
        field: &'static str,
        /// The expected value.
        rule: &'static str,
    },
    /// A read-only body was changed. CloudFront would send the viewer's body.
    #[error("`body` was changed but its `action` is not `replace`")]
    ChangeIgnored,
    /// A body is not valid base64.
    #[error("invalid body: `encoding` is `base64` but the data is not")]
    InvalidBody,
    /// A response or a body is too large.
    #[error("{part} has {length} bytes: the limit is {limit}")]
    TooLarge {
        /// The part that is too large.
        part: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The status is out of range.
    #[error("invalid `status` {status}: expected 200 to 599")]
    InvalidStatus {
        /// The status.
        status: u16,
    },
    /// A 204 response has a body.
    #[error("a response with status 204 must not have a `body`")]
    BodyNotAllowed,
}

/// Checks that CloudFront accepts `after` from a function that received `before` in an event of `event_type`.
///
/// # Errors
/// The first [`Violation`].
pub fn check_request(event_type: EventType, before: &Request, after: &Request) -> Result<(), Violation> {
    for (field, is_same) in
        [("clientIp", before.client_ip == after.client_ip), ("method", before.method == after.method)]
    {
        require(is_same, Violation::ReadOnlyField { field })?;
    }
    if (&before.uri, &before.querystring) != (&after.uri, &after.querystring) {
        check_uri(after)?;
    }
    let names = before.headers.iter().chain(after.headers.iter()).map(|(name, _)| name);
    for name in names.collect::<BTreeSet<_>>() {
        let values = after.headers.entries(name);
        if values != before.headers.entries(name) {
            let is_read_only = limits::read_only(event_type).contains(&name);
            require(!is_read_only, Violation::ReadOnlyHeader { name: name.to_owned() })?;
            if after.headers.contains(name) {
                check_header(name, values)?;
            }
        }
    }
    match event_type {
        EventType::ViewerRequest => {
            require(before.origin == after.origin, Violation::ReadOnlyField { field: "origin" })?;
        }
        EventType::OriginRequest => {
            let missing = Violation::InvalidOrigin { field: "origin", rule: "present" };
            let origin = after.origin.as_ref().ok_or(missing)?;
            if before.origin.as_ref() != Some(origin) {
                check_origin(origin)?;
            }
            let mut custom = origin.custom_headers().iter().map(|(name, _)| name);
            let duplicate =
                custom.find(|name| after.headers.contains(name) && !before.headers.contains(name));
            if let Some(name) = duplicate {
                return Err(Violation::DuplicateHeader { name: name.to_owned() });
            }
        }
    }
    match (&before.body, &after.body) {
        (before, Some(after)) => check_body(event_type, before.as_ref(), after),
        (Some(_) | None, None) => Ok(()),
    }
}

/// Checks that CloudFront accepts `response` from a function in an event of `event_type`.
///
/// # Errors
/// The first [`Violation`].
pub fn check_response(event_type: EventType, response: &Response) -> Result<(), Violation> {
    let status = response.status;
    require((200..600).contains(&status), Violation::InvalidStatus { status })?;
    require(status != 204 || response.body.is_none(), Violation::BodyNotAllowed)?;
    let mut length = response.status_description.as_ref().map_or(0, String::len);
    for (name, values) in response.headers.iter() {
        let is_reserved = limits::reserved(event_type).contains(&name);
        require(!is_reserved, Violation::ReadOnlyHeader { name: name.to_owned() })?;
        check_header(name, values)?;
        length += values.iter().map(|header| name.len() + header.value.len() + ": \r\n".len()).sum::<usize>();
    }
    let body = response.body.as_deref().unwrap_or_default();
    if response.body_encoding == Some(Encoding::Base64) {
        require(STANDARD.decode(body).is_ok(), Violation::InvalidBody)?;
    }
    length += body.len();
    let limit = limits::response_bytes(event_type);
    require(length <= limit, Violation::TooLarge { part: "the response", length, limit })
}

fn check_uri(request: &Request) -> Result<(), Violation> {
    let is_valid = |text: &str| !text.chars().any(|c| c == ' ' || c == '#' || c.is_control());
    let uri = &request.uri;
    require(uri.starts_with('/') && !uri.contains('?') && is_valid(uri), Violation::InvalidUri)?;
    require(is_valid(&request.querystring), Violation::InvalidQuery)?;
    let length = uri.len() + request.querystring.len();
    let limit = limits::URI_LENGTH;
    require(length < limit, Violation::UriTooLong { length, limit })
}

/// Checks that functions may set this header, and that its name and values are valid.
fn check_header(name: &str, values: &[Header]) -> Result<(), Violation> {
    require(!limits::is_disallowed(name), Violation::DisallowedHeader { name: name.to_owned() })?;
    let is_valid = HeaderName::from_lowercase(name.as_bytes()).is_ok()
        && !values.is_empty()
        && values.iter().all(|header| HeaderValue::from_str(&header.value).is_ok());
    require(is_valid, Violation::InvalidHeader { name: name.to_owned() })
}

fn check_origin(origin: &Origin) -> Result<(), Violation> {
    let (max_length, rule) = match origin {
        Origin::Custom(_) => (253, "a name of 1 to 253 characters without a colon"),
        Origin::S3(_) => (128, "a name of 1 to 128 characters without a colon"),
    };
    let domain = origin.domain_name();
    let is_domain = (1..=max_length).contains(&domain.len()) && !domain.contains(':');
    require(is_domain, Violation::InvalidOrigin { field: "domainName", rule })?;
    let path = origin.path();
    let is_path = path.is_empty() || path.starts_with('/') && !path.ends_with('/') && path.len() <= 255;
    let rule = "empty, or text of at most 255 characters that begins with a slash and does not end with one";
    require(is_path, Violation::InvalidOrigin { field: "path", rule })?;
    if let Origin::Custom(custom) = origin {
        let is_port = matches!(custom.port, 80 | 443 | 1024..);
        require(is_port, Violation::InvalidOrigin { field: "port", rule: "80, 443 or at least 1024" })?;
    }
    origin.custom_headers().iter().try_for_each(|(name, values)| {
        require(!name.starts_with("x-amz-"), Violation::DisallowedHeader { name: name.to_owned() })?;
        check_header(name, values)
    })
}

fn check_body(event_type: EventType, before: Option<&Body>, after: &Body) -> Result<(), Violation> {
    let was_truncated = before.is_some_and(|before| before.input_truncated);
    let truncated = Violation::ReadOnlyField { field: "inputTruncated" };
    require(after.input_truncated == was_truncated, truncated)?;
    if after.action == Action::ReadOnly {
        let is_same = before.is_some_and(|b| (b.encoding, &b.data) == (after.encoding, &after.data));
        return require(is_same, Violation::ChangeIgnored);
    }
    require(after.bytes().is_some(), Violation::InvalidBody)?;
    let (length, limit) =
        (after.data.len(), limits::body_bytes(event_type, after.encoding == Encoding::Base64));
    require(length <= limit, Violation::TooLarge { part: "the body", length, limit })
}

fn require(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}
