//! Settings of who may see what.

use super::{algorithm::Algorithm, issuer::Issuer};
use crate::config::ConfigError;
use serde::{Deserialize, Deserializer};
use std::{collections::HashSet, ops::RangeInclusive};

/// Who may see what. There is no default: an open door is asked for by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// Whether a token is asked for.
    pub mode: Mode,
    /// Who may issue tokens: 1 to 32 with [`Mode::Token`], none with [`Mode::None`].
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    /// Where a token may be. Defaults to `Authorization: Bearer` alone.
    #[serde(default)]
    pub token_from: TokenFrom,
    /// Seconds by which the issuer's clock may differ, 0 to 600. Defaults to 0.
    #[serde(default)]
    pub grace_seconds: u64,
    /// Age in seconds at which a key set is fetched again, 10 to 86,400. Tokens of a key that was taken out of
    /// the set are refused from then on at the latest. Defaults to 3,600.
    #[serde(default = "one_hour")]
    pub refresh_seconds: u64,
    /// How many seconds longer a key set is used while fetching it again fails, 0 to 86,400. Defaults to
    /// 3,600.
    #[serde(default = "one_hour")]
    pub stale_seconds: u64,
    /// Most verified tokens that are remembered, 0 to 1,000,000; each takes about 300 bytes. Defaults to
    /// 10,000.
    #[serde(default = "ten_thousand")]
    pub remembered_tokens: usize,
}

/// Whether a token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Everybody may see everything.
    None,
    /// Who has a good token of one of the issuers.
    Token,
}

/// Who may issue tokens, and for whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IssuerConfig {
    /// An Amazon Cognito user pool.
    Cognito(Cognito),
    /// Any other issuer of JWTs, by OIDC or OAuth 2.
    Oidc(Oidc),
}

/// An Amazon Cognito user pool.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cognito {
    /// Such as `eu-central-1_a1B2c3D4e`.
    pub user_pool_id: String,
    /// App clients whose tokens are good. Must be given; `null` is every client of the pool.
    #[serde(deserialize_with = "given")]
    pub client_ids: Option<Vec<String>>,
    /// Which of the pool's tokens are good. Must be given.
    pub token_use: TokenUse,
    /// The user must be in one of these groups. Defaults to none: no group is asked for.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The token must have one of these scopes. Defaults to none: no scope is asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// The `token_use` of a Cognito token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenUse {
    /// What a client shows to a service.
    Access,
    /// What a client learns about its user.
    Id,
    /// Both.
    Either,
}

/// Any issuer of JWTs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Oidc {
    /// The value of `iss`, byte for byte: an `https` URL, or `http` on loopback.
    pub issuer: String,
    /// `aud` must have one of these. Must be given; `null` is every audience.
    #[serde(deserialize_with = "given")]
    pub audiences: Option<Vec<String>>,
    /// The token must have one of these scopes. Defaults to none: no scope is asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where the key set is. Defaults to `/.well-known/jwks.json` below the issuer.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Algorithms that are good. Defaults to all of [`Algorithm`].
    #[serde(default = "all_algorithms")]
    pub algorithms: Vec<Algorithm>,
}

/// Where a token may be. It is looked for in all of these places, and taken out of all of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenFrom {
    /// `Authorization: Bearer`. Defaults to true.
    pub authorization: bool,
    /// Names of headers, in any letter case. Defaults to none.
    pub headers: Vec<String>,
    /// Names of cookies. Defaults to none.
    pub cookies: Vec<String>,
    /// Keys of the query. Defaults to none.
    pub queries: Vec<String>,
}

impl Default for TokenFrom {
    fn default() -> Self {
        Self { authorization: true, headers: Vec::new(), cookies: Vec::new(), queries: Vec::new() }
    }
}

impl Config {
    /// Checks every value, and makes the issuers of it.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the first key that is wrong.
    pub(super) fn issuers(&self) -> Result<Vec<Issuer>, ConfigError> {
        in_range("graceSeconds", self.grace_seconds, 0..=600)?;
        in_range("refreshSeconds", self.refresh_seconds, 10..=86_400)?;
        in_range("staleSeconds", self.stale_seconds, 0..=86_400)?;
        in_range("rememberedTokens", self.remembered_tokens as u64, 0..=1_000_000)?;
        self.token_from.check()?;
        let right = match self.mode {
            Mode::None if !self.issuers.is_empty() => "empty with the mode `none`",
            Mode::Token if !(1..=32).contains(&self.issuers.len()) => "1 to 32 with the mode `token`",
            _ => "",
        };
        if !right.is_empty() {
            return Err(ConfigError::new("issuers", right, self.issuers.len()));
        }
        let mut issuers = Vec::new();
        let mut names = HashSet::new();
        for (index, issuer) in self.issuers.iter().enumerate() {
            let made = match issuer {
                IssuerConfig::Cognito(pool) => {
                    pool.check(&format!("issuers[{index}].cognito"))?;
                    Issuer::from_cognito(pool).into()
                }
                IssuerConfig::Oidc(oidc) => {
                    oidc.check(&format!("issuers[{index}].oidc"))?;
                    vec![Issuer::from_oidc(oidc)]
                }
            };
            for issuer in made {
                if !names.insert(issuer.name.clone()) {
                    return Err(ConfigError::new(format!("issuers[{index}]"), "another issuer", issuer.name));
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
            let right = "a user pool id such as eu-central-1_a1B2c3D4e";
            return Err(ConfigError::new(format!("{path}.userPoolId"), right, &self.user_pool_id));
        }
        names(&format!("{path}.clientIds"), self.client_ids.as_deref())?;
        entries(&format!("{path}.groups"), &self.groups)?;
        entries(&format!("{path}.scopes"), &self.scopes)?;
        if self.token_use == TokenUse::Id && !self.scopes.is_empty() {
            let right = "empty with the token use `id`, whose tokens have no scope";
            return Err(ConfigError::new(format!("{path}.scopes"), right, &self.scopes));
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
        names(&format!("{path}.audiences"), self.audiences.as_deref())?;
        entries(&format!("{path}.scopes"), &self.scopes)?;
        if self.algorithms.is_empty() {
            return Err(ConfigError::new(format!("{path}.algorithms"), "one or more", &self.algorithms));
        }
        Ok(())
    }
}

impl TokenFrom {
    fn check(&self) -> Result<(), ConfigError> {
        let check = |list: &str, items: &[String], right: &str, is_right: fn(&str) -> bool| match items
            .iter()
            .enumerate()
            .find(|(_, item)| !is_right(item))
        {
            Some((index, item)) => Err(ConfigError::new(format!("tokenFrom.{list}[{index}]"), right, item)),
            None => Ok(()),
        };
        let is_header = |name: &str| {
            const OTHERS: [&str; 3] = ["authorization", "cookie", "host"];
            is_token(name) && !OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        let right = "the name of a header other than Authorization, Cookie and Host";
        check("headers", &self.headers, right, is_header)?;
        check("cookies", &self.cookies, "the name of a cookie", is_token)?;
        check("queries", &self.queries, "a key of a query", |key| !key.is_empty())
    }
}

fn in_range(key: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::new(key, &format!("a whole number from {} to {}", range.start(), range.end()), value))
}

/// A list that must have an entry, unless it was given as `null`.
fn names(path: &str, list: Option<&[String]>) -> Result<(), ConfigError> {
    match list {
        Some([]) => Err(ConfigError::new(path, "one or more, or null for every one", "[]")),
        Some(list) => entries(path, list),
        None => Ok(()),
    }
}

fn entries(path: &str, list: &[String]) -> Result<(), ConfigError> {
    // An empty scope would be that of a token without any.
    match list.iter().position(String::is_empty) {
        Some(index) => Err(ConfigError::new(format!("{path}[{index}]"), "some text", "")),
        None => Ok(()),
    }
}

/// `^(eusc-[a-z]{2}|[a-z]{2})-(gov-)?[a-z]+-[0-9]_[a-zA-Z0-9]+$`, up to 55 characters: the ids that
/// aws-jwt-verify takes, and Cognito's longest.
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

/// Whether `text` is a URL that keys may come from. Without TLS anybody on the way could put in theirs.
fn is_url(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte));
    let host = |rest: &str| rest.split(['/', ':']).next().unwrap_or_default().to_owned();
    match text.split_once("://") {
        Some(("https", rest)) => is_plain && !host(rest).is_empty(),
        Some(("http", rest)) => is_plain && ["127.0.0.1", "localhost"].contains(&host(rest).as_str()),
        _ => false,
    }
}

/// Whether `name` is a token of RFC 9110 section 5.6.2, as names of headers and cookies are.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A key that must be there, though it may be `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
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
