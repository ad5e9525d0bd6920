//! Public keys (JWK, RFC 7517) and key sets.

use super::{algorithm::Algorithm, json, refusal::Reason};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p521::ecdsa::signature::Verifier as _;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc};

/// Maximum size of a key set in bytes. Real key sets have 1 to 30 kB.
pub const MAX_KEY_SET_BYTES: usize = 256 << 10;
/// Maximum number of keys in a key set, including keys with other uses.
pub const MAX_KEYS: usize = 100;

/// An unusable key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// No fetch from this URL is in progress.
    #[error("unexpected key set: no fetch from this URL is in progress")]
    NotRequested,
    /// Longer than [`MAX_KEY_SET_BYTES`].
    #[error("key set too long: the limit is {MAX_KEY_SET_BYTES} bytes")]
    TooLong,
    /// The set has more than [`MAX_KEYS`] keys.
    #[error("too many keys: the limit is {MAX_KEYS}")]
    TooManyKeys,
    /// The text is not an object with an array `keys`, or is ambiguous JSON (see [`MAX_DEPTH`](super::MAX_DEPTH)).
    #[error("invalid key set: expected a JSON web key set")]
    Malformed,
}

/// A public key that may sign tokens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Value of `kid`.
    pub(super) id: String,
    /// Value of `alg`, if present.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent, big-endian.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
    P521(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// Checks `signature` over `message`.
    ///
    /// # Errors
    /// [`Reason::KeyMismatch`] if this key does not support `algorithm`, [`Reason::Signature`] if the signature
    /// is invalid.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        if self.algorithm.is_some_and(|expected| expected != algorithm) {
            return Err(Reason::KeyMismatch);
        }
        let unparsed = |algorithm: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| Reason::Signature)
        };
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512) => {
                let parameters = match algorithm {
                    Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                let key = RsaPublicKeyComponents { n, e };
                key.verify(parameters, message, signature).map_err(|_| Reason::Signature)
            }
            (Material::P256(key), Algorithm::ES256) => unparsed(&signature::ECDSA_P256_SHA256_FIXED, key),
            (Material::P384(key), Algorithm::ES384) => unparsed(&signature::ECDSA_P384_SHA384_FIXED, key),
            (Material::P521(key), Algorithm::ES512) => {
                let signature =
                    p521::ecdsa::Signature::from_slice(signature).map_err(|_| Reason::Signature)?;
                key.verify(message, &signature).map_err(|_| Reason::Signature)
            }
            (Material::Ed25519(key), Algorithm::EdDsa) => unparsed(&signature::ED25519, key),
            _ => Err(Reason::KeyMismatch),
        }
    }

    /// Parses a JWK; `None` if its use, type, curve or size is unsupported for token signatures.
    fn from_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|operations| operations.iter().any(|one| one == "verify"))
        };
        if jwk.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return None;
        }
        let algorithm = match jwk.get("alg") {
            Some(name) => Some(Algorithm::from_name(name.as_str()?)?),
            None => None,
        };
        // RFC 7518 section 6.2.1.2: coordinates have the full length of the field.
        let point = |length: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == length && y.len() == length).then(|| [&[4], &x[..], &y[..]].concat())
        };
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                // 2,048 to 8,192 bits without leading zeros (RFC 7518 section 6.3.1.1). `ring` checks the rest.
                let is_supported = (256..=1024).contains(&n.len()) && n.first() != Some(&0);
                is_supported.then_some(Material::Rsa { n, e })?
            }
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("EC", Some("P-521")) => {
                let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point(66)?).ok()?;
                Material::P521(Box::new(key))
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x").filter(|x| x.len() == 32)?),
            _ => return None,
        };
        Some(Self { id: text("kid")?.to_owned(), algorithm, material })
    }
}

/// Parses the JSON web key set `body` into its signing keys by id.
///
/// Unsupported keys are skipped. Keys that share an id are skipped too, because the id is ambiguous.
///
/// # Errors
/// [`KeySetError`], but never [`KeySetError::NotRequested`].
pub(super) fn key_set(body: &[u8]) -> Result<HashMap<String, Arc<Key>>, KeySetError> {
    if body.len() > MAX_KEY_SET_BYTES {
        return Err(KeySetError::TooLong);
    }
    let set = json::object(body).map_err(|_| KeySetError::Malformed)?;
    let jwks = set.get("keys").and_then(Value::as_array).ok_or(KeySetError::Malformed)?;
    if jwks.len() > MAX_KEYS {
        return Err(KeySetError::TooManyKeys);
    }
    let jwks = || jwks.iter().filter_map(Value::as_object);
    let mut uses_of_id = HashMap::<&str, usize>::new();
    for id in jwks().filter_map(|jwk| jwk.get("kid")?.as_str()) {
        *uses_of_id.entry(id).or_default() += 1;
    }
    let keys = jwks().filter_map(Key::from_jwk).filter(|key| uses_of_id.get(key.id.as_str()) == Some(&1));
    Ok(keys.map(|key| (key.id.clone(), Arc::new(key))).collect())
}
