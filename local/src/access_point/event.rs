//! The function's events ("Event context format and usage" of the S3 user guide).

use super::Ticket;
use crate::sign::{ACCOUNT, Key, Principal, REGION};
use http::{HeaderMap, header, request::Parts};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The S3 operation that the caller requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Get,
    Head,
    List,
    ListV2,
}

impl Context {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "getObjectContext",
            Self::Head => "headObjectContext",
            Self::List => "listObjectsContext",
            Self::ListV2 => "listObjectsV2Context",
        }
    }
}

/// The inputs of an event.
pub(super) struct Event<'a> {
    pub(super) parts: &'a Parts,
    pub(super) key: &'a Key,
    pub(super) context: Context,
    /// Presigned URL of the source object.
    pub(super) source: String,
    /// Route and token for the response, for `GetObject`.
    pub(super) ticket: Option<&'a Ticket>,
    pub(super) payload: &'a str,
}

impl Event<'_> {
    pub(super) fn to_json(&self) -> Value {
        let mut context = Map::new();
        context.insert("inputS3Url".into(), self.source.clone().into());
        if let Some(ticket) = self.ticket {
            context.insert("outputRoute".into(), ticket.route.clone().into());
            context.insert("outputToken".into(), ticket.token.clone().into());
        }
        json!({
            "xAmzRequestId": Uuid::new_v4().to_string(),
            self.context.name(): context,
            "configuration": {
                "accessPointArn": format!("arn:aws:s3-object-lambda:{REGION}:{ACCOUNT}:accesspoint/safelight"),
                "supportingAccessPointArn": format!("arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/safelight-source"),
                "payload": self.payload,
            },
            "userRequest": {"url": self.url(), "headers": fields(&self.parts.headers)},
            "userIdentity": identity(self.key),
            "protocolVersion": "1.00",
        })
    }

    /// The requested URL, decoded, without the signature's parameters.
    fn url(&self) -> String {
        let host =
            self.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let path = percent_decode_str(self.parts.uri.path()).decode_utf8_lossy();
        let query = self.parts.uri.query().unwrap_or_default();
        let pairs = query.split('&').filter(|pair| !pair.is_empty() && !is_authorization(pair));
        let pairs: Vec<_> = pairs.map(|pair| percent_decode_str(pair).decode_utf8_lossy()).collect();
        let separator = if pairs.is_empty() { "" } else { "?" };
        format!("https://{host}{path}{separator}{}", pairs.join("&"))
    }
}

/// Returns the part of the caller's query that is signed into the source's URL.
pub(super) fn source_query(query: &str, context: Context) -> String {
    let is_wanted = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        match context {
            Context::Get | Context::Head => name == "versionId",
            Context::List | Context::ListV2 => !pair.is_empty() && !is_authorization(pair),
        }
    };
    query.split('&').filter(is_wanted).collect::<Vec<_>>().join("&")
}

fn is_authorization(pair: &str) -> bool {
    pair.starts_with("X-Amz-")
}

/// Returns the caller's headers without the credentials; repeated headers are joined with commas.
fn fields(headers: &HeaderMap) -> BTreeMap<&str, String> {
    let secret = ["authorization", "x-amz-security-token"];
    let mut fields = BTreeMap::new();
    for name in headers.keys().filter(|name| !secret.contains(&name.as_str())) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        fields.insert(name.as_str(), values.collect::<Vec<_>>().join(","));
    }
    fields
}

/// Returns the caller's identity as events contain it. AWS documents no shape for CloudFront here; this one
/// is `CloudTrail`'s.
fn identity(key: &Key) -> Value {
    match key.principal {
        Principal::CloudFront => json!({"type": "AWSService", "invokedBy": "cloudfront.amazonaws.com"}),
        Principal::User => json!({
            "type": "IAMUser",
            "principalId": "AIDALOCALUSER",
            "arn": format!("arn:aws:iam::{ACCOUNT}:user/local"),
            "accountId": ACCOUNT,
            "accessKeyId": key.id,
            "userName": "local",
        }),
        Principal::Function => assumed_role(key, "FUNCTION", "safelight"),
        Principal::Edge => assumed_role(key, "EDGE", "safelight-edge"),
    }
}

fn assumed_role(key: &Key, id: &str, name: &str) -> Value {
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROALOCAL{id}:{name}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{name}"),
        "accountId": ACCOUNT,
        "accessKeyId": key.id,
        "sessionContext": {
            "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-01-01T00:00:00Z"},
            "sessionIssuer": {
                "type": "Role",
                "principalId": format!("AROALOCAL{id}"),
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
                "accountId": ACCOUNT,
                "userName": name,
            },
        },
    })
}
