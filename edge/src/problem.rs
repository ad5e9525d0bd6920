//! Problem details for HTTP (RFC 9457): the one form of an error response, at the edge and at the origin.

use http::StatusCode;
use safelight_core::Kind;
use serde::Serialize;

/// The MIME type of [`Problem::to_json`].
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error response for a client.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Status of the response.
    pub status: StatusCode,
    /// Kind of the failure: programs tell problems apart by its name.
    pub kind: Kind,
    /// A sentence for a person.
    pub detail: &'a str,
    /// Name of the request, which is also in the log.
    pub request_id: &'a str,
}

impl Problem<'_> {
    /// The reason phrase of the status (RFC 9110 section 15).
    pub fn title(&self) -> &'static str {
        match self.status {
            // The crate `http` has the phrase of RFC 7231.
            StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
            status => status.canonical_reason().unwrap_or_default(),
        }
    }

    /// The members as JSON.
    ///
    /// No page describes the types, so `type` is `about:blank` and `title` that of the status (RFC 9457 4.2.1).
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Members<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            kind: &'static str,
            detail: &'a str,
            request_id: &'a str,
        }
        let members = Members {
            r#type: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            kind: self.kind.name(),
            detail: self.detail,
            request_id: self.request_id,
        };
        // Strings and a number are always JSON.
        serde_json::to_string(&members).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_rfc_9457() {
        let problem = Problem {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: Kind::Busy,
            detail: "say \"when\"",
            request_id: "1",
        };
        let expected = r#"{"type":"about:blank","title":"Service Unavailable","status":503,"kind":"busy","detail":"say \"when\"","requestId":"1"}"#;
        assert_eq!(problem.to_json(), expected);
    }
}
