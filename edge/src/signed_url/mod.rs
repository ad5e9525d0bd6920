//! Signed URLs: only who has a key can ask for a path and a query.
//!
//! A signed URL has two more query keys: `exp`, the time until which it is valid, in seconds since 1970, which may be
//! absent, and `sig`, the identifier of a key and the signature, `KEY.SIGNATURE`:
//!
//! ```text
//! SIGNATURE = base64url(HMAC-SHA256(secret of the key, MESSAGE)), without padding
//! MESSAGE   = "safelight-url-1" LF path LF pairs
//! path      = the path, percent-decoded, then encoded: all bytes but A–Z a–z 0–9 - . _ ~ / as %XX in upper case
//! pairs     = the pairs of the query without sig, decoded, sorted by key and then by value, encoded like the path but
//!             with / as %2F, as key=value, joined by &
//! ```
//!
//! The order of pairs and the way in which they are encoded do not matter; every other change invalidates the
//! signature. A plus sign in a query is a space, as in HTML forms.

mod message;
#[cfg(test)]
mod tests;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use message::{Pair, message, pairs};
use ring::hmac;
use std::fmt;

/// The query key of the signature.
pub const SIGNATURE: &str = "sig";
/// The query key of the time until which a URL is valid.
pub const EXPIRY: &str = "exp";

/// The shortest secret in bytes: the security of HMAC-SHA256 needs 32 bytes (RFC 2104, section 3).
pub const MIN_SECRET_BYTES: usize = 32;
/// The longest identifier of a key.
const MAX_ID_BYTES: usize = 32;

/// The keys that sign and verify, the newest first. Several make a rotation possible: all verify, and the first signs.
#[derive(Clone)]
pub struct SignedUrls {
    keys: Vec<(String, hmac::Key)>,
}

/// Only the identifiers: secrets must not be in a log.
impl fmt::Debug for SignedUrls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|(id, _)| id).collect();
        formatter.debug_struct("SignedUrls").field("keys", &ids).finish_non_exhaustive()
    }
}

/// A key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no key.
    #[error("there is no key: expected at least one, as ID:SECRET")]
    Missing,
    /// A key has no identifier.
    #[error("key {0} has no colon: expected ID:SECRET")]
    NoSecret(usize),
    /// The identifier has other characters, or is too long.
    #[error("invalid key identifier \"{0}\": expected 1 to {MAX_ID_BYTES} letters, digits, - or _")]
    Id(String),
    /// Two keys have the same identifier.
    #[error("two keys have the identifier \"{0}\"")]
    Duplicate(String),
    /// The secret is too short.
    #[error("the secret of key \"{id}\" has {bytes} bytes: expected at least {MIN_SECRET_BYTES}")]
    Short {
        /// The identifier.
        id: String,
        /// The length of the secret.
        bytes: usize,
    },
}

/// The reason for which a URL is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// There is no signature.
    #[error("the URL is not signed: it needs the key {SIGNATURE}")]
    Unsigned,
    /// A part of it cannot be read.
    #[error("{0}")]
    Malformed(&'static str),
    /// No key has this identifier.
    #[error("the URL is signed with a key that is not in use")]
    UnknownKey,
    /// The signature is not that of the path and the query.
    #[error("the signature does not match the path and the query")]
    Mismatch,
    /// The time until which it was valid has passed.
    #[error("the URL has expired")]
    Expired,
}

/// A URL whose signature is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The pairs of the query without `sig` and `exp`, as they were written.
    pub query: String,
    /// The time until which the URL is valid, in seconds since 1970.
    pub expires: Option<u64>,
}

impl SignedUrls {
    /// Creates the keys from identifiers and secrets.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new<'a>(keys: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, KeyError> {
        let mut all: Vec<(String, hmac::Key)> = Vec::new();
        for (id, secret) in keys {
            let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            if id.is_empty() || MAX_ID_BYTES < id.len() || !id.bytes().all(is_valid) {
                return Err(KeyError::Id(id.to_owned()));
            }
            if all.iter().any(|(known, _)| known == id) {
                return Err(KeyError::Duplicate(id.to_owned()));
            }
            if secret.len() < MIN_SECRET_BYTES {
                return Err(KeyError::Short { id: id.to_owned(), bytes: secret.len() });
            }
            all.push((id.to_owned(), hmac::Key::new(hmac::HMAC_SHA256, secret)));
        }
        if all.is_empty() { Err(KeyError::Missing) } else { Ok(Self { keys: all }) }
    }

    /// Parses keys as `ID:SECRET`, separated by commas or lines.
    ///
    /// # Errors
    /// [`KeyError`]. Its message has the position of a key, because its text is a secret.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let keys = text.split([',', '\n']).map(str::trim).filter(|key| !key.is_empty()).zip(1..);
        let pairs = keys.map(|(key, number)| key.split_once(':').ok_or(KeyError::NoSecret(number)));
        let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
        Self::new(pairs.into_iter().map(|(id, secret)| (id, secret.as_bytes())))
    }

    /// Returns the signed query for `path`, which starts with a slash, and the raw `query`. The URL is valid until
    /// `expires`, in seconds since 1970, or without end.
    ///
    /// # Errors
    /// [`Rejected::Malformed`], for a path or query that could not be verified.
    ///
    /// # Examples
    /// ```
    /// use safelight_edge::signed_url::SignedUrls;
    ///
    /// let urls = SignedUrls::new([("a", b"0123456789abcdef0123456789abcdef".as_slice())]).unwrap();
    /// let query = urls.sign("/photo.jpg", "width=300", Some(1_800_000_000)).unwrap();
    /// assert_eq!(query, "width=300&exp=1800000000&sig=a.lJPwCNaFKQP6t060BrYvQOifDVVhhmI96L15aRscgZ4");
    /// assert_eq!(urls.verify("/photo.jpg", &query, 1_800_000_000).unwrap().query, "width=300");
    /// ```
    pub fn sign(&self, path: &str, query: &str, expires: Option<u64>) -> Result<String, Rejected> {
        let Some((id, key)) = self.keys.first() else { return Err(Rejected::UnknownKey) };
        if pairs(query)?.iter().any(|pair| matches!(&*pair.key, SIGNATURE | EXPIRY)) {
            return Err(Rejected::Malformed("the query already has one of the keys sig and exp"));
        }
        let expiry = expires.map(|expires| format!("{EXPIRY}={expires}"));
        let unsigned = joined([query.to_owned()].into_iter().chain(expiry));
        let tag = hmac::sign(key, &message(path, &pairs(&unsigned)?)?);
        let signature = format!("{SIGNATURE}={id}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
        Ok(joined([unsigned, signature]))
    }

    /// Verifies the signature of a raw `query` for `path`, both as in the request, at the time `now` in seconds since
    /// 1970. Takes the same time wherever signatures differ.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn verify(&self, path: &str, query: &str, now: u64) -> Result<Verified, Rejected> {
        let mut pairs = pairs(query)?;
        let signature = take(&mut pairs, SIGNATURE)?.ok_or(Rejected::Unsigned)?;
        let malformed = Rejected::Malformed("sig is not KEY.SIGNATURE, with a signature of 43 characters");
        let (id, tag) = signature.split_once('.').ok_or(malformed.clone())?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).map_err(|_| malformed)?;
        let (_, key) = self.keys.iter().find(|(known, _)| known == id).ok_or(Rejected::UnknownKey)?;
        hmac::verify(key, &message(path, &pairs)?, &tag).map_err(|_| Rejected::Mismatch)?;
        let expires = take(&mut pairs, EXPIRY)?.map(|text| expiry(&text)).transpose()?;
        if expires.is_some_and(|expires| expires < now) {
            return Err(Rejected::Expired);
        }
        Ok(Verified { query: joined(pairs.iter().map(|pair| pair.raw.to_owned())), expires })
    }
}

/// Removes the pair of `key` and returns its value.
fn take(pairs: &mut Vec<Pair<'_>>, key: &str) -> Result<Option<String>, Rejected> {
    let Some(index) = pairs.iter().position(|pair| pair.key == key) else { return Ok(None) };
    let value = pairs.remove(index).value;
    if pairs.iter().any(|pair| pair.key == key) {
        return Err(Rejected::Malformed("sig and exp may occur only once"));
    }
    Ok(Some(value))
}

/// Parses a time. Signs and spaces, which other parsers accept, are errors.
fn expiry(text: &str) -> Result<u64, Rejected> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.ok_or(Rejected::Malformed("exp is not a number of seconds since 1970"))
}

/// Joins the parts of a query that are not empty.
fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("&")
}
