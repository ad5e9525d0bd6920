//! Signature Version 4: the keys of the account, signing as a client does, and checking as a service does.
//!
//! Requests are signed by the edge's code, which is AWS's own crate, and checked by the code here, so neither
//! can hide the other's mistakes.

mod canonical;
mod date;
mod presign;
mod verify;

pub(crate) use presign::{Presigned, presign};
pub(crate) use verify::{Refusal, verify};

pub use safelight_edge::sign::Payload;

use http::Request;
use safelight_edge::sign::{self, Credentials, SignError, Target};
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
    /// `HealthImaging`.
    MedicalImaging,
}

impl Service {
    /// Its name in a signature's scope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::S3ObjectLambda => "s3-object-lambda",
            Self::Lambda => "lambda",
            Self::MedicalImaging => "medical-imaging",
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

/// The key that the functions at CloudFront's edge find in their environment.
pub const EDGE: Key = Key {
    id: "ASIALOCALEDGE",
    secret: "the-secret-of-the-local-edge",
    session_token: Some("the-session-of-the-local-edge"),
    principal: Principal::Edge,
};

/// Every key of the account.
pub(crate) const KEYS: [Key; 4] = [USER, FUNCTION, CLOUDFRONT, EDGE];

/// Signs `request`, whose URI is absolute, with its host and its `x-amz-*` headers. The URI is
/// rewritten to the form that is signed.
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
