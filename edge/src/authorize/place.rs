//! Where a token is found, and what is left of the request without it.

use super::config::TokenFrom;
use std::borrow::Cow;

/// The token of a request, if there is one.
#[derive(Clone, PartialEq, Eq)]
pub enum Given<'a> {
    /// None stands where one may be.
    Nothing,
    /// The one that stands there, once or several times.
    One(Cow<'a, str>),
    /// Different ones: which of them counts would be a guess, so none does.
    Several,
}

/// A token, and what must change about the request so that neither the origin nor a cache key sees it.
pub struct Taken<'a> {
    /// The token.
    pub token: Given<'a>,
    /// Headers that change: lower-case name, and all values that stay; none if the header goes.
    pub headers: Vec<(String, Vec<Cow<'a, str>>)>,
    /// The query that stays, in the spelling in which it came.
    pub query: Cow<'a, str>,
}

impl<'a> Given<'a> {
    /// An empty value is none: clients write `token=` for "not signed in".
    fn add(&mut self, token: Cow<'a, str>) {
        match self {
            _ if token.is_empty() => (),
            Self::Nothing => *self = Self::One(token),
            Self::One(other) if *other == token => (),
            Self::One(_) | Self::Several => *self = Self::Several,
        }
    }
}

/// Tells whether there is a token, never which.
impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::One(_) => "One(…)",
            Self::Several => "Several",
        })
    }
}

impl TokenFrom {
    /// Takes the token out of a request with these headers (name in any letter case, and value) and this
    /// query (without the question mark).
    pub(super) fn take<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        query: &'a str,
    ) -> Taken<'a> {
        let mut token = Given::Nothing;
        // Every header that may hold a token, with what stays of it and whether that is less than there was.
        let mut rest: Vec<(String, Vec<Cow<'a, str>>, bool)> = Vec::new();
        for (name, value) in headers {
            let is_own = |own: &String| own.eq_ignore_ascii_case(name);
            let stays: Option<Cow<'a, str>> = if name.eq_ignore_ascii_case("authorization") {
                match bearer(value).filter(|_| self.authorization) {
                    Some(bearer) => {
                        token.add(bearer.into());
                        None
                    }
                    None => Some(value.into()),
                }
            } else if name.eq_ignore_ascii_case("cookie") {
                self.take_cookies(value, &mut token)
            } else if self.headers.iter().any(is_own) {
                token.add(value.trim().into());
                None
            } else {
                continue;
            };
            let is_changed = stays.as_deref() != Some(value);
            let name = name.to_ascii_lowercase();
            match rest.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, values, changed)) => {
                    values.extend(stays);
                    *changed |= is_changed;
                }
                None => rest.push((name, stays.into_iter().collect(), is_changed)),
            }
        }
        let query = self.take_query(query, &mut token);
        let changed = rest.into_iter().filter(|(.., is_changed)| *is_changed);
        Taken { token, headers: changed.map(|(name, values, _)| (name, values)).collect(), query }
    }

    /// What stays of a `Cookie` header (RFC 6265 section 4.2), `None` if nothing does.
    fn take_cookies<'a>(&self, header: &'a str, token: &mut Given<'a>) -> Option<Cow<'a, str>> {
        let own = |pair: &'a str| {
            let (name, value) = pair.split_once('=')?;
            self.cookies.iter().any(|own| own == name.trim()).then_some(value.trim())
        };
        if !header.split(';').any(|pair| own(pair).is_some()) {
            return Some(header.into());
        }
        let mut others = Vec::new();
        for pair in header.split(';') {
            match own(pair) {
                Some(value) => token.add(value.into()),
                None => others.push(pair.trim()),
            }
        }
        (!others.is_empty()).then(|| others.join("; ").into())
    }

    /// What stays of a query.
    fn take_query<'a>(&self, query: &'a str, token: &mut Given<'a>) -> Cow<'a, str> {
        let own = |pair: &'a str| {
            let (key, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
            self.queries.iter().any(|own| *own == key).then_some(value)
        };
        if !query.split('&').any(|pair| own(pair).is_some()) {
            return query.into();
        }
        let mut others = Vec::new();
        for pair in query.split('&') {
            match own(pair) {
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

    fn places() -> TokenFrom {
        TokenFrom {
            authorization: true,
            headers: vec!["Token".to_owned()],
            cookies: vec!["jwt".to_owned()],
            queries: vec!["token".to_owned()],
        }
    }

    /// Shows what is taken from a request: `token | name: value, … | query`.
    fn take(headers: &[(&str, &str)], query: &str) -> String {
        let found = places().take(headers.iter().copied(), query);
        let token = match found.token {
            Given::Nothing => "-".into(),
            Given::One(token) => token,
            Given::Several => "several".into(),
        };
        let headers: Vec<_> =
            found.headers.iter().map(|(name, values)| format!("{name}: {}", values.join(" + "))).collect();
        format!("{token} | {} | {}", headers.join(", "), found.query)
    }

    #[test]
    fn a_token_is_taken_out_of_every_place() {
        let check = |headers: &[(&str, &str)], query, expected| assert_eq!(take(headers, query), expected);
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
    fn the_same_token_twice_is_one_and_two_tokens_are_none() {
        let check = |headers: &[(&str, &str)], query, expected| assert_eq!(take(headers, query), expected);
        check(&[("token", "a"), ("cookie", "jwt=a")], "token=a", "a | token: , cookie:  | ");
        check(&[("token", "a")], "token=b", "several | token:  | ");
        check(&[("token", "a"), ("token", "b"), ("token", "a")], "", "several | token:  | ");
        check(&[("cookie", "jwt=a; jwt=b")], "", "several | cookie:  | ");
        check(&[], "token=a&token=A", "several |  | ");
        check(&[("token", "a")], "token=", "a | token:  | ");
        check(&[("authorization", "Bearer")], "", "- | authorization:  | ");
    }

    #[test]
    fn places_that_are_not_named_are_not_looked_at() {
        let places = TokenFrom { authorization: false, ..TokenFrom::default() };
        let headers = [("authorization", "Bearer a"), ("cookie", "jwt=a"), ("token", "a")];
        let taken = places.take(headers, "token=a");
        assert_eq!((taken.token, taken.headers, taken.query), (Given::Nothing, vec![], "token=a".into()));
    }

    #[test]
    fn a_log_does_not_show_it() {
        assert_eq!(format!("{:?}", Given::One("secret".into())), "One(…)");
    }
}
