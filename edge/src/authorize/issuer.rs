//! What each issuer's claims must say.

use super::{algorithm::Algorithm, config, refusal::Reason, token::Claims};

/// One value of `iss`, and what goes with it.
#[derive(Debug)]
pub(super) struct Issuer {
    /// The value of `iss`, compared byte for byte.
    pub(super) name: String,
    /// Where its keys are.
    pub(super) key_set_url: String,
    pub(super) algorithms: Vec<Algorithm>,
    /// One of these must be granted, if there are any.
    scopes: Vec<String>,
    demands: Demands,
}

#[derive(Clone, Debug)]
enum Demands {
    Cognito { clients: Option<Vec<String>>, token_use: config::TokenUse, groups: Vec<String> },
    Oidc { audiences: Option<Vec<String>> },
}

impl Issuer {
    /// Both names under which a Cognito pool issues tokens: of its Region, and since the pool's issuer can be
    /// configured, the other one.
    pub(super) fn from_cognito(pool: &config::Cognito) -> [Self; 2] {
        let region = pool.user_pool_id.split_once('_').map_or("", |(region, _)| region);
        ["cognito-idp", "issuer-cognito-idp"].map(|service| {
            let name = format!("https://{service}.{region}.amazonaws.com/{}", pool.user_pool_id);
            Self {
                key_set_url: format!("{name}/.well-known/jwks.json"),
                name,
                algorithms: Algorithm::ALL.to_vec(),
                scopes: pool.scopes.clone(),
                demands: Demands::Cognito {
                    clients: pool.client_ids.clone(),
                    token_use: pool.token_use,
                    groups: pool.groups.clone(),
                },
            }
        })
    }

    pub(super) fn from_oidc(oidc: &config::Oidc) -> Self {
        let beside_issuer = || format!("{}/.well-known/jwks.json", oidc.issuer.trim_end_matches('/'));
        Self {
            name: oidc.issuer.clone(),
            key_set_url: oidc.jwks_uri.clone().unwrap_or_else(beside_issuer),
            algorithms: oidc.algorithms.clone(),
            scopes: oidc.scopes.clone(),
            demands: Demands::Oidc { audiences: oidc.audiences.clone() },
        }
    }

    /// Checks the claims of a token that this issuer signed; not their times.
    ///
    /// # Errors
    /// [`Reason::Audience`] to [`Reason::Scope`]. Who the token is for is asked first, what it allows last.
    pub(super) fn check(&self, claims: &Claims) -> Result<(), Reason> {
        match &self.demands {
            Demands::Cognito { clients, token_use, groups } => {
                // A token's use says where its client stands, so it is not left open even where both do.
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
            Demands::Oidc { audiences } => {
                if !audiences.as_ref().is_none_or(|audiences| overlap(audiences, claims.list("aud"))) {
                    return Err(Reason::Audience);
                }
            }
        }
        let granted = claims.text("scope").unwrap_or_default().split(' ');
        if !self.scopes.is_empty() && !overlap(&self.scopes, granted) {
            return Err(Reason::Scope);
        }
        Ok(())
    }
}

fn overlap<'a>(wanted: &[String], mut given: impl Iterator<Item = &'a str>) -> bool {
    given.any(|one| wanted.iter().any(|wanted| wanted == one))
}
