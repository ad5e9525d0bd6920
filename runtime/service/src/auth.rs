//! The check of viewers' tokens, for deployments without a check at the edge.

use crate::{
    cache_control::for_checked_viewer,
    client::{client, collect},
    hex::hex,
    rejection::Rejection,
    response::add_vary,
    setting::{FileError, text},
    status,
};
use bytes::BytesMut;
use clap::{Args, ValueEnum, builder::BoolishValueParser};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header, request::Parts, uri::PathAndQuery};
use safelight_core::{Error, Kind};
use safelight_edge::{
    authorize::{
        Access, Authorizer, Claims, Config, FETCH_SECS, MAX_KEY_SET_BYTES, Mode, Outcome, PENALTY_SECS,
        Refusal,
    },
    config::from_json,
};
use sha2::{Digest, Sha256};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};
use tokio::{sync::watch, time::timeout};
use tracing::warn;

/// The longest wait for a key set.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// Settings of the check of tokens.
#[derive(Args, Clone, Debug, Default)]
pub struct AuthSettings {
    /// Require a token from viewers: settings as JSON (see the documentation of safelight-edge), or @ and the
    /// name of a file with them
    #[arg(long, env = "SAFELIGHT_AUTHORIZE", value_name = "JSON", value_parser = TokenAuth::from_setting)]
    pub authorize: Option<Arc<TokenAuth>>,

    /// How the log names viewers with a token
    #[arg(long, env = "SAFELIGHT_LOG_SUBJECT", value_name = "FORM", value_enum, default_value_t)]
    pub log_subject: LogSubject,

    /// A CDN in front checks viewers before its cache: it may store responses, and viewers must ask it before each use
    #[arg(long, env = "SAFELIGHT_CHECKED_BY_CDN", value_parser = BoolishValueParser::new())]
    pub checked_by_cdn: bool,
}

/// Admits requests with a valid token.
#[derive(Debug)]
pub struct TokenAuth {
    authorizer: Authorizer,
    is_open: bool,
    /// Names of the headers that may contain a token.
    vary: Vec<HeaderName>,
    client: OnceLock<reqwest::Client>,
    /// Counts the finished fetches of key sets.
    fetches: watch::Sender<u64>,
}

/// A viewer who was admitted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Viewer {
    /// The identity in the token, if one is required.
    claims: Option<Arc<Claims>>,
}

/// How the log names viewers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogSubject {
    /// Not at all.
    Off,
    /// By a hash of issuer and subject: equal viewers have equal names.
    #[default]
    Hash,
    /// By the claim `sub`, which may identify a person.
    Plain,
}

impl Viewer {
    /// Returns the name of the viewer for the log.
    pub(crate) fn subject(&self, form: LogSubject) -> Option<String> {
        /// Enough to tell viewers apart.
        const HASH_BYTES: usize = 12;
        let claims = self.claims.as_ref()?;
        let subject = claims.subject.as_ref()?;
        match form {
            LogSubject::Off => None,
            LogSubject::Hash => {
                Some(hex(&Sha256::digest(format!("{}\n{subject}", claims.issuer))[..HASH_BYTES]))
            }
            LogSubject::Plain => Some(subject.clone()),
        }
    }
}

/// Reasons for which tokens cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key of the settings is invalid.
    #[error(transparent)]
    Config(#[from] safelight_edge::config::ConfigError),
}

impl TokenAuth {
    /// Parses `setting`: JSON, or `@` and the name of a file with JSON.
    ///
    /// # Errors
    /// [`AuthError`], with the name of the invalid key.
    pub fn from_setting(setting: &str) -> Result<Arc<Self>, AuthError> {
        Ok(Arc::new(Self::new(&from_json(&text(setting)?)?)?))
    }

    fn new(config: &Config) -> Result<Self, AuthError> {
        let locations = &config.token_from;
        let own = locations.headers.iter().filter_map(|name| name.parse().ok());
        let authorization = locations.authorization.then_some(header::AUTHORIZATION);
        let cookie = (!locations.cookies.is_empty()).then_some(header::COOKIE);
        Ok(Self {
            authorizer: Authorizer::new(config)?,
            is_open: config.mode == Mode::None,
            vary: authorization.into_iter().chain(cookie).chain(own).collect(),
            client: OnceLock::new(),
            fetches: watch::Sender::new(0),
        })
    }

    /// Removes the token from a request, so that no later step sees it, and checks it.
    ///
    /// # Errors
    /// [`Kind::Unauthorized`], [`Kind::Forbidden`], or [`Kind::Busy`] if the token cannot be checked at the moment.
    /// The token is removed all the same.
    pub(crate) async fn authenticate(self: &Arc<Self>, parts: &mut Parts) -> Result<Viewer, Rejection> {
        let before = parts.clone();
        for name in &self.vary {
            // A value that is not text is not a token, but it must not stay where a token may be.
            if before.headers.get_all(name).iter().any(|value| value.to_str().is_err()) {
                parts.headers.remove(name);
            }
        }
        let headers = before.headers.iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let taken = self.authorizer.take(headers, before.uri.query().unwrap_or_default());
        for (name, values) in &taken.headers {
            let Ok(name) = name.parse::<HeaderName>() else { continue };
            parts.headers.remove(&name);
            for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
                parts.headers.append(&name, value);
            }
        }
        parts.uri = with_query(&before.uri, &taken.query);

        let decision = async {
            loop {
                // Subscribe first: a fetch may end during the check.
                let mut fetches = self.fetches.subscribe();
                match self.authorizer.authorize(&taken.token, now()) {
                    Outcome::Allowed(claims) => return Ok(Viewer { claims }),
                    Outcome::Refused(refusal) => return Err(refused(refusal)),
                    Outcome::Unavailable => return Err(unavailable()),
                    Outcome::Fetch(url) => self.fetch(url),
                    Outcome::Wait(_) => (),
                }
                // An error means that the sender, a field of `self`, is gone.
                let _ = fetches.changed().await;
            }
        };
        timeout(Duration::from_secs(FETCH_SECS), decision).await.unwrap_or_else(|_| Err(unavailable()))
    }

    /// Checks that `viewer` may make a request. Returns whether `showExif` shows all EXIF to it.
    ///
    /// # Errors
    /// [`Kind::Forbidden`].
    pub(crate) fn permit(&self, viewer: &Viewer, access: &Access<'_>) -> Result<bool, Rejection> {
        self.authorizer.permit(viewer.claims.as_deref(), access).map_err(refused)
    }

    /// Marks a response as private to this viewer: every other viewer must be checked.
    pub(crate) fn mark_private(&self, headers: &mut HeaderMap) {
        if self.is_open {
            return;
        }
        for_checked_viewer(headers);
        add_vary(headers, &self.vary);
    }

    /// Returns the sites that may embed responses (Fetch, "`Cross-Origin-Resource-Policy` header"). Browsers add cookies
    /// to the requests of any site, so with tokens in cookies only pages of the same site may.
    pub(crate) fn resource_policy(&self) -> HeaderValue {
        let has_cookies = !self.is_open && self.vary.contains(&header::COOKIE);
        HeaderValue::from_static(if has_cookies { "same-site" } else { "cross-origin" })
    }

    /// Fetches a key set, even if the client that needs it disconnects.
    fn fetch(self: &Arc<Self>, url: Arc<str>) {
        let auth = self.clone();
        tokio::spawn(async move {
            let fetched = timeout(FETCH_TIMEOUT, auth.read(&url)).await;
            let error = match fetched {
                Ok(Ok(body)) => {
                    auth.authorizer.keys_fetched(&url, &body, now()).err().map(|error| error.to_string())
                }
                Ok(Err(error)) => {
                    auth.authorizer.fetch_failed(&url, now());
                    Some(error)
                }
                Err(_) => {
                    auth.authorizer.fetch_failed(&url, now());
                    Some(format!("no response within {} s", FETCH_TIMEOUT.as_secs()))
                }
            };
            if let Some(error) = error {
                warn!(%url, error, "key set");
            }
            auth.fetches.send_modify(|count| *count += 1);
        });
    }

    async fn read(&self, url: &str) -> Result<BytesMut, String> {
        let client = if let Some(client) = self.client.get() {
            client
        } else {
            let new = client(FETCH_TIMEOUT).map_err(|error| error.to_string())?;
            self.client.get_or_init(|| new)
        };
        let response = client.get(url).send().await.map_err(|error| error.to_string())?;
        if response.status() != status::WHOLE {
            return Err(format!("the issuer responded {}", response.status()));
        }
        let body = collect(response, MAX_KEY_SET_BYTES).await.map_err(|error| error.to_string())?;
        body.ok_or_else(|| format!("the key set has more than {MAX_KEY_SET_BYTES} bytes"))
    }
}

/// Returns the rejection of an invalid token, with only the details that RFC 6750 defines.
fn refused(refusal: Refusal) -> Rejection {
    let kind = status::of_refusal(refusal);
    let message = match kind {
        Kind::Forbidden => "the token lacks a required group, scope or right",
        _ => "missing or invalid token",
    };
    let error = Error::new(kind, "token", message).with_source(refusal.reason);
    Rejection::from(error)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(refusal.www_authenticate()))
}

/// Returns the rejection while the keys of the issuer cannot be fetched.
fn unavailable() -> Rejection {
    let message = "tokens cannot be checked at the moment: retry later";
    Error::new(Kind::Busy, "token", message).with_retry_after(PENALTY_SECS as u32).into()
}

/// Returns `uri` with another query.
pub(crate) fn with_query(uri: &Uri, query: &str) -> Uri {
    let path = uri.path();
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut parts = uri.clone().into_parts();
    // A part of a valid query is valid. If it were not, the query would be dropped.
    parts.path_and_query = target.parse().ok().or_else(|| path.parse::<PathAndQuery>().ok());
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("/"))
}

/// Returns the seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
