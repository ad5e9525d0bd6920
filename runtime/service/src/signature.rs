//! The check of signed URLs: see [`safelight_edge::signed_url`].

use crate::{
    auth::{now, with_query},
    cache_control::limit_age,
    setting::{FileError, text},
};
use clap::{Args, builder::BoolishValueParser};
use http::{HeaderMap, request::Parts};
use safelight_core::{Error, Kind, Result};
use safelight_edge::signed_url::{KeyError, Rejected, SignedUrls};
use std::sync::Arc;

/// Settings of signed URLs.
#[derive(Args, Clone, Debug, Default)]
pub struct SignatureSettings {
    #[command(flatten)]
    keys: SignatureKeys,

    /// Reject requests for images without a signature; without this, only wrong and expired ones are rejected
    #[arg(long, env = "SAFELIGHT_REQUIRE_SIGNATURE", value_parser = BoolishValueParser::new())]
    require_signature: bool,
}

/// The keys of signed URLs.
#[derive(Args, Clone, Debug, Default)]
pub struct SignatureKeys {
    /// Keys of signed URLs as ID:SECRET, separated by commas or lines, or @ and the name of a file with them. Secrets
    /// have at least 32 characters. All verify, and the first signs
    #[arg(long, env = "SAFELIGHT_SIGNATURE_KEYS", hide_env_values = true, value_name = "KEYS", value_parser = keys_from_setting)]
    pub signature_keys: Option<Arc<SignedUrls>>,
}

/// Reasons for which keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key is invalid.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Signatures are required, but nothing can verify them.
    #[error("--require-signature needs --signature-keys")]
    NoKeys,
}

/// Admits requests whose signature is valid.
#[derive(Debug)]
pub struct SignatureCheck {
    keys: Arc<SignedUrls>,
    is_required: bool,
}

/// The time until which an admitted request may be repeated, in seconds since 1970; `None` for no end.
pub(crate) type Expiry = Option<u64>;

impl SignatureSettings {
    /// Whether requests without a signature are rejected.
    pub const fn are_required(&self) -> bool {
        self.require_signature
    }

    /// Returns the check, if there are keys.
    ///
    /// # Errors
    /// [`SignatureError::NoKeys`], if signatures are required without keys.
    pub fn check(&self) -> Result<Option<Arc<SignatureCheck>>, SignatureError> {
        match &self.keys.signature_keys {
            Some(keys) => {
                let is_required = self.require_signature;
                Ok(Some(Arc::new(SignatureCheck { keys: keys.clone(), is_required })))
            }
            None if self.require_signature => Err(SignatureError::NoKeys),
            None => Ok(None),
        }
    }
}

impl SignatureCheck {
    /// Checks that a request may come without a signature of ours.
    ///
    /// # Errors
    /// [`Kind::Forbidden`].
    pub(crate) fn admit_unsigned(&self) -> Result<Expiry> {
        if self.is_required {
            let message = "missing signature: this service's URLs are accepted only with keys of their own";
            return Err(Error::new(Kind::Forbidden, "signature", message));
        }
        Ok(None)
    }

    /// Checks the signature of a request, and removes it and its expiry from the query.
    ///
    /// # Errors
    /// [`Kind::Forbidden`].
    pub(crate) fn admit(&self, parts: &mut Parts) -> Result<Expiry> {
        let query = parts.uri.query().unwrap_or_default();
        match self.keys.verify(parts.uri.path(), query, now()) {
            Ok(verified) => {
                parts.uri = with_query(&parts.uri, &verified.query);
                Ok(verified.expires)
            }
            Err(Rejected::Unsigned) if !self.is_required => Ok(None),
            Err(rejected) => Err(Error::new(Kind::Forbidden, "signature", rejected.to_string())),
        }
    }
}

/// Limits the time for which caches may use a response without asking again to that of its URL.
pub(crate) fn limit_caching(headers: &mut HeaderMap, expiry: Expiry) {
    if let Some(expires) = expiry {
        limit_age(headers, expires.saturating_sub(now()));
    }
}

/// Parses `setting`: keys, or `@` and the name of a file with keys.
fn keys_from_setting(setting: &str) -> Result<Arc<SignedUrls>, SignatureError> {
    Ok(Arc::new(SignedUrls::parse(&text(setting)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn keys_come_from_the_setting_or_a_file() {
        let keys = format!("new:{SECRET}, old:{SECRET}:x\n");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), keys.replace(',', "\n")).unwrap();
        for setting in [keys, format!("@{}", file.path().display())] {
            assert_eq!(
                format!("{:?}", keys_from_setting(&setting).unwrap()),
                "SignedUrls { keys: [\"new\", \"old\"], .. }"
            );
        }
    }

    #[test]
    fn messages_do_not_show_secrets() {
        let check = |setting: &str, expected: &str| {
            assert_eq!(keys_from_setting(setting).unwrap_err().to_string(), expected);
        };
        check("", "there is no key: expected at least one, as ID:SECRET");
        check(&format!("a:{SECRET},{SECRET}"), "key 2 has no colon: expected ID:SECRET");
        check("a:short", "the secret of key \"a\" has 5 bytes: expected at least 32");
        check("@/nowhere", "cannot read /nowhere: No such file or directory (os error 2)");
    }

    #[test]
    fn a_requirement_needs_keys() {
        let settings = SignatureSettings { require_signature: true, ..SignatureSettings::default() };
        assert!(matches!(settings.check(), Err(SignatureError::NoKeys)));
        assert!(SignatureSettings::default().check().unwrap().is_none());
    }
}
