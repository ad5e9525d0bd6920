//! Signature Version 4: the keys of the account, signing as a client does, and checking as a service does.
//!
//! Requests are signed by AWS's own crate and checked by the code here, so neither can hide the other's
//! mistakes.

mod canonical;
mod date;
mod presign;
mod verify;

pub(crate) use presign::{Presigned, presign};
pub(crate) use verify::{Refusal, verify};

use crate::body::BoxError;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use http::{Request, Uri};
use std::time::SystemTime;

/// The region that everything here is in.
pub const REGION: &str = "eu-central-1";

/// The account that everything here belongs to.
pub const ACCOUNT: &str = "111122223333";

/// Whom a request is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Buckets.
    S3,
    /// Object Lambda access points, and `WriteGetObjectResponse`.
    S3ObjectLambda,
    /// Function URLs.
    Lambda,
}

impl Service {
    /// Its name in a signature's scope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::S3ObjectLambda => "s3-object-lambda",
            Self::Lambda => "lambda",
        }
    }

    /// Whether it is one of those that encode a path once, take unsigned bodies, and want every
    /// `x-amz-*` header signed.
    const fn is_s3(self) -> bool {
        matches!(self, Self::S3 | Self::S3ObjectLambda)
    }
}

/// Who a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user of the account.
    User,
    /// The function.
    Function,
    /// CloudFront, through its origin access control.
    CloudFront,
}

/// An access key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Access key id.
    pub id: &'static str,
    /// Secret access key.
    pub secret: &'static str,
    /// Without it a temporary key opens nothing.
    pub session_token: Option<&'static str>,
    /// Who signs with it.
    pub principal: Principal,
}

/// The key of a user who may read everything.
pub const USER: Key = Key {
    id: "AKIALOCALUSER",
    secret: "the-secret-of-the-local-user",
    session_token: None,
    principal: Principal::User,
};

/// The key that the function finds in its environment.
pub const FUNCTION: Key = Key {
    id: "ASIALOCALFUNCTION",
    secret: "the-secret-of-the-local-function",
    session_token: Some("the-session-of-the-local-function"),
    principal: Principal::Function,
};

/// The key that CloudFront signs origin requests with.
pub const CLOUDFRONT: Key = Key {
    id: "ASIALOCALCLOUDFRONT",
    secret: "the-secret-of-the-local-cloudfront",
    session_token: Some("the-session-of-the-local-cloudfront"),
    principal: Principal::CloudFront,
};

/// Every key of the account.
pub(crate) const KEYS: [Key; 3] = [USER, FUNCTION, CLOUDFRONT];

/// How the body of a request is signed.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Not at all. Function URLs refuse that.
    Unsigned,
    /// By its hash.
    Bytes(&'a [u8]),
    /// By this hash, in hexadecimal digits.
    Hash(&'a str),
}

/// Signs `request`, whose URI is absolute, with its host and its `x-amz-*` headers.
///
/// # Errors
/// If the URI or a header cannot be signed.
pub fn sign_request<B>(
    request: &mut Request<B>,
    key: &Key,
    service: Service,
    payload: Payload<'_>,
) -> Result<(), BoxError> {
    let identity =
        Credentials::new(key.id, key.secret, key.session_token.map(Into::into), None, "local").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    if service.is_s3() {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service.name())
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let headers = request.headers().iter().filter(|(name, _)| name.as_str().starts_with("x-amz-"));
    let headers: Vec<_> =
        headers.map(|(name, value)| Ok((name.as_str(), value.to_str()?))).collect::<Result<_, BoxError>>()?;
    let body = match payload {
        Payload::Unsigned => SignableBody::UnsignedPayload,
        Payload::Bytes(bytes) => SignableBody::Bytes(bytes),
        Payload::Hash(hash) => SignableBody::Precomputed(hash.to_owned()),
    };
    let mut uri = request.uri().clone().into_parts();
    if service.is_s3() {
        // S3 sees every path encoded in one way, however it came.
        let path = canonical::path(request.uri().path(), service);
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        uri.path_and_query = Some(format!("{path}{query}").parse()?);
    }
    let uri = Uri::from_parts(uri)?.to_string();
    let signable = SignableRequest::new(request.method().as_str(), uri, headers.into_iter(), body)?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
