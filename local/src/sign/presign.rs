//! URLs that carry their signature, as the access point hands them to the function.

use super::{
    Key, REGION, Service,
    canonical::{Canonical, encode},
    date,
};
use http::{HeaderMap, HeaderValue, header::HOST};
use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

/// What a URL is to allow.
#[derive(Debug)]
pub(crate) struct Presigned<'a> {
    pub(crate) method: &'a str,
    /// The server of the bucket.
    pub(crate) address: SocketAddr,
    /// Bucket and key, encoded.
    pub(crate) path: &'a str,
    /// Part of the query that is not about the signature, encoded.
    pub(crate) query: &'a str,
    /// Headers that whoever uses the URL must send, besides the host.
    pub(crate) headers: HeaderMap,
    pub(crate) key: &'a Key,
    pub(crate) time: SystemTime,
    pub(crate) expires_in: Duration,
}

/// The URL. AWS's crate refuses to sign `x-amz-checksum-mode` into one, which the service does.
pub(crate) fn presign(mut wish: Presigned<'_>) -> String {
    let host = wish.address.to_string();
    let host_value = HeaderValue::from_str(&host).expect("an address is a valid header value");
    wish.headers.insert(HOST, host_value);
    let mut signed_headers: Vec<_> = wish.headers.keys().map(http::HeaderName::as_str).collect();
    signed_headers.sort_unstable();

    let date = date::format(wish.time);
    let credential = format!("{}/{}/{REGION}/s3/aws4_request", wish.key.id, &date[..8]);
    let mut query = wish.query.to_owned();
    let expires = wish.expires_in.as_secs().to_string();
    let mut add = |name: &str, value: &str| {
        let separator = if query.is_empty() { "" } else { "&" };
        query.extend([separator, name, "=", &encode(value)]);
    };
    add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    add("X-Amz-Credential", &credential);
    add("X-Amz-Date", &date);
    add("X-Amz-Expires", &expires);
    if let Some(token) = wish.key.session_token {
        add("X-Amz-Security-Token", token);
    }
    add("X-Amz-SignedHeaders", &signed_headers.join(";"));
    let canonical = Canonical {
        method: wish.method,
        path: wish.path,
        query: &query,
        headers: &wish.headers,
        signed_headers: &signed_headers,
        payload: "UNSIGNED-PAYLOAD",
    };
    let signature =
        canonical.signature(wish.key, REGION, Service::S3, wish.time).expect("every signed header is there");
    format!("http://{host}{}?{query}&X-Amz-Signature={signature}", wish.path)
}
