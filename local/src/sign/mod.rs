//! Signature Version 4: the keys of the account, signing as clients do, and verification as services do.
//!
//! Requests are signed by the edge's code, which is AWS's own crate, and verified by the code here, so
//! neither can hide mistakes of the other.

mod canonical;
mod date;
mod presign;
mod verify;

pub(crate) use presign::{Presigned, presign};
pub(crate) use verify::{Rejection, verify};

pub use safelight_edge::sign::Payload;

use http::Request;
use safelight_edge::sign::{self, Credentials, SignError, Target};
use std::time::SystemTime;

/// The region of all services here.
pub const REGION: &str = "eu-central-1";

/// The account of all services here.
pub const ACCOUNT: &str = "111122223333";

/// The service for which a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Buckets.
    S3,
    /// Object Lambda access points, and `WriteGetObjectResponse`.
    S3ObjectLambda,
    /// Function URLs.
    Lambda,
    /// `HealthImaging`.
    MedicalImaging,
}

impl Service {
    /// Returns the service's name in a signature's scope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::S3ObjectLambda => "s3-object-lambda",
            Self::Lambda => "lambda",
            Self::MedicalImaging => "medical-imaging",
        }
    }

    /// Returns whether the service encodes a path once, accepts unsigned bodies, and requires that all
    /// `x-amz-*` headers are signed.
    const fn is_s3(self) -> bool {
        matches!(self, Self::S3 | Self::S3ObjectLambda)
    }
}

/// The owner of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A user of the account.
    User,
    /// The function.
    Function,
    /// CloudFront, through its origin access control.
    CloudFront,
    /// The functions at CloudFront's edge.
    Edge,
}

/// An access key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Access key id.
    pub id: &'static str,
    /// Secret access key.
    pub secret: &'static str,
    /// Session token; a temporary key is invalid without it.
    pub session_token: Option<&'static str>,
    /// The owner of the key.
    pub principal: Principal,
}

/// The key of a user with access to everything.
pub const USER: Key = Key {
    id: "AKIALOCALUSER",
    secret: "the-secret-of-the-local-user",
    session_token: None,
    principal: Principal::User,
};

/// The key in the function's environment.
pub const FUNCTION: Key = Key {
    id: "ASIALOCALFUNCTION",
    secret: "the-secret-of-the-local-function",
    session_token: Some("the-session-of-the-local-function"),
    principal: Principal::Function,
};

/// The key with which CloudFront signs origin requests.
pub const CLOUDFRONT: Key = Key {
    id: "ASIALOCALCLOUDFRONT",
    secret: "the-secret-of-the-local-cloudfront",
    session_token: Some("the-session-of-the-local-cloudfront"),
    principal: Principal::CloudFront,
};

/// The key in the environment of the edge functions.
pub const EDGE: Key = Key {
    id: "ASIALOCALEDGE",
    secret: "the-secret-of-the-local-edge",
    session_token: Some("the-session-of-the-local-edge"),
    principal: Principal::Edge,
};

/// Every key of the account.
pub(crate) const KEYS: [Key; 4] = [USER, FUNCTION, CLOUDFRONT, EDGE];

/// Signs `request`, whose URI must be absolute, with its host and its `x-amz-*` headers. Rewrites the URI to
/// the form that is signed.
///
/// # Errors
/// If the URI or a header cannot be signed.
pub fn sign_request<B>(
    request: &mut Request<B>,
    key: &Key,
    service: Service,
    payload: Payload<'_>,
) -> Result<(), SignError> {
    let service = match service {
        Service::S3 => sign::Service::S3,
        Service::S3ObjectLambda => sign::Service::S3_OBJECT_LAMBDA,
        Service::Lambda => sign::Service::LAMBDA,
        Service::MedicalImaging => sign::Service::MEDICAL_IMAGING,
    };
    let target = Target { service, region: REGION.to_owned() };
    let credentials = Credentials {
        access_key_id: key.id.to_owned(),
        secret_access_key: key.secret.to_owned(),
        session_token: key.session_token.map(Into::into),
    };
    sign::sign_request(request, &target, &credentials, payload, SystemTime::now())
}
