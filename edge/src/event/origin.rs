//! Origins, the servers that CloudFront sends requests to.

use super::Headers;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Any HTTP server.
    Custom(CustomOrigin),
    /// An S3 bucket.
    S3(S3Origin),
}

/// Any HTTP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomOrigin {
    /// Headers that CloudFront adds to each request; they replace the viewer's. Defaults to none.
    #[serde(default)]
    pub custom_headers: Headers,
    /// Domain of the server, at most 253 characters.
    pub domain_name: String,
    /// Prefix of each request's path: escaped, without a trailing slash, at most 255 characters.
    pub path: String,
    /// Port: 80, 443 or at least 1024.
    pub port: u16,
    /// Protocol of the requests.
    pub protocol: Protocol,
    /// All other fields: timeouts, TLS versions.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// An S3 bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Origin {
    /// Headers that CloudFront adds to each request; they replace the viewer's. Defaults to none.
    #[serde(default)]
    pub custom_headers: Headers,
    /// Domain of the bucket, at most 128 characters.
    pub domain_name: String,
    /// Prefix of each request's path, without a trailing slash.
    pub path: String,
    /// All other fields: region, authorization method, timeouts.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The protocol of requests to an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP without TLS.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Origin {
    /// Returns the domain of the server.
    pub fn domain_name(&self) -> &str {
        match self {
            Self::Custom(origin) => &origin.domain_name,
            Self::S3(origin) => &origin.domain_name,
        }
    }

    /// Returns the prefix of each request's path.
    pub fn path(&self) -> &str {
        match self {
            Self::Custom(origin) => &origin.path,
            Self::S3(origin) => &origin.path,
        }
    }

    /// Returns the headers that CloudFront adds to each request; they replace the viewer's.
    pub fn custom_headers(&self) -> &Headers {
        match self {
            Self::Custom(origin) => &origin.custom_headers,
            Self::S3(origin) => &origin.custom_headers,
        }
    }
}
