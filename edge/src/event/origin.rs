//! Where CloudFront sends a request.

use super::Headers;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An origin, of one of two kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Any server.
    Custom(CustomOrigin),
    /// A bucket, which CloudFront asks in its own way.
    S3(S3Origin),
}

/// Any server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomOrigin {
    /// Sent with each request, in place of the viewer's. Defaults to none.
    #[serde(default)]
    pub custom_headers: Headers,
    /// Name of the server, at most 253 characters.
    pub domain_name: String,
    /// Put before each request's path: escaped, without a slash at its end, at most 255 characters.
    pub path: String,
    /// 80, 443, or from 1024.
    pub port: u16,
    /// How it is asked.
    pub protocol: Protocol,
    /// Every other field: timeouts, versions of TLS.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Origin {
    /// Sent with each request, in place of the viewer's. Defaults to none.
    #[serde(default)]
    pub custom_headers: Headers,
    /// Name of the bucket's server, at most 128 characters.
    pub domain_name: String,
    /// Put before each request's path, without a slash at its end.
    pub path: String,
    /// Every other field: region, method of authorization, timeouts.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// How a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// In clear text.
    Http,
    /// Over TLS.
    Https,
}

impl Origin {
    /// Name of the server.
    pub fn domain_name(&self) -> &str {
        match self {
            Self::Custom(origin) => &origin.domain_name,
            Self::S3(origin) => &origin.domain_name,
        }
    }

    /// What is put before each request's path.
    pub fn path(&self) -> &str {
        match self {
            Self::Custom(origin) => &origin.path,
            Self::S3(origin) => &origin.path,
        }
    }

    /// What is sent with each request, in place of the viewer's.
    pub fn custom_headers(&self) -> &Headers {
        match self {
            Self::Custom(origin) => &origin.custom_headers,
            Self::S3(origin) => &origin.custom_headers,
        }
    }
}
