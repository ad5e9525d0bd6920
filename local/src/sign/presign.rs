//! Presigned URLs, as the access point passes them to the function.

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

/// The parameters of a presigned URL.
#[derive(Debug)]
pub(crate) struct Presigned<'a> {
    pub(crate) method: &'a str,
    /// Address of the bucket's server.
    pub(crate) address: SocketAddr,
    /// Bucket and key, percent-encoded.
    pub(crate) path: &'a str,
    /// Part of the query besides the signature, percent-encoded.
    pub(crate) query: &'a str,
    /// Headers that the URL's user must send, besides the host.
    pub(crate) headers: HeaderMap,
    pub(crate) key: &'a Key,
    pub(crate) time: SystemTime,
    pub(crate) expires_in: Duration,
}

/// Returns the presigned URL. AWS's crate cannot sign `x-amz-checksum-mode` into a URL, as the service does.
pub(crate) fn presign(mut presigned: Presigned<'_>) -> String {
    let host = presigned.address.to_string();
    let host_value = HeaderValue::from_str(&host).expect("an address is a valid header value");
    presigned.headers.insert(HOST, host_value);
    let mut signed_headers: Vec<_> = presigned.headers.keys().map(http::HeaderName::as_str).collect();
    signed_headers.sort_unstable();

    let date = date::format(presigned.time);
    let credential = format!("{}/{}/{REGION}/s3/aws4_request", presigned.key.id, &date[..8]);
    let mut query = presigned.query.to_owned();
    let expires = presigned.expires_in.as_secs().to_string();
    let mut add = |name: &str, value: &str| {
        let separator = if query.is_empty() { "" } else { "&" };
        query.extend([separator, name, "=", &encode(value)]);
    };
    add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    add("X-Amz-Credential", &credential);
    add("X-Amz-Date", &date);
    add("X-Amz-Expires", &expires);
    if let Some(token) = presigned.key.session_token {
        add("X-Amz-Security-Token", token);
    }
    add("X-Amz-SignedHeaders", &signed_headers.join(";"));
    let canonical = Canonical {
        method: presigned.method,
        path: presigned.path,
        query: &query,
        headers: &presigned.headers,
        signed_headers: &signed_headers,
        payload: "UNSIGNED-PAYLOAD",
    };
    let signature = canonical
        .signature(presigned.key, REGION, Service::S3, presigned.time)
        .expect("every signed header is there");
    format!("http://{host}{}?{query}&X-Amz-Signature={signature}", presigned.path)
}
