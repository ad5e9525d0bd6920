//! Authorizes viewers by JSON web tokens of Cognito user pools and any OIDC issuer, without I/O.
//!
//! ```text
//! take(headers, query) → token and the request without it
//! authorize(token, now) → Allowed | Refused | Fetch url → keys_fetched or fetch_failed → authorize again
//!                                           | Wait url  → when that fetch is over → authorize again
//!                                           | Unavailable
//! ```
//!
//! The rules follow `aws-jwt-verify` and are stricter where it accepts ambiguous input: `exp` is mandatory,
//! base64url must be canonical, JSON names must be unique, and an elliptic curve must match its algorithm.
//! `.ci/oracle/tokens.mjs` compares both implementations.
//!
//! `ring` verifies signatures (RS256: about 20 µs). It does not support P-521, so `p521` verifies ES512
//! (0.6 ms). `docs/decisions/0040-token-verification-libraries.md` compares the alternatives.

mod algorithm;
mod config;
mod issuer;
mod json;
mod key;
mod key_set;
mod refusal;
mod rights;
mod token;
mod token_cache;
mod token_location;

pub use algorithm::Algorithm;
pub use config::{Cognito, Config, IssuerConfig, Mode, Oidc, Right, TokenFrom, TokenUse};
pub use json::MAX_DEPTH;
pub use key::{KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS};
pub use key_set::{FETCH_SECS, PENALTY_SECS};
pub use refusal::{Reason, Refusal};
pub use rights::Access;
pub use token::MAX_TOKEN_BYTES;
pub use token_location::{Extracted, TokenPresence};

use crate::config::ConfigError;
use issuer::Issuer;
use key_set::{KeyLookup, KeySet};
use rights::Rights;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use token::Token;
use token_cache::{Fingerprint, TokenCache, Verified};

/// Decides whether a request is authorized. A process needs one, shared by all its threads.
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
/// let extracted = authorizer.take([("cookie", "theme=dark; session=x.y.z")], "width=300");
/// assert_eq!(extracted.headers[0].1, ["theme=dark"]);
/// match authorizer.authorize(&extracted.token, 1_800_000_000) {
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
    rights: Rights,
    /// The issuers, each with the index of its key set in [`State::key_sets`].
    issuers: Vec<(Issuer, usize)>,
    state: Mutex<State>,
}

/// The mutable state. It is locked for look-ups only, never during a signature check.
#[derive(Debug)]
struct State {
    key_sets: Vec<KeySet>,
    token_cache: TokenCache,
}

/// The identity in a valid token. It is small, because the cache stores thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The claim `iss`.
    pub issuer: String,
    /// The claim `sub`, if present. It may identify a person.
    pub subject: Option<String>,
    /// Whether the token has one of the scopes that show all EXIF.
    pub sees_all_exif: bool,
    /// The rights of the token, one bit for each.
    rights: u64,
}

/// The result of an authorization.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The request is authorized. The claims are `None` with [`Mode::None`].
    Allowed(Option<Arc<Claims>>),
    /// The request is rejected.
    Refused(Refusal),
    /// The key is missing. This caller alone must fetch the key set at this URL within [`FETCH_SECS`], report
    /// to [`Authorizer::keys_fetched`] or [`Authorizer::fetch_failed`], and then authorize again.
    Fetch(Arc<str>),
    /// The key is missing and another caller is fetching the key set at this URL. The caller authorizes again
    /// after that fetch.
    Wait(Arc<str>),
    /// The key set could not be fetched, so the token cannot be checked. The request must be rejected with a
    /// 503 and `Retry-After`: [`PENALTY_SECS`].
    Unavailable,
}

impl Authorizer {
    /// Creates an authorizer from `config`.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the invalid key.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut key_sets: Vec<KeySet> = Vec::new();
        let mut issuers = Vec::new();
        for issuer in config.issuers()? {
            let existing = key_sets.iter().position(|set| *set.url == *issuer.key_set_url);
            let index = existing.unwrap_or_else(|| {
                let url = issuer.key_set_url.clone();
                key_sets.push(KeySet::new(url, config.refresh_seconds, config.stale_seconds));
                key_sets.len() - 1
            });
            issuers.push((issuer, index));
        }
        let token_cache = TokenCache::new(config.remembered_tokens);
        Ok(Self {
            mode: config.mode,
            token_from: config.token_from.clone(),
            grace_secs: config.grace_seconds,
            rights: Rights::new(&config.rights)?,
            issuers,
            state: Mutex::new(State { key_sets, token_cache }),
        })
    }

    /// Extracts the token from a request's headers (name in any letter case, and value) and its query
    /// (without the question mark).
    ///
    /// The caller must forward only the remaining headers and query, for every [`Outcome`]. Tokens are
    /// removed with [`Mode::None`] too, so they never reach the cache or the origin.
    pub fn take<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        query: &'a str,
    ) -> Extracted<'a> {
        self.token_from.extract(headers, query)
    }

    /// Checks a token at `now`, seconds since the epoch.
    pub fn authorize(&self, token: &TokenPresence<'_>, now: u64) -> Outcome {
        let decision = match (self.mode, token) {
            (Mode::None, _) => Ok(Outcome::Allowed(None)),
            (Mode::Token, TokenPresence::Absent) => Err(Reason::NoToken),
            (Mode::Token, TokenPresence::Several) => Err(Reason::SeveralTokens),
            (Mode::Token, TokenPresence::One(token)) => self.check(token, now),
        };
        decision.unwrap_or_else(|reason| Outcome::Refused(reason.into()))
    }

    /// Checks that the viewer with `claims`, as [`Outcome::Allowed`] has them, may make a request. Returns whether
    /// `showExif` shows all EXIF to it.
    ///
    /// # Errors
    /// [`Refusal`] with [`Reason::Right`].
    pub fn permit(&self, claims: Option<&Claims>, access: &Access<'_>) -> Result<bool, Refusal> {
        let Some(claims) = claims else { return Ok(false) };
        Ok(self.rights.check(claims.rights, access)? || claims.sees_all_exif)
    }

    /// Stores a fetched key set: the body of a 200 response received at `now`, seconds since the epoch.
    ///
    /// # Errors
    /// [`KeySetError`], for the log. The previous set stays in use as long as the settings allow.
    pub fn keys_fetched(&self, url: &str, body: &[u8], now: u64) -> Result<(), KeySetError> {
        let mut state = self.state();
        let set = state.key_sets.iter_mut().find(|set| *set.url == *url);
        set.ok_or(KeySetError::NotRequested)?.fetched(body, now)
    }

    /// Records a failed fetch: no response in time, or a status other than 200.
    pub fn fetch_failed(&self, url: &str, now: u64) {
        if let Some(set) = self.state().key_sets.iter_mut().find(|set| *set.url == *url) {
            set.failed(now);
        }
    }

    fn check(&self, text: &str, now: u64) -> Result<Outcome, Reason> {
        // First, so that no work is done on an oversized token.
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Reason::TooLong);
        }
        let fingerprint = Fingerprint::of(text);
        if let Some(outcome) = self.check_cached(&fingerprint, now)? {
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
        let sees_all_exif = issuer.shows_all_exif(&token.claims);
        let rights = self.rights.of(&token.claims);
        let claims = Arc::new(Claims { issuer: issuer.name.clone(), subject, sees_all_exif, rights });
        let verified =
            Verified { window: token.claims.window, key_set: *key_set, key, claims: Arc::clone(&claims) };
        self.state().token_cache.insert(fingerprint, verified);
        Ok(Outcome::Allowed(Some(claims)))
    }

    /// Checks a token that was verified before. `None` means that it must be verified.
    fn check_cached(&self, fingerprint: &Fingerprint, now: u64) -> Result<Option<Outcome>, Reason> {
        let mut state = self.state();
        let Some(verified) = state.token_cache.get(fingerprint) else { return Ok(None) };
        if let Err(reason) = verified.window.check(now, self.grace_secs) {
            state.token_cache.remove(fingerprint);
            return Err(reason);
        }
        match state.find(verified.key_set, &verified.key.id, now) {
            Ok(key) if key == verified.key => Ok(Some(Outcome::Allowed(Some(verified.claims)))),
            // The id now belongs to another key, so the signature must be verified with that key.
            Ok(_) => {
                state.token_cache.remove(fingerprint);
                Ok(None)
            }
            Err(outcome) => Ok(Some(outcome)),
        }
    }

    /// Locks the state. A poisoned lock is safe to use: no update can leave the state half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Finds the key `id`, or returns the outcome of a request whose key is missing.
    fn find(&mut self, key_set: usize, id: &str, now: u64) -> Result<Arc<key::Key>, Outcome> {
        let Some(set) = self.key_sets.get_mut(key_set) else { return Err(Outcome::Unavailable) };
        Err(match set.find(id, now) {
            KeyLookup::Found(key) => return Ok(key),
            KeyLookup::Fetch => Outcome::Fetch(Arc::clone(&set.url)),
            KeyLookup::Wait => Outcome::Wait(Arc::clone(&set.url)),
            KeyLookup::Unknown => Outcome::Refused(Reason::UnknownKey.into()),
            KeyLookup::Unavailable => Outcome::Unavailable,
        })
    }
}
