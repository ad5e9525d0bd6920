//! A token taken apart, strictly and without trust: nothing here says that it is genuine.

use super::{algorithm::Algorithm, json, refusal::Reason};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// Most bytes of a token. A cookie holds 4,096, a request's URL 8,192.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;
/// Most bytes of a `kid`. Cognito's have 44.
const MAX_KEY_ID_BYTES: usize = 256;

/// A JWT in compact form (RFC 7515 section 3.1), not verified.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// What was signed: header and payload as they were sent.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    pub(super) claims: Claims,
}

/// The payload's object, with an expiry and with registered claims of the right types.
#[derive(Debug)]
pub(super) struct Claims {
    object: Map<String, Value>,
    pub(super) window: Window,
}

/// When a token is valid, in seconds since the epoch; finite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    expires: f64,
    not_before: Option<f64>,
}

impl<'a> Token<'a> {
    /// Takes `text` apart, up to [`MAX_TOKEN_BYTES`] of it.
    ///
    /// # Errors
    /// [`Reason::Malformed`] to [`Reason::NoExpiry`], those of the header before those of the payload.
    pub(super) fn parse(text: &'a str) -> Result<Self, Reason> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Reason::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Reason::Malformed)?;
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let (algorithm, key_id) = parse_header(&json::object(&header)?)?;
        let claims = Claims::parse(json::object(&payload)?)?;
        Ok(Self { signed: signed.as_bytes(), signature, algorithm, key_id, claims })
    }
}

/// Base64url without padding (RFC 7515 section 2); unused bits must be zero, so that a token has one
/// spelling. A dot is no letter of it, so four parts end here too.
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
        for (name, may_be_one) in [("aud", true), ("cognito:groups", false)] {
            let is_right = |value: &Value| match value {
                Value::Array(items) => items.iter().all(Value::is_string),
                _ => may_be_one && value.is_string(),
            };
            if object.get(name).is_some_and(|value| !is_right(value)) {
                return Err(Reason::ClaimType);
            }
        }
        let window = Window { expires: expires.ok_or(Reason::NoExpiry)?, not_before };
        Ok(Self { object, window })
    }

    /// The claim `name` if it is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.object.get(name)?.as_str()
    }

    /// The claim `name` as a list, in which text is a list of one.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        let value = self.object.get(name);
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.chain(value).filter_map(Value::as_str)
    }
}

impl Window {
    /// Whether `now` is in it, with `grace_secs` on both sides for clocks that differ.
    ///
    /// # Errors
    /// [`Reason::Expired`] from the second of `exp` on (RFC 7519 section 4.1.4), [`Reason::NotYetValid`].
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
