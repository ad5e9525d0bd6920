//! An issuer of tokens on loopback.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::AbortHandle,
};

/// An issuer with one key; it ends when it is dropped.
pub(crate) struct Issuer {
    /// The value of `iss`.
    pub(crate) url: String,
    key: EcdsaKeyPair,
    server: AbortHandle,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        // SEC 1 section 2.3.3: a byte that says "uncompressed", then both coordinates.
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        let set = json!({"keys": [{"kid": "one", "kty": "EC", "crv": "P-256", "x": x, "y": y}]}).to_string();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                // The whole request comes at once from loopback, and says nothing that matters here.
                let _ = socket.read(&mut [0; 4096]).await;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", set.len());
                let _ = socket.write_all(format!("{head}{set}").as_bytes()).await;
            }
        });
        Self { url, key, server: server.abort_handle() }
    }

    /// A token for the audience, good for an hour.
    pub(crate) fn token(&self, audience: &str) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let hour = SystemTime::now() + Duration::from_hours(1);
        let expiry = hour.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let header = part(json!({"alg": "ES256", "kid": "one"}));
        let claims = part(json!({"iss": self.url, "sub": "ada", "aud": audience, "exp": expiry}));
        let signed = format!("{header}.{claims}");
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
