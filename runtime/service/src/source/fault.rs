//! Faults of buckets and web servers: what their error responses mean.

use crate::{client, status};
use http::{HeaderMap, StatusCode};
use safelight_core::{Error, Kind};
use serde::Deserialize;

/// Maximum characters of a store's code or message that the log shows.
const MAX_TEXT_CHARS: usize = 300;

/// The `Retry-After` of a busy source that names none, in seconds.
const DEFAULT_RETRY_SECS: u32 = 1;

/// The cause of an error response, independent of the kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    // Facts about the image.
    /// There is no such image.
    Missing,
    /// The image was removed for good.
    Gone,
    /// The image may not be read, or it is missing and the store does not say so.
    Denied,
    /// The image is not the expected version.
    Changed,
    /// The image is in an archive, from which it must be restored.
    Archived,

    // The source is overloaded.
    /// It limits the rate of requests.
    Throttled,
    /// It is not available at the moment.
    Busy,
    /// It took too long.
    Late,

    // Faults of the deployment.
    /// It does not accept the credentials.
    Credentials,
    /// The clock of this machine is wrong.
    Clock,
    /// The bucket is in another region.
    Region,
    /// There is no such bucket.
    Bucket,
    /// The credentials do not have the rights, whatever the image.
    Rights,
    /// The key that encrypts the image may not be used.
    Encryption,
    /// It redirects, and that redirect is not allowed.
    Redirect,
    /// It compresses images.
    Encoding,
    /// Any other error.
    Other,
}

/// An error response of a bucket or a web server. `Display` is for the log.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{store} responded {status}{}: {}{}", spaced(code), cause.explanation(), detail(message))]
pub(crate) struct Fault {
    /// The store, such as `S3`.
    store: &'static str,
    pub(crate) status: StatusCode,
    /// Error code of the store; empty if it sent none.
    pub(crate) code: String,
    /// Message of the store, or what the operator should know besides the cause.
    pub(crate) message: String,
    /// Seconds to wait, if the store names them.
    pub(crate) retry_after: Option<u32>,
    pub(crate) cause: Cause,
}

/// The body of an error response, which S3, Google and Azure have in common.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ErrorBody {
    code: String,
    message: String,
    /// Azure's reason why it does not accept a signature.
    authentication_error_detail: String,
    /// Google's.
    details: String,
}

impl Fault {
    /// The fault of a web server, whose body says nothing to a program.
    pub(crate) fn web(status: StatusCode, headers: &HeaderMap) -> Self {
        Self {
            store: "the web server",
            status,
            code: String::new(),
            message: String::new(),
            retry_after: client::retry_after(headers),
            cause: status::of_source(status),
        }
    }

    /// The fault that a bucket reports by a response with this `body`.
    pub(crate) fn bucket(store: &'static str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let body: ErrorBody = quick_xml::de::from_str(&text).unwrap_or_default();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // A response to HEAD has no body. Azure repeats the code in a header.
        let code = if body.code.is_empty() { header("x-ms-error-code") } else { &body.code };
        let details = [&body.message, &body.authentication_error_detail, &body.details].map(String::as_str);
        let cause = of_code(code, &details.join(" ")).unwrap_or(match status::of_source(status) {
            Cause::Redirect => Cause::Region,
            cause => cause,
        });
        // The details may quote the signed request, so the log has only the first line of the message.
        let mut message = body.message.lines().next().unwrap_or_default().to_owned();
        let region = header("x-amz-bucket-region");
        if cause == Cause::Region && !region.is_empty() {
            message = format!("the bucket is in {region}: set AWS_REGION to it");
        }
        Self {
            store,
            status,
            code: printable(code),
            message: printable(&message),
            retry_after: client::retry_after(headers),
            cause,
        }
    }

    /// The same fault of another cause, with a message for the operator.
    pub(crate) fn with_cause(mut self, cause: Cause, message: impl Into<String>) -> Self {
        self.cause = cause;
        self.message = message.into();
        self
    }
}

impl From<Fault> for Error {
    /// Converts to the error for the client, which learns nothing about the deployment.
    fn from(fault: Fault) -> Self {
        let (kind, message) = fault.cause.public();
        let mut error = Self::new(kind, "source", message);
        error.retry_after = match kind {
            Kind::Throttled | Kind::Busy => Some(fault.retry_after.unwrap_or(DEFAULT_RETRY_SECS)),
            _ => fault.retry_after,
        };
        error.with_source(fault)
    }
}

impl Cause {
    /// Returns the kind of failure, and its message for the client.
    ///
    /// Lack of permission is [`Kind::NotFound`]: S3 responds 403 for a missing object to callers that may not list
    /// the bucket, and a stranger must not learn what exists.
    fn public(self) -> (Kind, &'static str) {
        match self {
            Self::Missing | Self::Denied => (Kind::NotFound, "no image at this path"),
            Self::Gone => (Kind::Gone, "the image was removed"),
            Self::Changed => (Kind::PreconditionFailed, "the source changed while it was read"),
            Self::Archived => {
                (Kind::SourceConflict, "the image is archived: it can be read after it is restored")
            }
            Self::Throttled => (Kind::Throttled, "the source receives too many requests: retry later"),
            Self::Busy => (Kind::Busy, "the source is not available at the moment: retry later"),
            Self::Late => (Kind::Timeout, "the source took too long to respond"),
            Self::Encryption => {
                (Kind::Upstream, "the image is encrypted with a key that the server may not use")
            }
            Self::Credentials
            | Self::Clock
            | Self::Region
            | Self::Bucket
            | Self::Rights
            | Self::Redirect
            | Self::Encoding
            | Self::Other => (Kind::Upstream, "the source could not be read"),
        }
    }

    /// Returns the cause in words for the operator, and what would be right.
    fn explanation(self) -> &'static str {
        match self {
            Self::Missing => "no such image",
            Self::Gone => "the image was removed",
            Self::Denied => "access denied, or no such image",
            Self::Changed => "the image is another version",
            Self::Archived => "the image is archived: restore it first",
            Self::Throttled | Self::Busy => "too many requests, or not available",
            Self::Late => "took too long",
            Self::Credentials => "the credentials are missing, wrong or expired: check them",
            Self::Clock => "the clock of this machine is wrong: set it",
            Self::Region => "the bucket is in another region: set the region or the endpoint",
            Self::Bucket => "no such bucket or container: check its name",
            Self::Rights => "the credentials lack the right to read: grant it",
            Self::Encryption => "the image's encryption key may not be used: grant the right to decrypt",
            Self::Redirect => "the redirect is not allowed",
            Self::Encoding => "the images are compressed: serve them as they are",
            Self::Other => "unexpected response",
        }
    }
}

/// Returns the cause that a store names by its error `code`, if the code says more than the status. `details` tell
/// apart what S3, Google and Azure report by one code.
///
/// The codes are those of "Error responses" of Amazon S3, "HTTP status and error codes for XML" of Google Cloud
/// Storage, and "Common REST API error codes" and "Blob Storage error codes" of Azure.
fn of_code(code: &str, details: &str) -> Option<Cause> {
    Some(match code {
        "NoSuchKey"
        | "NoSuchVersion"
        | "BlobNotFound"
        | "KeyTooLongError"
        | "InvalidURI"
        | "InvalidUri"
        | "InvalidObjectName"
        | "InvalidResourceName" => Cause::Missing,
        "InvalidObjectState" | "BlobArchived" | "BlobBeingRehydrated" => Cause::Archived,

        "SlowDown"
        | "ServerBusy"
        | "ServiceUnavailable"
        | "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "BandwidthLimitExceeded" => Cause::Busy,
        "TooManyRequests" | "RateLimitExceeded" => Cause::Throttled,
        "RequestTimeout" | "OperationTimedOut" => Cause::Late,

        "RequestTimeTooSkewed" | "RequestExpired" => Cause::Clock,
        // Azure compares the date of a request with its own before the signature.
        "AuthenticationFailed" if details.contains("date header") => Cause::Clock,
        // Also the response to an access key of a wrong form.
        "AuthorizationHeaderMalformed" if details.contains("region") => Cause::Region,
        "PermanentRedirect" | "TemporaryRedirect" | "Redirect" | "IllegalLocationConstraintException" => {
            Cause::Region
        }
        "AuthenticationFailed"
        | "AuthenticationRequired"
        | "AuthorizationHeaderMalformed"
        | "ExpiredToken"
        | "InvalidAccessKeyId"
        | "InvalidAuthenticationInfo"
        | "InvalidSecurity"
        | "InvalidToken"
        | "MissingSecurityHeader"
        | "NoAuthenticationInformation"
        | "SignatureDoesNotMatch"
        | "TokenRefreshRequired" => Cause::Credentials,

        "NoSuchBucket"
        | "InvalidBucketName"
        | "ContainerNotFound"
        | "ContainerBeingDeleted"
        | "ContainerDisabled"
        | "FilesystemNotFound" => Cause::Bucket,

        _ if is_about_encryption(code, details) => Cause::Encryption,
        "AccountIsDisabled"
        | "AccountProblem"
        | "AllAccessDisabled"
        | "AuthorizationFailure"
        | "AuthorizationPermissionMismatch"
        | "AuthorizationProtocolMismatch"
        | "AuthorizationResourceTypeMismatch"
        | "AuthorizationServiceMismatch"
        | "AuthorizationSourceIPMismatch"
        | "InsufficientAccountPermissions"
        | "KeyBasedAuthenticationNotPermitted"
        | "NotSignedUp"
        | "PublicAccessNotPermitted"
        | "UserProjectAccessDenied"
        | "UserProjectAccountProblem"
        | "UserProjectMissing" => Cause::Rights,
        _ => return None,
    })
}

/// Returns whether a store could not decrypt an object. S3 denies the use of a key in KMS by `AccessDenied`, with the
/// right's name in the message. Google does the same.
fn is_about_encryption(code: &str, details: &str) -> bool {
    code.starts_with("KMS.")
        || code.starts_with("KeyVault")
        || matches!(
            code,
            "BlobUsesCustomerSpecifiedEncryption" | "ResourceIsEncryptedWithCustomerEncryptionKey"
        )
        || ["kms:Decrypt", "cloudkms", "Server Side Encryption"].iter().any(|mark| details.contains(mark))
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect()
}

fn spaced(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" {code}") }
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}
