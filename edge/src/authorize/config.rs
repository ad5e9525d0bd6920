//! Authorization settings.

use super::{algorithm::Algorithm, issuer::Issuer};
use crate::{config::ConfigError, event::is_disallowed};
use serde::{Deserialize, Deserializer};
use std::{collections::HashSet, ops::RangeInclusive};

/// The authorization settings. There is no default mode, so that open access is always an explicit choice.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Whether a token is required.
    pub mode: Mode,
    /// Trusted issuers: 1 to 32 with [`Mode::Token`], empty with [`Mode::None`].
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    /// What the claims of a token permit. Defaults to an empty list: a valid token permits everything.
    #[serde(default)]
    pub rights: Vec<Right>,
    /// Places that may contain the token. Defaults to `Authorization: Bearer` only.
    #[serde(default)]
    pub token_from: TokenFrom,
    /// Tolerated difference to the issuer's clock, 0 to 600 seconds. Defaults to 0.
    #[serde(default)]
    pub grace_seconds: u64,
    /// Age at which a key set is fetched again, 10 to 86,400 seconds. This is also the longest time for which
    /// tokens of a removed key are still accepted. Defaults to 3,600.
    #[serde(default = "one_hour")]
    pub refresh_seconds: u64,
    /// Time for which an expired key set stays in use while fetching it fails, 0 to 86,400 seconds. Defaults
    /// to 3,600.
    #[serde(default = "one_hour")]
    pub stale_seconds: u64,
    /// Maximum number of cached verified tokens, 0 to 1,000,000; each takes about 300 bytes. Defaults to
    /// 10,000.
    #[serde(default = "ten_thousand")]
    pub remembered_tokens: usize,
}

/// Whether a token is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Every request is allowed, without a token.
    None,
    /// Only requests with a valid token of one of the issuers are allowed.
    Token,
}

/// A trusted issuer and the requirements on its tokens.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum IssuerConfig {
    /// An Amazon Cognito user pool.
    Cognito(Cognito),
    /// Any other issuer of JWTs (OIDC or OAuth 2).
    Oidc(Oidc),
}

/// An Amazon Cognito user pool.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cognito {
    /// Id of the pool, such as `eu-central-1_a1B2c3D4e`.
    pub user_pool_id: String,
    /// Accepted app clients. Required; `null` accepts every client of the pool.
    #[serde(deserialize_with = "required_nullable")]
    pub client_ids: Option<Vec<String>>,
    /// Accepted kind of token. Required.
    pub token_use: TokenUse,
    /// Accepted groups: the user must be in at least one. Defaults to an empty list: no group is required.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Accepted scopes: the token must have at least one. Defaults to an empty list: no scope is required.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Scopes with which `showExif` shows all tags, place and names among them: the token must have at least one. If the
    /// edge checks the token, the origin needs `SAFELIGHT_EXIF=edge`. Defaults to an empty list: only the operator's
    /// setting decides.
    #[serde(default)]
    pub exif_scopes: Vec<String>,
}

/// The `token_use` of a Cognito token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum TokenUse {
    /// Access tokens, which authorize a client.
    Access,
    /// Id tokens, which identify a user to a client.
    Id,
    /// Access tokens and id tokens.
    Either,
}

/// Any issuer of JWTs.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Oidc {
    /// The exact value of `iss`: an `https` URL, or `http` on loopback.
    pub issuer: String,
    /// Accepted audiences: `aud` must contain at least one. Required; `null` accepts every audience.
    #[serde(deserialize_with = "required_nullable")]
    pub audiences: Option<Vec<String>>,
    /// Accepted scopes: the token must have at least one. Defaults to an empty list: no scope is required.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Scopes with which `showExif` shows all tags, place and names among them: the token must have at least one. If the
    /// edge checks the token, the origin needs `SAFELIGHT_EXIF=edge`. Defaults to an empty list: only the operator's
    /// setting decides.
    #[serde(default)]
    pub exif_scopes: Vec<String>,
    /// URL of the key set. Defaults to `/.well-known/jwks.json` below the issuer.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Accepted algorithms. Defaults to every [`Algorithm`].
    #[serde(default = "all_algorithms")]
    pub algorithms: Vec<Algorithm>,
}

/// A right of tokens with a claim. A token has all rights that its claims give, and a request needs one of them.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Right {
    /// Name of the claim, such as `cognito:groups`, `scope` or `sub`.
    pub claim: String,
    /// Values of which the claim must have one. Defaults to an empty list: any value.
    #[serde(default)]
    pub values: Vec<String>,
    /// Paths below which images may be requested, such as `/team`; `/` is all.
    pub paths: Vec<String>,
    /// Presets that may be requested, without further keys. Defaults to `null`: any query.
    #[serde(default)]
    pub presets: Option<Vec<String>>,
    /// Whether `showExif` shows all tags. Defaults to false.
    #[serde(default)]
    pub exif: bool,
}

/// Places that may contain the token. All of them are searched, and the token is removed from all of them.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenFrom {
    /// Whether `Authorization: Bearer` is searched. Defaults to true.
    pub authorization: bool,
    /// Header names, in any letter case. Defaults to an empty list.
    pub headers: Vec<String>,
    /// Cookie names. Defaults to an empty list.
    pub cookies: Vec<String>,
    /// Query keys. Defaults to an empty list.
    pub queries: Vec<String>,
}

impl Default for TokenFrom {
    fn default() -> Self {
        Self { authorization: true, headers: Vec::new(), cookies: Vec::new(), queries: Vec::new() }
    }
}

impl Config {
    /// Validates every setting and returns the issuers.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the first invalid key.
    pub(super) fn issuers(&self) -> Result<Vec<Issuer>, ConfigError> {
        in_range("graceSeconds", self.grace_seconds, 0..=600)?;
        in_range("refreshSeconds", self.refresh_seconds, 10..=86_400)?;
        in_range("staleSeconds", self.stale_seconds, 0..=86_400)?;
        in_range("rememberedTokens", self.remembered_tokens as u64, 0..=1_000_000)?;
        self.token_from.check()?;
        let expected = match self.mode {
            Mode::None if !self.issuers.is_empty() => "an empty list with the mode `none`",
            Mode::Token if !(1..=32).contains(&self.issuers.len()) => {
                "a list of 1 to 32 issuers with the mode `token`"
            }
            _ => "",
        };
        if !expected.is_empty() {
            return Err(ConfigError::new("issuers", expected, self.issuers.len()));
        }
        let mut issuers = Vec::new();
        let mut names = HashSet::new();
        for (index, issuer) in self.issuers.iter().enumerate() {
            let validated = match issuer {
                IssuerConfig::Cognito(pool) => {
                    pool.check(&format!("issuers[{index}].cognito"))?;
                    Issuer::from_cognito(pool).into()
                }
                IssuerConfig::Oidc(oidc) => {
                    oidc.check(&format!("issuers[{index}].oidc"))?;
                    vec![Issuer::from_oidc(oidc)]
                }
            };
            for issuer in validated {
                if !names.insert(issuer.name.clone()) {
                    let expected = "an issuer that is not in the list already";
                    return Err(ConfigError::new(format!("issuers[{index}]"), expected, issuer.name));
                }
                issuers.push(issuer);
            }
        }
        Ok(issuers)
    }
}

impl Cognito {
    fn check(&self, path: &str) -> Result<(), ConfigError> {
        if !is_user_pool_id(&self.user_pool_id) {
            let expected = "a user pool id such as eu-central-1_a1B2c3D4e";
            return Err(ConfigError::new(format!("{path}.userPoolId"), expected, &self.user_pool_id));
        }
        check_nullable_list(&format!("{path}.clientIds"), self.client_ids.as_deref())?;
        check_entries(&format!("{path}.groups"), &self.groups)?;
        for (key, scopes) in [("scopes", &self.scopes), ("exifScopes", &self.exif_scopes)] {
            check_entries(&format!("{path}.{key}"), scopes)?;
            if self.token_use == TokenUse::Id && !scopes.is_empty() {
                let expected = "an empty list with the token use `id`, because id tokens have no scope";
                return Err(ConfigError::new(format!("{path}.{key}"), expected, scopes));
            }
        }
        Ok(())
    }
}

impl Oidc {
    fn check(&self, path: &str) -> Result<(), ConfigError> {
        const URL: &str = "an https URL without query or fragment, or http on loopback";
        if !is_url(&self.issuer) {
            return Err(ConfigError::new(format!("{path}.issuer"), URL, &self.issuer));
        }
        if let Some(uri) = self.jwks_uri.as_ref().filter(|uri| !is_url(uri)) {
            return Err(ConfigError::new(format!("{path}.jwksUri"), URL, uri));
        }
        check_nullable_list(&format!("{path}.audiences"), self.audiences.as_deref())?;
        check_entries(&format!("{path}.scopes"), &self.scopes)?;
        check_entries(&format!("{path}.exifScopes"), &self.exif_scopes)?;
        if self.algorithms.is_empty() {
            let expected = "a list of at least one algorithm";
            return Err(ConfigError::new(format!("{path}.algorithms"), expected, &self.algorithms));
        }
        Ok(())
    }
}

impl TokenFrom {
    fn check(&self) -> Result<(), ConfigError> {
        let check = |list: &str, items: &[String], expected: &str, is_valid: fn(&str) -> bool| match items
            .iter()
            .enumerate()
            .find(|(_, item)| !is_valid(item))
        {
            Some((index, item)) => {
                Err(ConfigError::new(format!("tokenFrom.{list}[{index}]"), expected, item))
            }
            None => Ok(()),
        };
        let is_header = |name: &str| {
            const EXCLUDED: [&str; 3] = ["authorization", "cookie", "host"];
            let name = name.to_ascii_lowercase();
            is_token(&name) && !EXCLUDED.contains(&name.as_str()) && !is_disallowed(&name)
        };
        let expected = "a header name other than Authorization, Cookie and Host, that CloudFront passes on";
        check("headers", &self.headers, expected, is_header)?;
        check("cookies", &self.cookies, "a cookie name", is_token)?;
        check("queries", &self.queries, "a query key", |key| !key.is_empty())
    }
}

fn in_range(key: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::new(key, &format!("a whole number from {} to {}", range.start(), range.end()), value))
}

/// Checks a list that must have an entry or be `null`.
fn check_nullable_list(path: &str, list: Option<&[String]>) -> Result<(), ConfigError> {
    match list {
        Some([]) => Err(ConfigError::new(path, "a list of at least one entry, or null to accept all", "[]")),
        Some(list) => check_entries(path, list),
        None => Ok(()),
    }
}

fn check_entries(path: &str, list: &[String]) -> Result<(), ConfigError> {
    // An empty scope would match a token without any scope.
    match list.iter().position(String::is_empty) {
        Some(index) => Err(ConfigError::new(format!("{path}[{index}]"), "non-empty text", "")),
        None => Ok(()),
    }
}

/// Whether `id` matches `^(eusc-[a-z]{2}|[a-z]{2})-(gov-)?[a-z]+-[0-9]_[a-zA-Z0-9]+$`, the pattern of
/// aws-jwt-verify, and has at most 55 characters, Cognito's limit.
fn is_user_pool_id(id: &str) -> bool {
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
    let Some((region, name)) = id.split_once('_') else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let mut parts: Vec<_> = region.strip_prefix("eusc-").unwrap_or(region).split('-').collect();
    if parts.len() == 4 && parts.get(1) == Some(&"gov") {
        parts.remove(1);
    }
    let is_region = match parts[..] {
        [partition, place, number] => {
            let is_number = matches!(number.as_bytes(), [b'0'..=b'9']);
            partition.len() == 2 && letters(partition) && letters(place) && is_number
        }
        _ => false,
    };
    is_name && is_region && id.len() <= 55
}

/// Whether `text` is a URL that keys may be fetched from. Without TLS, anyone on the network path could
/// replace the keys.
fn is_url(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte));
    let host = |rest: &str| rest.split(['/', ':']).next().unwrap_or_default().to_owned();
    match text.split_once("://") {
        Some(("https", rest)) => is_plain && !host(rest).is_empty(),
        Some(("http", rest)) => is_plain && ["127.0.0.1", "localhost"].contains(&host(rest).as_str()),
        _ => false,
    }
}

/// Whether `name` is a token as defined by RFC 9110 section 5.6.2: the syntax of header and cookie names.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Deserializes a required key whose value may be `null`.
fn required_nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Option::deserialize(deserializer)
}

fn one_hour() -> u64 {
    3_600
}

fn ten_thousand() -> usize {
    10_000
}

fn all_algorithms() -> Vec<Algorithm> {
    Algorithm::ALL.to_vec()
}
