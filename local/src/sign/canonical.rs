//! The canonical form of a request and its signature (AWS, "Create a signed AWS API request").

use super::{Key, Service};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::{fmt::Write, time::SystemTime};

/// Characters outside the unreserved set of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b'/');

/// The parts of a request that the signature covers.
#[derive(Debug)]
pub(super) struct Canonical<'a> {
    pub(super) method: &'a str,
    /// As in the request.
    pub(super) path: &'a str,
    /// As in the request; `X-Amz-Signature` is left out of the canonical form.
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    /// Names in lower case.
    pub(super) signed_headers: &'a [&'a str],
    /// Hash of the body in hexadecimal digits, or the word that replaces it.
    pub(super) payload: &'a str,
}

impl Canonical<'_> {
    /// Returns the signature of `key` for `service`, or `None` if a signed header is missing.
    pub(super) fn signature(
        &self,
        key: &Key,
        region: &str,
        service: Service,
        time: SystemTime,
    ) -> Option<String> {
        let date = super::date::format(time);
        let request = hex(&Sha256::digest(self.text(service)?));
        let scope = format!("{}/{region}/{}/aws4_request", &date[..8], service.name());
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{request}");
        let signing_key = generate_signing_key(key.secret, time, region, service.name());
        Some(calculate_signature(signing_key, to_sign.as_bytes()))
    }

    fn text(&self, service: Service) -> Option<String> {
        let mut text = format!("{}\n{}\n{}\n", self.method, path(self.path, service), query(self.query));
        for name in self.signed_headers {
            let values: Vec<_> = self.headers.get_all(*name).iter().collect();
            if values.is_empty() {
                return None;
            }
            let values = values.iter().map(|value| trimmed(&String::from_utf8_lossy(value.as_bytes())));
            text.extend([name, ":", &values.collect::<Vec<_>>().join(","), "\n"]);
        }
        text.extend(["\n", &self.signed_headers.join(";"), "\n", self.payload]);
        Some(text)
    }
}

/// Returns the canonical path. S3 decodes the path and encodes it again; other services normalise it and
/// encode it a second time.
pub(super) fn path(path: &str, service: Service) -> String {
    let path =
        if service.is_s3() { percent_decode_str(path).collect() } else { normalised(path).into_bytes() };
    percent_encoding::percent_encode(&path, RESERVED_IN_PATHS).to_string()
}

/// Removes empty and dot segments from `path` (RFC 3986 section 5.2.4).
fn normalised(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => (),
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let is_folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) && !segments.is_empty();
    format!("/{}{}", segments.join("/"), if is_folder { "/" } else { "" })
}

fn query(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "X-Amz-Signature");
    let mut pairs: Vec<_> =
        pairs.map(|(key, value)| format!("{}={}", encode(&key), encode(&value))).collect();
    pairs.sort();
    pairs.join("&")
}

/// Percent-encodes all reserved characters of `text`.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn trimmed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `bytes` in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
