//! Responses to callers of Object Lambda access points: the call `WriteGetObjectResponse`.

use crate::{event::Output, function::internal, s3_error::CallerError};
use aws_sdk_s3::{
    Client, Config,
    config::{
        BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
        StalledStreamProtectionConfig, interceptors::BeforeTransmitInterceptorContextMut, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{BoxError, DisplayErrorContext},
    primitives::{ByteStream, DateTime, DateTimeFormat},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, Uri, header, uri::Authority};
use http_body::{Body, Frame, SizeHint};
use safelight_core::{Error, Kind, Result};
use safelight_service::client::CONNECT_TIMEOUT;
use std::{
    collections::HashMap,
    pin::Pin,
    task::{Context, Poll},
};
use sync_wrapper::SyncWrapper;

/// Calls `WriteGetObjectResponse`.
pub(crate) struct Writer {
    client: Client,
}

/// The response to a caller.
pub(crate) struct ObjectResponse<B> {
    /// A status that Object Lambda accepts.
    pub(crate) status: StatusCode,
    /// Headers, of which the call sends those that it has fields for.
    pub(crate) headers: HeaderMap,
    /// The error, if there is one; then there is no body.
    pub(crate) error: Option<CallerError>,
    /// Number of parts of the response, if one of them was requested.
    pub(crate) parts: Option<u64>,
    /// The body.
    pub(crate) body: Option<B>,
}

impl Writer {
    /// Configures the call with the credentials of the environment, for `endpoint` if there is one.
    ///
    /// # Errors
    /// [`Kind::Internal`] if there are no credentials, or `endpoint` is not a URL.
    pub(crate) fn new(endpoint: Option<&str>, region: &str) -> Result<Self> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|error| {
                internal("the function has no credentials in its environment").with_source(error)
            })
        };
        let credentials = Credentials::new(
            variable("AWS_ACCESS_KEY_ID")?,
            variable("AWS_SECRET_ACCESS_KEY")?,
            std::env::var("AWS_SESSION_TOKEN").ok(),
            None,
            "environment",
        );
        // Connections are not reused: one that broke while the function was frozen would lose a response, because
        // the call cannot be repeated.
        let http = Builder::new()
            .pool_max_idle_per_host(0)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(credentials)
            .http_client(http)
            // A token is valid for one call, and a streamed body cannot be sent twice.
            .retry_config(RetryConfig::disabled())
            // The deadline and the timeout of the source limit the time already.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
        if let Some(endpoint) = endpoint {
            let authority = endpoint.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned());
            let authority = authority.ok_or_else(|| internal("the endpoint of S3 is not a URL"))?;
            config = config.endpoint_url(endpoint).interceptor(OwnHost(authority));
        }
        Ok(Self { client: Client::from_conf(config.build()) })
    }

    /// Responds to the caller that `output` leads to. Call it once.
    ///
    /// # Errors
    /// [`Kind::Upstream`] if S3 did not accept the whole response.
    pub(crate) async fn write<B>(&self, output: &Output, response: ObjectResponse<B>) -> Result<()>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let ObjectResponse { status, headers, error, parts, body } = response;
        let text =
            |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (code, message) = error.map(|CallerError { code, message, .. }| (code, message)).unzip();
        let date = text(header::LAST_MODIFIED);
        let date = date.and_then(|date| DateTime::from_str(&date, DateTimeFormat::HttpDate).ok());
        let body = body.map_or_else(
            || ByteStream::from_static(b""),
            |body| ByteStream::from_body_1_x(Shared::new(body)),
        );
        self.client
            .write_get_object_response()
            .request_route(&output.route)
            .request_token(&output.token)
            .status_code(i32::from(status.as_u16()))
            .set_error_code(code)
            .set_error_message(message.as_deref().map(plain))
            .set_accept_ranges(text(header::ACCEPT_RANGES))
            .set_cache_control(text(header::CACHE_CONTROL))
            .set_content_disposition(text(header::CONTENT_DISPOSITION))
            .set_content_language(text(header::CONTENT_LANGUAGE))
            .set_content_range(text(header::CONTENT_RANGE))
            .set_content_type(text(header::CONTENT_TYPE))
            .set_e_tag(text(header::ETAG))
            .set_last_modified(date)
            .set_metadata(Some(metadata(&headers)))
            .set_parts_count(parts.and_then(|parts| i32::try_from(parts).ok()))
            .set_version_id(text(VERSION_ID))
            .body(body)
            .send()
            .await
            .map(drop)
            .map_err(|error| {
                let cause = std::io::Error::other(DisplayErrorContext(error).to_string());
                Error::new(Kind::Upstream, "s3", "S3 did not accept the response").with_source(cause)
            })
    }
}

const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// The prefix of user metadata.
pub(crate) const METADATA: &str = "x-amz-meta-";

fn metadata(headers: &HeaderMap) -> HashMap<String, String> {
    let own = |(name, value): (&HeaderName, &http::HeaderValue)| {
        let name = name.as_str().strip_prefix(METADATA)?;
        Some((name.to_owned(), unspaced(value.to_str().ok()?)))
    };
    headers.iter().filter_map(own).collect()
}

/// Encodes the spaces of a value with consecutive ones, which signing would fold.
fn unspaced(value: &str) -> String {
    if value.contains("  ") { value.replace(' ', "%20") } else { value.to_owned() }
}

/// Returns a message in the characters that a header allows.
fn plain(message: &str) -> String {
    let plain = message.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    unspaced(&plain.take(512).collect::<String>())
}

/// Sends to the configured endpoint, which need not have a host for each route.
#[derive(Debug)]
struct OwnHost(Authority);

impl Intercept for OwnHost {
    fn name(&self) -> &'static str {
        "own host"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let mut uri = request.uri().parse::<Uri>()?.into_parts();
        uri.authority = Some(self.0.clone());
        request.set_uri(Uri::from_parts(uri)?)?;
        Ok(())
    }
}

/// A body that is `Sync`, as the SDK requires, although only one thread uses it.
struct Shared<B> {
    body: SyncWrapper<B>,
    size: SizeHint,
}

impl<B: Body> Shared<B> {
    fn new(body: B) -> Self {
        Self { size: body.size_hint(), body: SyncWrapper::new(body) }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Shared<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(self.body.get_mut()).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}
