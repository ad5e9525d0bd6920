//! Signature Version 4 of a request.

use super::{Credentials, Escapes, SignError, Target, canonical};
use aws_credential_types::Credentials as Identity;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode,
    },
    sign::v4,
};
use std::time::SystemTime;

/// The parts of a request that are signed.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// Method in upper case.
    pub method: &'a str,
    /// Value of the `Host` header.
    pub host: &'a str,
    /// Path, escaped or not.
    pub path: &'a str,
    /// Query without its question mark, escaped or not.
    pub query: &'a str,
    /// Additional headers to sign, names in lower case: every `x-amz-*` header that the service receives,
    /// except those of the signature itself.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body.
    pub payload: Payload<'a>,
}

/// The signed form of a request's body.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// The body is not signed. Only some services accept this, and only over TLS.
    Unsigned,
    /// The hash of these bytes.
    Bytes(&'a [u8]),
    /// The given SHA-256 hash, in hexadecimal digits.
    Hash(&'a str),
}

/// The parts of a signed request. It must be sent with exactly these.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Path in canonical spelling.
    pub path: String,
    /// Query in canonical spelling, without its question mark.
    pub query: String,
    /// Headers of the signature, names in lower case.
    pub headers: Vec<(&'static str, String)>,
}

/// Omits the headers, because one of them is a secret.
impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Signs `request` for `target` with the date `time`.
///
/// # Errors
/// [`SignError`] if the path, the query, a header, the credentials or the time is invalid, or if the service
/// requires a signed body.
///
/// # Examples
/// ```
/// use safelight_edge::sign::{Credentials, Payload, Target, Unsigned, sign};
/// use std::time::{Duration, SystemTime};
///
/// let credentials = Credentials {
///     access_key_id: "AKIDEXAMPLE".to_owned(),
///     secret_access_key: "secret".to_owned(),
///     session_token: None,
/// };
/// let host = "runtime-medical-imaging.us-east-1.amazonaws.com";
/// let request = Unsigned {
///     method: "POST",
///     host,
///     path: "/datastore/1/imageSet/2/getImageFrame",
///     query: "",
///     headers: &[],
///     payload: Payload::Bytes(br#"{"imageFrameId":"3"}"#),
/// };
/// let target = Target::of_domain(host).expect("HealthImaging's domains contain their region");
/// let time = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
/// let signed = sign(request, &target, &credentials, time)?;
/// let names: Vec<_> = signed.headers.iter().map(|(name, _)| *name).collect();
/// assert_eq!(names, ["x-amz-date", "authorization", "x-amz-content-sha256"]);
/// # Ok::<(), safelight_edge::sign::SignError>(())
/// ```
pub fn sign(
    request: Unsigned<'_>,
    target: &Target,
    credentials: &Credentials,
    time: SystemTime,
) -> Result<Signed, SignError> {
    let service = target.service;
    let path = canonical::path(request.path, service)?;
    let query = canonical::query(request.query, |_| true)?;
    let body = match request.payload {
        Payload::Unsigned if !service.accepts_unsigned => {
            return Err(SignError::UnsignedBody { service: service.name });
        }
        Payload::Unsigned => SignableBody::UnsignedPayload,
        Payload::Bytes(bytes) => SignableBody::Bytes(bytes),
        Payload::Hash(hash) => SignableBody::Precomputed(hash.to_owned()),
    };
    check_time(time)?;
    for (name, value) in request.headers.iter().chain(&[("host", request.host)]) {
        if !is_printable(value) {
            return Err(SignError::Header { name: (*name).to_owned() });
        }
    }

    let identity = identity(credentials)?.into();
    let mut settings = SigningSettings::default();
    if service.sends_body_hash {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    if service.escapes == Escapes::Once {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
    }
    if !service.normalizes_path {
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&target.region)
        .name(service.name)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| SignError::Signing(error.into()))?
        .into();
    let headers = request.headers.iter().copied().chain([("host", request.host)]);
    // The signed host is that of the header; the host here only makes the URI absolute.
    let uri = format!("https://host{path}{}{query}", if query.is_empty() { "" } else { "?" });
    let signed = SignableRequest::new(request.method, uri, headers, body)
        .and_then(|request| aws_sigv4::http_request::sign(request, &params))
        .map_err(|error| SignError::Signing(error.into()))?;
    let (headers, _) = signed.into_parts().0.into_parts();
    let headers = headers.iter().map(|header| (header.name(), header.value().to_owned())).collect();
    Ok(Signed { path, query, headers })
}

fn identity(credentials: &Credentials) -> Result<Identity, SignError> {
    let Credentials { access_key_id, secret_access_key, session_token } = credentials;
    let parts = [Some(access_key_id), Some(secret_access_key), session_token.as_ref()];
    if parts.into_iter().flatten().any(|part| part.is_empty() || !is_printable(part)) {
        return Err(SignError::Credentials);
    }
    Ok(Identity::new(access_key_id, secret_access_key, session_token.clone(), None, "safelight"))
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Rejects times that the AWS library would panic on: it formats years with four digits.
fn check_time(time: SystemTime) -> Result<(), SignError> {
    const YEAR_10000: u64 = 253_402_300_800;
    let since = time.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| SignError::Time)?;
    if since.as_secs() < YEAR_10000 { Ok(()) } else { Err(SignError::Time) }
}
