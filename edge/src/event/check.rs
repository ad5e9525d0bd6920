//! Whether CloudFront takes what a function returns. What it does not take becomes a 502 to the viewer, so
//! that these checks stand in tests, and before what is returned.

use super::{Action, Body, Encoding, EventType, Header, Origin, Request, Response, limits};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue};
use std::collections::BTreeSet;

/// Why CloudFront does not take what a function returns.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A field that CloudFront alone writes is another one.
    #[error("`{field}` is read-only, and was changed")]
    ReadOnlyField {
        /// Its name in JSON.
        field: &'static str,
    },
    /// A header that CloudFront alone writes is another one.
    #[error("the header `{name}` is read-only here, and was changed")]
    ReadOnlyHeader {
        /// Its name.
        name: String,
    },
    /// A header that no function may write was written.
    #[error("no function may set the header `{name}`")]
    DisallowedHeader {
        /// Its name.
        name: String,
    },
    /// A header cannot be sent.
    #[error("the header `{name}` needs a name and values as in RFC 9110 section 5, and at least one value")]
    InvalidHeader {
        /// Its name.
        name: String,
    },
    /// A header comes from the request and from the origin's own headers.
    #[error("the header `{name}` is one of the origin's own, and the request has it too")]
    HeaderTwice {
        /// Its name.
        name: String,
    },
    /// The path cannot be sent.
    #[error("`uri` must begin with a slash, and hold no space, control character, `?` or `#`")]
    InvalidUri,
    /// The query cannot be sent.
    #[error("`querystring` must hold no space, control character or `#`")]
    InvalidQuery,
    /// Path and query are too long.
    #[error("`uri` and `querystring` have {length} characters together, and must have fewer than {limit}")]
    LongUri {
        /// How many they have.
        length: usize,
        /// One more than they may have.
        limit: usize,
    },
    /// The origin cannot be asked.
    #[error("`{field}` of the origin must be {rule}")]
    InvalidOrigin {
        /// Name of the field in JSON.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// A body is said to be read-only and is another one: CloudFront would send the viewer's.
    #[error("`body` was changed, and its `action` is not `replace`")]
    ChangeIgnored,
    /// A body is not what it says.
    #[error("a body is said to be in base64, and is not")]
    InvalidBody,
    /// There is too much.
    #[error("{what} has {length} bytes, and may have {limit}")]
    Large {
        /// What has them.
        what: &'static str,
        /// How many it has.
        length: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A status that no response has.
    #[error("`status` is {status}, and must be from 200 to 599")]
    InvalidStatus {
        /// The status.
        status: u16,
    },
    /// A body where none may be.
    #[error("a response of status 204 has no `body`")]
    BodyOfNoContent,
}

/// Whether CloudFront takes `after` from a function that got `before` in an event of `event_type`.
///
/// # Errors
/// If not.
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
            let missing = Violation::InvalidOrigin { field: "origin", rule: "kept" };
            let origin = after.origin.as_ref().ok_or(missing)?;
            if before.origin.as_ref() != Some(origin) {
                check_origin(origin)?;
            }
            let mut own = origin.custom_headers().iter().map(|(name, _)| name);
            let twice = own.find(|name| after.headers.contains(name) && !before.headers.contains(name));
            if let Some(name) = twice {
                return Err(Violation::HeaderTwice { name: name.to_owned() });
            }
        }
    }
    match (&before.body, &after.body) {
        (before, Some(after)) => check_body(event_type, before.as_ref(), after),
        (Some(_) | None, None) => Ok(()),
    }
}

/// Whether CloudFront takes `response` from a function in an event of `event_type`.
///
/// # Errors
/// If not.
pub fn check_response(event_type: EventType, response: &Response) -> Result<(), Violation> {
    let status = response.status;
    require((200..600).contains(&status), Violation::InvalidStatus { status })?;
    require(status != 204 || response.body.is_none(), Violation::BodyOfNoContent)?;
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
    require(length <= limit, Violation::Large { what: "the response", length, limit })
}

fn check_uri(request: &Request) -> Result<(), Violation> {
    let is_sendable = |text: &str| !text.chars().any(|c| c == ' ' || c == '#' || c.is_control());
    let uri = &request.uri;
    require(uri.starts_with('/') && !uri.contains('?') && is_sendable(uri), Violation::InvalidUri)?;
    require(is_sendable(&request.querystring), Violation::InvalidQuery)?;
    let length = uri.len() + request.querystring.len();
    let limit = limits::URI_LENGTH;
    require(length < limit, Violation::LongUri { length, limit })
}

/// Whether a function may write this header.
fn check_header(name: &str, values: &[Header]) -> Result<(), Violation> {
    require(!limits::is_disallowed(name), Violation::DisallowedHeader { name: name.to_owned() })?;
    let is_valid = HeaderName::from_lowercase(name.as_bytes()).is_ok()
        && !values.is_empty()
        && values.iter().all(|header| HeaderValue::from_str(&header.value).is_ok());
    require(is_valid, Violation::InvalidHeader { name: name.to_owned() })
}

fn check_origin(origin: &Origin) -> Result<(), Violation> {
    let (longest, rule) = match origin {
        Origin::Custom(_) => (253, "a name of 1 to 253 characters without a colon"),
        Origin::S3(_) => (128, "a name of 1 to 128 characters without a colon"),
    };
    let domain = origin.domain_name();
    let is_domain = (1..=longest).contains(&domain.len()) && !domain.contains(':');
    require(is_domain, Violation::InvalidOrigin { field: "domainName", rule })?;
    let path = origin.path();
    let is_path = path.is_empty() || path.starts_with('/') && !path.ends_with('/') && path.len() <= 255;
    let rule = "empty, or begin with a slash, not end with one, and have at most 255 characters";
    require(is_path, Violation::InvalidOrigin { field: "path", rule })?;
    if let Origin::Custom(custom) = origin {
        let is_port = matches!(custom.port, 80 | 443 | 1024..);
        require(is_port, Violation::InvalidOrigin { field: "port", rule: "80, 443, or from 1024" })?;
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
    require(length <= limit, Violation::Large { what: "the body", length, limit })
}

fn require(holds: bool, violation: Violation) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(violation) }
}
