//! Extraction of the token from a request's headers, cookies and query.

use super::config::TokenFrom;
use std::borrow::Cow;

/// The token of a request, if present.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenPresence<'a> {
    /// No token in any of the configured places.
    Absent,
    /// One token, in one or several places.
    One(Cow<'a, str>),
    /// Several different tokens. All are rejected, because choosing one would be a guess.
    Several,
}

/// An extracted token, and the request changes that remove it from what the origin and the cache key see.
pub struct Extracted<'a> {
    /// The token.
    pub token: TokenPresence<'a>,
    /// Changed headers: the lower-case name and the remaining values. Without values, the header is removed.
    pub headers: Vec<(String, Vec<Cow<'a, str>>)>,
    /// The remaining query, with its original spelling.
    pub query: Cow<'a, str>,
}

impl<'a> TokenPresence<'a> {
    /// Adds a token. An empty value counts as absent: clients write `token=` when not signed in.
    fn add(&mut self, token: Cow<'a, str>) {
        match self {
            _ if token.is_empty() => (),
            Self::Absent => *self = Self::One(token),
            Self::One(other) if *other == token => (),
            Self::One(_) | Self::Several => *self = Self::Several,
        }
    }
}

/// Formats the variant only, never the token.
impl std::fmt::Debug for TokenPresence<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::One(_) => "One(…)",
            Self::Several => "Several",
        })
    }
}

impl TokenFrom {
    /// Extracts the token from headers (name in any letter case, and value) and a query (without the question
    /// mark).
    pub(super) fn extract<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        query: &'a str,
    ) -> Extracted<'a> {
        let mut token = TokenPresence::Absent;
        // Every header that may contain a token, with its remaining values and whether they have changed.
        let mut candidates: Vec<(String, Vec<Cow<'a, str>>, bool)> = Vec::new();
        for (name, value) in headers {
            let matches_name = |configured: &String| configured.eq_ignore_ascii_case(name);
            let remaining: Option<Cow<'a, str>> = if name.eq_ignore_ascii_case("authorization") {
                match bearer(value).filter(|_| self.authorization) {
                    Some(bearer) => {
                        token.add(bearer.into());
                        None
                    }
                    None => Some(value.into()),
                }
            } else if name.eq_ignore_ascii_case("cookie") {
                self.extract_cookies(value, &mut token)
            } else if self.headers.iter().any(matches_name) {
                token.add(value.trim().into());
                None
            } else {
                continue;
            };
            let is_changed = remaining.as_deref() != Some(value);
            let name = name.to_ascii_lowercase();
            match candidates.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, values, changed)) => {
                    values.extend(remaining);
                    *changed |= is_changed;
                }
                None => candidates.push((name, remaining.into_iter().collect(), is_changed)),
            }
        }
        let query = self.extract_query(query, &mut token);
        let changed = candidates.into_iter().filter(|(.., is_changed)| *is_changed);
        Extracted { token, headers: changed.map(|(name, values, _)| (name, values)).collect(), query }
    }

    /// Returns a `Cookie` header (RFC 6265 section 4.2) without the token; `None` if no cookie remains.
    fn extract_cookies<'a>(&self, header: &'a str, token: &mut TokenPresence<'a>) -> Option<Cow<'a, str>> {
        let token_in = |pair: &'a str| {
            let (name, value) = pair.split_once('=')?;
            self.cookies.iter().any(|cookie| cookie == name.trim()).then_some(value.trim())
        };
        if !header.split(';').any(|pair| token_in(pair).is_some()) {
            return Some(header.into());
        }
        let mut others = Vec::new();
        for pair in header.split(';') {
            match token_in(pair) {
                Some(value) => token.add(value.into()),
                None => others.push(pair.trim()),
            }
        }
        (!others.is_empty()).then(|| others.join("; ").into())
    }

    /// Returns a query without the token.
    fn extract_query<'a>(&self, query: &'a str, token: &mut TokenPresence<'a>) -> Cow<'a, str> {
        let token_in = |pair: &'a str| {
            let (key, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
            self.queries.iter().any(|query| *query == key).then_some(value)
        };
        if !query.split('&').any(|pair| token_in(pair).is_some()) {
            return query.into();
        }
        let mut others = Vec::new();
        for pair in query.split('&') {
            match token_in(pair) {
                Some(value) => token.add(value),
                None => others.push(pair),
            }
        }
        others.join("&").into()
    }
}

/// The token of an `Authorization` header of the scheme `Bearer` (RFC 6750 section 2.1).
fn bearer(value: &str) -> Option<&str> {
    let value = value.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_from() -> TokenFrom {
        TokenFrom {
            authorization: true,
            headers: vec!["Token".to_owned()],
            cookies: vec!["jwt".to_owned()],
            queries: vec!["token".to_owned()],
        }
    }

    /// Formats the extraction result: `token | name: value, … | query`.
    fn extract(headers: &[(&str, &str)], query: &str) -> String {
        let extracted = token_from().extract(headers.iter().copied(), query);
        let token = match extracted.token {
            TokenPresence::Absent => "-".into(),
            TokenPresence::One(token) => token,
            TokenPresence::Several => "several".into(),
        };
        let headers: Vec<_> = extracted
            .headers
            .iter()
            .map(|(name, values)| format!("{name}: {}", values.join(" + ")))
            .collect();
        format!("{token} | {} | {}", headers.join(", "), extracted.query)
    }

    #[test]
    fn the_token_is_removed_from_every_configured_place() {
        let check = |headers: &[(&str, &str)], query, expected| assert_eq!(extract(headers, query), expected);
        check(&[], "", "- |  | ");
        check(&[("Authorization", "Bearer a.b.c")], "w=1", "a.b.c | authorization:  | w=1");
        check(&[("authorization", "  bEARER   a ")], "", "a | authorization:  | ");
        check(&[("authorization", "Basic YTpi")], "", "- |  | ");
        check(
            &[("authorization", "Basic x"), ("authorization", "Bearer a")],
            "",
            "a | authorization: Basic x | ",
        );
        check(&[("authorization", "Bearerx a")], "", "- |  | ");
        check(&[("TOKEN", "a"), ("accept", "*/*")], "", "a | token:  | ");
        check(&[("cookie", "x=1; jwt=a;y=2")], "", "a | cookie: x=1; y=2 | ");
        check(&[("cookie", "jwt=a")], "", "a | cookie:  | ");
        check(
            &[("cookie", "jwt=a"), ("cookie", "x=1"), ("cookie", "JWT=b")],
            "",
            "a | cookie: x=1 + JWT=b | ",
        );
        check(&[("cookie", "xjwt=a;  jwt")], "", "- |  | ");
        check(&[], "w=1&token=a&&x=%2f", "a |  | w=1&&x=%2f");
        check(&[], "%74oken=a%2Eb&xtoken=c", "a.b |  | xtoken=c");
        check(&[], "token", "- |  | ");
    }

    #[test]
    fn equal_tokens_count_as_one_and_different_tokens_as_several() {
        let check = |headers: &[(&str, &str)], query, expected| assert_eq!(extract(headers, query), expected);
        check(&[("token", "a"), ("cookie", "jwt=a")], "token=a", "a | token: , cookie:  | ");
        check(&[("token", "a")], "token=b", "several | token:  | ");
        check(&[("token", "a"), ("token", "b"), ("token", "a")], "", "several | token:  | ");
        check(&[("cookie", "jwt=a; jwt=b")], "", "several | cookie:  | ");
        check(&[], "token=a&token=A", "several |  | ");
        check(&[("token", "a")], "token=", "a | token:  | ");
        check(&[("authorization", "Bearer")], "", "- | authorization:  | ");
    }

    #[test]
    fn only_configured_places_are_searched() {
        let token_from = TokenFrom { authorization: false, ..TokenFrom::default() };
        let headers = [("authorization", "Bearer a"), ("cookie", "jwt=a"), ("token", "a")];
        let extracted = token_from.extract(headers, "token=a");
        assert_eq!(
            (extracted.token, extracted.headers, extracted.query),
            (TokenPresence::Absent, vec![], "token=a".into())
        );
    }

    #[test]
    fn debug_output_hides_the_token() {
        assert_eq!(format!("{:?}", TokenPresence::One("secret".into())), "One(…)");
    }
}
