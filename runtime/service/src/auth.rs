//! Who may see: the check of viewers' tokens by the function itself, where no edge checks them before.

use crate::{
    client::{client, collect},
    problem,
    response::Body,
    status,
};
use bytes::BytesMut;
use clap::Args;
use headers::{CacheControl, HeaderMapExt};
use http::{HeaderMap, HeaderName, HeaderValue, Response, Uri, header, request::Parts, uri::PathAndQuery};
use safelight_core::{Error, Kind};
use safelight_edge::{
    authorize::{Authorizer, Config, FETCH_SECS, MAX_KEY_SET_BYTES, Mode, Outcome, PENALTY_SECS, Refusal},
    config::from_json,
};
use std::{
    fs,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};
use tokio::{sync::watch, time::timeout};
use tracing::warn;

/// Longest wait for a key set; a request that waits for one is answered in time all the same.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// Whether tokens are asked for.
#[derive(Args, Clone, Debug, Default)]
pub struct AuthSettings {
    /// Ask viewers for a token: settings as JSON (see the edge's documentation), or @ and the name of a file
    /// that holds them
    #[arg(long, env = "SAFELIGHT_AUTHORIZE", value_name = "JSON", value_parser = TokenAuth::from_setting)]
    pub authorize: Option<Arc<TokenAuth>>,
}

/// Lets through whoever has a good token.
#[derive(Debug)]
pub struct TokenAuth {
    authorizer: Authorizer,
    is_open: bool,
    /// Names of the headers that a token may be in.
    vary: Vec<HeaderName>,
    client: OnceLock<reqwest::Client>,
    /// Counts the fetches of key sets that are over.
    fetches: watch::Sender<u64>,
}

/// Why a guard cannot be.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// As it was named.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key of the settings is wrong.
    #[error(transparent)]
    Config(#[from] safelight_edge::config::ConfigError),
}

/// Why a request may not go on.
pub(crate) enum Denied {
    /// It has no token, or one that is not good.
    Refused(Refusal),
    /// Nobody can tell now.
    Unavailable,
}

impl TokenAuth {
    /// Reads `setting`: JSON, or `@` and the name of a file that holds it.
    ///
    /// # Errors
    /// [`AuthError`] that names the key that is wrong.
    pub fn from_setting(setting: &str) -> Result<Arc<Self>, AuthError> {
        let text = match setting.strip_prefix('@') {
            Some(path) => fs::read_to_string(path)
                .map_err(|source| AuthError::File { path: path.to_owned(), source })?,
            None => setting.to_owned(),
        };
        Ok(Arc::new(Self::new(&from_json(&text)?)?))
    }

    fn new(config: &Config) -> Result<Self, AuthError> {
        let places = &config.token_from;
        let own = places.headers.iter().filter_map(|name| name.parse().ok());
        let authorization = places.authorization.then_some(header::AUTHORIZATION);
        let cookie = (!places.cookies.is_empty()).then_some(header::COOKIE);
        Ok(Self {
            authorizer: Authorizer::new(config)?,
            is_open: config.mode == Mode::None,
            vary: authorization.into_iter().chain(cookie).chain(own).collect(),
            client: OnceLock::new(),
            fetches: watch::Sender::new(0),
        })
    }

    /// Takes the token out of a request, so that nothing behind sees it, and decides by it.
    ///
    /// # Errors
    /// [`Denied`]; the token is taken out all the same.
    pub(crate) async fn authenticate(self: &Arc<Self>, parts: &mut Parts) -> Result<(), Denied> {
        let before = parts.clone();
        for name in &self.vary {
            // What is no text is no token, but must not go farther where one may be.
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
                // Before the question, or the end of a fetch might come in between unseen.
                let mut fetches = self.fetches.subscribe();
                match self.authorizer.authorize(&taken.token, now()) {
                    Outcome::Allowed(_) => return Ok(()),
                    Outcome::Refused(refusal) => return Err(Denied::Refused(refusal)),
                    Outcome::Unavailable => return Err(Denied::Unavailable),
                    Outcome::Fetch(url) => self.fetch(url),
                    Outcome::Wait(_) => (),
                }
                // It fails only if the guard is gone.
                let _ = fetches.changed().await;
            }
        };
        timeout(Duration::from_secs(FETCH_SECS), decision).await.unwrap_or(Err(Denied::Unavailable))
    }

    /// Marks an answer as one for this viewer alone: whoever else asks must be checked again.
    pub(crate) fn mark_private(&self, headers: &mut HeaderMap) {
        if self.is_open {
            return;
        }
        let given = headers.typed_get::<CacheControl>().unwrap_or_else(CacheControl::new);
        if !given.no_store() {
            let mut control = CacheControl::new().with_private();
            for (is_given, with) in [
                (given.no_cache(), CacheControl::with_no_cache as fn(CacheControl) -> CacheControl),
                (given.must_revalidate(), CacheControl::with_must_revalidate),
                (given.no_transform(), CacheControl::with_no_transform),
                (given.immutable(), CacheControl::with_immutable),
            ] {
                control = if is_given { with(control) } else { control };
            }
            let age = given.max_age();
            headers.typed_insert(match age {
                Some(age) => control.with_max_age(age),
                None => control,
            });
        }
        // One line: not everybody on the way joins several.
        let given = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok());
        let names = given.chain(self.vary.iter().map(HeaderName::as_str)).collect::<Vec<_>>().join(", ");
        if !names.is_empty() {
            let names = HeaderValue::try_from(names).expect("names of headers are ASCII");
            headers.insert(header::VARY, names);
        }
    }

    /// Fetches a key set, whether or not the viewer who needs it waits for it.
    fn fetch(self: &Arc<Self>, url: Arc<str>) {
        let guard = self.clone();
        tokio::spawn(async move {
            let fetched = timeout(FETCH_TIMEOUT, guard.read(&url)).await;
            let error = match fetched {
                Ok(Ok(body)) => {
                    guard.authorizer.keys_fetched(&url, &body, now()).err().map(|error| error.to_string())
                }
                Ok(Err(error)) => {
                    guard.authorizer.fetch_failed(&url, now());
                    Some(error)
                }
                Err(_) => {
                    guard.authorizer.fetch_failed(&url, now());
                    Some(format!("nothing came for {} s", FETCH_TIMEOUT.as_secs()))
                }
            };
            if let Some(error) = error {
                warn!(%url, error, "key set");
            }
            guard.fetches.send_modify(|count| *count += 1);
        });
    }

    async fn read(&self, url: &str) -> Result<BytesMut, String> {
        let client = if let Some(client) = self.client.get() {
            client
        } else {
            let made = client(FETCH_TIMEOUT).map_err(|error| error.to_string())?;
            self.client.get_or_init(|| made)
        };
        let response = client.get(url).send().await.map_err(|error| error.to_string())?;
        if response.status() != status::WHOLE {
            return Err(format!("answered {}", response.status()));
        }
        let body = collect(response, MAX_KEY_SET_BYTES).await.map_err(|error| error.to_string())?;
        body.ok_or_else(|| format!("has more than {MAX_KEY_SET_BYTES} bytes"))
    }
}

impl Denied {
    /// What the viewer is told: no more than RFC 6750 has words for.
    pub(crate) fn into_response(self, request_id: &str) -> Response<Body> {
        let (error, name, value) = match self {
            Self::Refused(refusal) => {
                let (kind, message) = match status::of_refusal(refusal) {
                    Kind::Forbidden => (Kind::Forbidden, "does not allow this"),
                    kind => (kind, "is missing, or is not good"),
                };
                let error = Error::new(kind, "token", message).with_source(refusal.reason);
                let value = HeaderValue::from_static(refusal.www_authenticate());
                (error, header::WWW_AUTHENTICATE, value)
            }
            Self::Unavailable => {
                let error = Error::new(Kind::Busy, "token", "cannot be checked now; try again later");
                (error, header::RETRY_AFTER, HeaderValue::from(PENALTY_SECS))
            }
        };
        let mut response = problem::response(error, request_id);
        response.headers_mut().insert(name, value);
        response
    }
}

/// `uri` with another query.
fn with_query(uri: &Uri, query: &str) -> Uri {
    let path = uri.path();
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut parts = uri.clone().into_parts();
    // A part of a valid query is valid; if it were not, none would go farther.
    parts.path_and_query = target.parse().ok().or_else(|| path.parse::<PathAndQuery>().ok());
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("/"))
}

/// Seconds since the epoch.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
