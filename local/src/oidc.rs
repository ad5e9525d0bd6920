//! A token issuer: a key set that rotates, and tokens with any claims.

use crate::{
    body::full,
    server::{Server, Socket},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderValue, Response, StatusCode, header};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// Audience of the issued tokens.
pub const AUDIENCE: &str = "frames";

/// A running issuer. Dropping the value stops it.
#[derive(Debug)]
pub struct Issuer {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// The state that requests and tests change.
struct State {
    /// Keys of the set; the last one signs.
    keys: Vec<Key>,
    key_count: usize,
    fetches: usize,
    is_down: bool,
}

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Issuer {
    /// Starts with one key, on `port`; 0 selects a free one.
    ///
    /// # Errors
    /// If the port is in use.
    pub async fn start(port: u16) -> io::Result<Self> {
        let state = State { keys: Vec::new(), key_count: 0, fetches: 0, is_down: false };
        let state = Arc::new(Mutex::new(state));
        let handler_state = state.clone();
        let server = Socket::bind(port).await?.serve(Arc::new(move |request| {
            let response = respond(&mut lock(&handler_state), request.uri().path());
            Box::pin(std::future::ready(response))
        }));
        let issuer = Self { server, state };
        issuer.rotate();
        Ok(issuer)
    }

    /// Returns the issuer's URL, the value of `iss`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Address of the issuer.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Returns the value of `SAFELIGHT_AUTHORIZE` that accepts these tokens: in `Authorization`, in the
    /// header `token`, or in the query.
    pub fn settings(&self) -> Value {
        json!({
            "mode": "token",
            "tokenFrom": { "headers": ["token"], "queries": ["token"] },
            "issuers": [{ "oidc": { "issuer": self.url(), "audiences": [AUDIENCE] } }],
        })
    }

    /// Adds a new key that signs from now on; the older keys stay in the set.
    ///
    /// # Panics
    /// If the system's random number generator fails.
    pub fn rotate(&self) {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .expect("the system has a random number generator");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random)
            .expect("the key was generated just now");
        let mut state = self.state();
        state.key_count += 1;
        let id = format!("key-{}", state.key_count);
        state.keys.push(Key { id, pair });
    }

    /// Removes all keys from the set except the one that signs.
    pub fn revoke_old_keys(&self) {
        let mut state = self.state();
        let old = state.keys.len().saturating_sub(1);
        state.keys.drain(..old);
    }

    /// Sets whether requests for the key set fail.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// Returns the number of requests for the key set.
    pub fn fetches(&self) -> usize {
        self.state().fetches
    }

    /// Returns a token that is valid for an hour.
    pub fn token(&self) -> String {
        self.mint(&json!({}))
    }

    /// Returns a token that is valid for an hour, with `claims` added or overridden.
    ///
    /// # Panics
    /// If the system's random number generator fails.
    pub fn mint(&self, claims: &Value) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let hour = Duration::from_hours(1);
        let mut all = json!({
            "iss": self.url(), "aud": AUDIENCE, "sub": "viewer",
            "iat": now.as_secs(), "exp": (now + hour).as_secs(),
        });
        for (name, value) in claims.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        let state = self.state();
        let key = state.keys.last().expect("the set is never empty");
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": key.id });
        let signed = format!("{}.{}", base64url(header.to_string()), base64url(all.to_string()));
        let signature = key
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .expect("the system has a random number generator");
        format!("{signed}.{}", base64url(signature))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn respond(state: &mut State, path: &str) -> Response<crate::body::Body> {
    if path != "/.well-known/jwks.json" {
        let mut response = Response::new(full("not found"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    state.fetches += 1;
    let keys: Vec<_> = state.keys.iter().map(Key::public).collect();
    let mut response = Response::new(full(json!({ "keys": keys }).to_string()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if state.is_down {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

impl Key {
    /// Returns the JSON Web Key (RFC 7518 section 6.2): an uncompressed point is 4, then x and y of 32 bytes
    /// each.
    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id, "x": base64url(x), "y": base64url(y) })
    }
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Omits the keys.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("key_count", &self.key_count).finish_non_exhaustive()
    }
}
