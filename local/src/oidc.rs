//! An issuer of tokens: a key set that rotates, and tokens for whoever asks.

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

/// Whom its tokens are for.
pub const AUDIENCE: &str = "frames";

/// A running issuer. It ends when it is dropped.
#[derive(Debug)]
pub struct Issuer {
    server: Server,
    state: Arc<Mutex<State>>,
}

/// What changes.
struct State {
    /// Keys of the set, the one that signs last.
    keys: Vec<Key>,
    made: usize,
    fetches: usize,
    is_down: bool,
}

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Issuer {
    /// Starts with one key, on `port`; 0 is any that is free.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        let state = State { keys: Vec::new(), made: 0, fetches: 0, is_down: false };
        let state = Arc::new(Mutex::new(state));
        let answering = state.clone();
        let server = Socket::bind(port).await?.serve(Arc::new(move |request| {
            let response = answer(&mut lock(&answering), request.uri().path());
            Box::pin(std::future::ready(response))
        }));
        let issuer = Self { server, state };
        issuer.rotate();
        Ok(issuer)
    }

    /// The value of `iss`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What `SAFELIGHT_AUTHORIZE` must be, so that its tokens count: in `Authorization`, in the header `token`,
    /// or in the query.
    pub fn settings(&self) -> Value {
        json!({
            "mode": "token",
            "tokenFrom": { "headers": ["token"], "queries": ["token"] },
            "issuers": [{ "oidc": { "issuer": self.url(), "audiences": [AUDIENCE] } }],
        })
    }

    /// Signs with a new key from now on; the older ones stay in the set.
    ///
    /// # Panics
    /// If the system has no randomness.
    pub fn rotate(&self) {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("there is randomness");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).expect("it was made just now");
        let mut state = self.state();
        state.made += 1;
        let id = format!("key-{}", state.made);
        state.keys.push(Key { id, pair });
    }

    /// Takes every key out of the set but the one that signs.
    pub fn revoke_old_keys(&self) {
        let mut state = self.state();
        let old = state.keys.len().saturating_sub(1);
        state.keys.drain(..old);
    }

    /// Whether the key set is not to be had.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// How often the key set was asked for.
    pub fn fetches(&self) -> usize {
        self.state().fetches
    }

    /// A token that is good for an hour.
    pub fn token(&self) -> String {
        self.mint(&json!({}))
    }

    /// The same with other claims over it.
    ///
    /// # Panics
    /// If the system has no randomness.
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
        let key = state.keys.last().expect("there is one from the start");
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": key.id });
        let signed = format!("{}.{}", part(header.to_string()), part(all.to_string()));
        let signature = key.pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("there is randomness");
        format!("{signed}.{}", part(signature))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn answer(state: &mut State, path: &str) -> Response<crate::body::Body> {
    if path != "/.well-known/jwks.json" {
        let mut response = Response::new(full("not here"));
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
    /// The JSON Web Key (RFC 7518 section 6.2): an uncompressed point is 4, then x and y of 32 bytes each.
    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id, "x": part(x), "y": part(y) })
    }
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves out the keys.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("made", &self.made).finish_non_exhaustive()
    }
}
