//! Claim checks per issuer.

use super::{algorithm::Algorithm, config, refusal::Reason, token::Claims};

/// A trusted value of `iss`, with its key set and its claim checks.
#[derive(Debug)]
pub(super) struct Issuer {
    /// The value of `iss`, compared byte for byte.
    pub(super) name: String,
    /// URL of its key set.
    pub(super) key_set_url: String,
    pub(super) algorithms: Vec<Algorithm>,
    /// Accepted scopes: a token needs at least one. If empty, no scope is required.
    scopes: Vec<String>,
    /// Scopes whose tokens show all EXIF: one of them is enough.
    exif_scopes: Vec<String>,
    claim_rules: ClaimRules,
}

#[derive(Clone, Debug)]
enum ClaimRules {
    Cognito { clients: Option<Vec<String>>, token_use: config::TokenUse, groups: Vec<String> },
    Oidc { audiences: Option<Vec<String>> },
}

impl Issuer {
    /// Returns both issuers that a Cognito pool can be configured with: the regional one
    /// (`cognito-idp.{region}`) and the other one (`issuer-cognito-idp.{region}`).
    pub(super) fn from_cognito(pool: &config::Cognito) -> [Self; 2] {
        let region = pool.user_pool_id.split_once('_').map_or("", |(region, _)| region);
        ["cognito-idp", "issuer-cognito-idp"].map(|service| {
            let name = format!("https://{service}.{region}.amazonaws.com/{}", pool.user_pool_id);
            Self {
                key_set_url: format!("{name}/.well-known/jwks.json"),
                name,
                algorithms: Algorithm::ALL.to_vec(),
                scopes: pool.scopes.clone(),
                exif_scopes: pool.exif_scopes.clone(),
                claim_rules: ClaimRules::Cognito {
                    clients: pool.client_ids.clone(),
                    token_use: pool.token_use,
                    groups: pool.groups.clone(),
                },
            }
        })
    }

    pub(super) fn from_oidc(oidc: &config::Oidc) -> Self {
        let default_url = || format!("{}/.well-known/jwks.json", oidc.issuer.trim_end_matches('/'));
        Self {
            name: oidc.issuer.clone(),
            key_set_url: oidc.jwks_uri.clone().unwrap_or_else(default_url),
            algorithms: oidc.algorithms.clone(),
            scopes: oidc.scopes.clone(),
            exif_scopes: oidc.exif_scopes.clone(),
            claim_rules: ClaimRules::Oidc { audiences: oidc.audiences.clone() },
        }
    }

    /// Checks the claims of a token that this issuer signed, except their times.
    ///
    /// # Errors
    /// [`Reason::Audience`] to [`Reason::Scope`]. The audience is checked first and the scope last.
    pub(super) fn check(&self, claims: &Claims) -> Result<(), Reason> {
        match &self.claim_rules {
            ClaimRules::Cognito { clients, token_use, groups } => {
                // `token_use` determines the claim that contains the client, so it is always checked.
                let client = match (claims.text("token_use"), token_use) {
                    (Some("access"), config::TokenUse::Access | config::TokenUse::Either) => "client_id",
                    (Some("id"), config::TokenUse::Id | config::TokenUse::Either) => "aud",
                    _ => return Err(Reason::TokenUse),
                };
                let client = claims.text(client);
                let is_accepted =
                    |clients: &Vec<String>| clients.iter().any(|one| Some(one.as_str()) == client);
                if !clients.as_ref().is_none_or(is_accepted) {
                    return Err(Reason::Client);
                }
                if !groups.is_empty() && !overlap(groups, claims.list("cognito:groups")) {
                    return Err(Reason::Group);
                }
            }
            ClaimRules::Oidc { audiences } => {
                if !audiences.as_ref().is_none_or(|audiences| overlap(audiences, claims.list("aud"))) {
                    return Err(Reason::Audience);
                }
            }
        }
        if !self.scopes.is_empty() && !overlap(&self.scopes, granted(claims)) {
            return Err(Reason::Scope);
        }
        Ok(())
    }

    /// Returns whether a token of this issuer shows all EXIF.
    pub(super) fn shows_all_exif(&self, claims: &Claims) -> bool {
        overlap(&self.exif_scopes, granted(claims))
    }
}

/// Returns the scopes of a token (RFC 8693 section 4.2).
fn granted(claims: &Claims) -> impl Iterator<Item = &str> {
    claims.text("scope").unwrap_or_default().split(' ')
}

fn overlap<'a>(accepted: &[String], mut values: impl Iterator<Item = &'a str>) -> bool {
    values.any(|value| accepted.iter().any(|accepted| accepted == value))
}
