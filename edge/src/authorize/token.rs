//! Strict parsing of tokens. Nothing in this module verifies a signature.

use super::{algorithm::Algorithm, json, refusal::Reason};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// Maximum size of a token in bytes. A cookie has at most 4,096 bytes, a URL in CloudFront 8,192.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;
/// Maximum size of a `kid` in bytes. Cognito's have 44.
const MAX_KEY_ID_BYTES: usize = 256;

/// A JWT in compact form (RFC 7515 section 3.1), not verified.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// The signed bytes: header and payload as they were sent.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    pub(super) claims: Claims,
}

/// The payload: it has an expiry, and its registered claims have the correct types.
#[derive(Debug)]
pub(super) struct Claims {
    object: Map<String, Value>,
    pub(super) window: Window,
}

/// The validity period of a token, in seconds since the epoch. Both values are finite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    expires: f64,
    not_before: Option<f64>,
}

impl<'a> Token<'a> {
    /// Parses `text`, which has at most [`MAX_TOKEN_BYTES`].
    ///
    /// # Errors
    /// [`Reason::Malformed`] to [`Reason::NoExpiry`]. Errors in the header are reported first.
    pub(super) fn parse(text: &'a str) -> Result<Self, Reason> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Reason::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Reason::Malformed)?;
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let (algorithm, key_id) = parse_header(&json::object(&header)?)?;
        let claims = Claims::parse(json::object(&payload)?)?;
        Ok(Self { signed: signed.as_bytes(), signature, algorithm, key_id, claims })
    }
}

/// Decodes base64url without padding (RFC 7515 section 2). Unused bits must be zero, so that each token has
/// exactly one encoding. A dot is not a base64url character, so a token with four parts fails here.
fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| !bytes.is_empty()).ok_or(Reason::Malformed)
}

fn parse_header(header: &Map<String, Value>) -> Result<(Algorithm, String), Reason> {
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(Reason::CriticalHeader);
    }
    // Logout and security event tokens are signed with the same keys (RFC 8725 section 3.11).
    let is_access = |typ: &Value| {
        let typ = typ.as_str().unwrap_or_default().to_ascii_lowercase();
        matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
    };
    if header.get("typ").is_some_and(|typ| !is_access(typ)) {
        return Err(Reason::Type);
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let algorithm = Algorithm::from_name(text("alg")).ok_or(Reason::Algorithm)?;
    let key_id = text("kid");
    if key_id.is_empty() || key_id.len() > MAX_KEY_ID_BYTES {
        return Err(Reason::NoKeyId);
    }
    Ok((algorithm, key_id.to_owned()))
}

impl Claims {
    fn parse(object: Map<String, Value>) -> Result<Self, Reason> {
        let seconds = |name: &str| match object.get(name) {
            Some(value) => value.as_f64().map(Some).ok_or(Reason::ClaimType),
            None => Ok(None),
        };
        let (expires, not_before, _) = (seconds("exp")?, seconds("nbf")?, seconds("iat")?);
        for name in ["iss", "sub", "jti", "scope", "client_id", "token_use"] {
            if object.get(name).is_some_and(|value| !value.is_string()) {
                return Err(Reason::ClaimType);
            }
        }
        for (name, may_be_string) in [("aud", true), ("cognito:groups", false)] {
            let is_valid = |value: &Value| match value {
                Value::Array(items) => items.iter().all(Value::is_string),
                _ => may_be_string && value.is_string(),
            };
            if object.get(name).is_some_and(|value| !is_valid(value)) {
                return Err(Reason::ClaimType);
            }
        }
        let window = Window { expires: expires.ok_or(Reason::NoExpiry)?, not_before };
        Ok(Self { object, window })
    }

    /// Returns the claim `name` if it is a string.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.object.get(name)?.as_str()
    }

    /// Returns claims without a validity period.
    #[cfg(test)]
    pub(super) fn of(claims: Value) -> Self {
        let Value::Object(object) = claims else { panic!("claims are an object") };
        Self { object, window: Window { expires: f64::MAX, not_before: None } }
    }

    /// Returns the strings of the claim `name`: those of an array, or a single string.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let value = self.object.get(name);
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.chain(value).filter_map(Value::as_str)
    }
}

impl Window {
    /// Checks that `now`, seconds since the epoch, is within the period, extended by `grace_secs` on both sides
    /// for clock differences.
    ///
    /// # Errors
    /// [`Reason::Expired`] from the second of `exp` on (RFC 7519 section 4.1.4), [`Reason::NotYetValid`] before
    /// `nbf`.
    pub(super) fn check(self, now: u64, grace_secs: u64) -> Result<(), Reason> {
        let (now, grace) = (now as f64, grace_secs as f64);
        if now >= self.expires + grace {
            return Err(Reason::Expired);
        }
        if self.not_before.is_some_and(|start| now < start - grace) {
            return Err(Reason::NotYetValid);
        }
        Ok(())
    }
}
