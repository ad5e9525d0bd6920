//! Who may see: JSON web tokens of Cognito pools and any OIDC issuer, without I/O.
//!
//! ```text
//! take(headers, query) → token and the request without it
//! authorize(token, now) → Allowed | Refused | Fetch url → keys_fetched or fetch_failed → authorize again
//!                                           | Wait url  → when that fetch is over → authorize again
//!                                           | Unavailable
//! ```
//!
//! The rules are those of `aws-jwt-verify`, and stricter where that takes what has a second reading: an expiry
//! is mandatory, base64url has one spelling, no name stands twice in JSON, an elliptic curve belongs to its
//! algorithm. `.ci/oracle/tokens.mjs` holds both against each other.
//!
//! Signatures are checked by `ring`, whose verification of RS256 takes about 20 µs and which adds 0.36 MB to a
//! zip; with `aws-lc-rs` that is as fast, adds 1.07 MB and takes three times as long to build. Since `ring`
//! has no P-521, ES512 is checked by `p521`: pure Rust, 0.05 MB, 0.6 ms. The `jsonwebtoken` crate would stand
//! between for nothing: it has no ES512, reads the clock itself, takes duplicate names, and knows `ring` only
//! through a process-wide hook.

mod algorithm;
mod config;
mod issuer;
mod json;
mod key;
mod key_set;
mod place;
mod refusal;
mod remembered;
mod token;

pub use algorithm::Algorithm;
pub use config::{Cognito, Config, IssuerConfig, Mode, Oidc, TokenFrom, TokenUse};
pub use json::MAX_DEPTH;
pub use key::{KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS};
pub use key_set::{FETCH_SECS, PENALTY_SECS};
pub use place::{Given, Taken};
pub use refusal::{Reason, Refusal};
pub use token::MAX_TOKEN_BYTES;

use crate::config::ConfigError;
use issuer::Issuer;
use key_set::{Found, KeySet};
use remembered::{Fingerprint, Remembered, Verified};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use token::Token;

/// Decides who may see. One serves a whole process, all of its threads at once.
///
/// # Examples
/// ```
/// use safelight_edge::{authorize::{Authorizer, Outcome}, config};
///
/// let config = config::from_json(r#"{
///   "mode": "token",
///   "tokenFrom": { "cookies": ["session"], "queries": ["token"] },
///   "issuers": [
///     { "cognito": { "userPoolId": "eu-central-1_a1B2c3D4e", "clientIds": ["app"], "tokenUse": "access" } },
///     { "oidc": { "issuer": "https://id.example", "audiences": ["photos"], "scopes": ["photos/read"] } }
///   ]
/// }"#)?;
/// let authorizer = Authorizer::new(&config)?;
/// let taken = authorizer.take([("cookie", "theme=dark; session=x.y.z")], "width=300");
/// assert_eq!(taken.headers[0].1, ["theme=dark"]);
/// match authorizer.authorize(&taken.token, 1_800_000_000) {
///     Outcome::Refused(refusal) => assert_eq!(refusal.status(), 401),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), safelight_edge::config::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Authorizer {
    mode: Mode,
    token_from: TokenFrom,
    grace_secs: u64,
    /// Each with the index of its key set.
    issuers: Vec<(Issuer, usize)>,
    state: Mutex<State>,
}

/// What changes. It is locked for look-ups, never while a signature is checked.
#[derive(Debug)]
struct State {
    key_sets: Vec<KeySet>,
    remembered: Remembered,
}

/// Who a good token is about. It holds little, since thousands are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `sub`, if there is one. It may name a person.
    pub subject: Option<String>,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It may go on; `None` with [`Mode::None`].
    Allowed(Option<Arc<Claims>>),
    /// It may not.
    Refused(Refusal),
    /// Keys are missing. The caller, and nobody else, fetches the key set at this URL within
    /// [`FETCH_SECS`], tells [`Authorizer::keys_fetched`] or [`Authorizer::fetch_failed`], and asks again.
    Fetch(Arc<str>),
    /// Keys are missing that somebody else is fetching from this URL. The caller asks again after that.
    Wait(Arc<str>),
    /// Keys are missing that could not be fetched: nobody can tell whether the token is good. The request may
    /// not go on; it is worth trying again after [`PENALTY_SECS`] (503, `Retry-After`).
    Unavailable,
}

impl Authorizer {
    /// Who may see by `config`.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of a key whose value is wrong.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut key_sets: Vec<KeySet> = Vec::new();
        let mut issuers = Vec::new();
        for issuer in config.issuers()? {
            let own = key_sets.iter().position(|set| *set.url == *issuer.key_set_url);
            let index = own.unwrap_or_else(|| {
                let url = issuer.key_set_url.clone();
                key_sets.push(KeySet::new(url, config.refresh_seconds, config.stale_seconds));
                key_sets.len() - 1
            });
            issuers.push((issuer, index));
        }
        let remembered = Remembered::new(config.remembered_tokens);
        Ok(Self {
            mode: config.mode,
            token_from: config.token_from.clone(),
            grace_secs: config.grace_seconds,
            issuers,
            state: Mutex::new(State { key_sets, remembered }),
        })
    }

    /// Takes the token out of a request with these headers (name in any letter case, and value) and this query
    /// (without the question mark).
    ///
    /// What is left goes to the cache and to the origin, whatever the [`Outcome`]: also with [`Mode::None`] no
    /// token goes farther than here.
    pub fn take<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        query: &'a str,
    ) -> Taken<'a> {
        self.token_from.take(headers, query)
    }

    /// Decides about a token at `now`, seconds since the epoch.
    pub fn authorize(&self, token: &Given<'_>, now: u64) -> Outcome {
        let decision = match (self.mode, token) {
            (Mode::None, _) => Ok(Outcome::Allowed(None)),
            (Mode::Token, Given::Nothing) => Err(Reason::NoToken),
            (Mode::Token, Given::Several) => Err(Reason::SeveralTokens),
            (Mode::Token, Given::One(token)) => self.check(token, now),
        };
        decision.unwrap_or_else(|reason| Outcome::Refused(reason.into()))
    }

    /// Takes the body of a key set's 200 answer, at `now`, seconds since the epoch.
    ///
    /// # Errors
    /// [`KeySetError`], for the log. The set before stays in use for as long as the settings allow.
    pub fn keys_fetched(&self, url: &str, body: &[u8], now: u64) -> Result<(), KeySetError> {
        let mut state = self.state();
        let set = state.key_sets.iter_mut().find(|set| *set.url == *url);
        set.ok_or(KeySetError::NotAsked)?.fetched(body, now)
    }

    /// Takes the failure of a fetch: no answer in time, or another status than 200.
    pub fn fetch_failed(&self, url: &str, now: u64) {
        if let Some(set) = self.state().key_sets.iter_mut().find(|set| *set.url == *url) {
            set.failed(now);
        }
    }

    fn check(&self, text: &str, now: u64) -> Result<Outcome, Reason> {
        // Before anything is computed from it.
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Reason::TooLong);
        }
        let fingerprint = Fingerprint::of(text);
        if let Some(outcome) = self.recall(&fingerprint, now)? {
            return Ok(outcome);
        }
        let token = Token::parse(text)?;
        let name = token.claims.text("iss");
        let issuer = self.issuers.iter().find(|(issuer, _)| name == Some(issuer.name.as_str()));
        let (issuer, key_set) = issuer.ok_or(Reason::Issuer)?;
        if !issuer.algorithms.contains(&token.algorithm) {
            return Err(Reason::AlgorithmNotAllowed);
        }
        let key = match self.state().find(*key_set, &token.key_id, now) {
            Ok(key) => key,
            Err(outcome) => return Ok(outcome),
        };
        key.verify(token.algorithm, token.signed, &token.signature)?;
        token.claims.window.check(now, self.grace_secs)?;
        issuer.check(&token.claims)?;

        let subject = token.claims.text("sub").map(str::to_owned);
        let claims = Arc::new(Claims { issuer: issuer.name.clone(), subject });
        let verified =
            Verified { window: token.claims.window, key_set: *key_set, key, claims: Arc::clone(&claims) };
        self.state().remembered.insert(fingerprint, verified);
        Ok(Outcome::Allowed(Some(claims)))
    }

    /// What is remembered of a token, if it still counts.
    fn recall(&self, fingerprint: &Fingerprint, now: u64) -> Result<Option<Outcome>, Reason> {
        let mut state = self.state();
        let Some(verified) = state.remembered.get(fingerprint) else { return Ok(None) };
        if let Err(reason) = verified.window.check(now, self.grace_secs) {
            state.remembered.forget(fingerprint);
            return Err(reason);
        }
        match state.find(verified.key_set, &verified.key.id, now) {
            Ok(key) if key == verified.key => Ok(Some(Outcome::Allowed(Some(verified.claims)))),
            // Another key has the id now, and must have signed it to count.
            Ok(_) => {
                state.remembered.forget(fingerprint);
                Ok(None)
            }
            Err(outcome) => Ok(Some(outcome)),
        }
    }

    /// No panic is expected while it is locked, and none would leave it half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The key `id`, or what becomes of a request that cannot have it now.
    fn find(&mut self, key_set: usize, id: &str, now: u64) -> Result<Arc<key::Key>, Outcome> {
        let Some(set) = self.key_sets.get_mut(key_set) else { return Err(Outcome::Unavailable) };
        Err(match set.find(id, now) {
            Found::Key(key) => return Ok(key),
            Found::Fetch => Outcome::Fetch(Arc::clone(&set.url)),
            Found::Wait => Outcome::Wait(Arc::clone(&set.url)),
            Found::Unknown => Outcome::Refused(Reason::UnknownKey.into()),
            Found::Unavailable => Outcome::Unavailable,
        })
    }
}
