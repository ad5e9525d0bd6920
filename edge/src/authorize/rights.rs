//! Rights: what the claims of a token permit.

use super::{config::Right, refusal::Reason, token::Claims};
use crate::config::ConfigError;
use percent_encoding::percent_decode_str;

/// Maximum number of rights: those of a token are the bits of a number.
const MAX_RIGHTS: usize = 64;

/// The configured rights. Without any, a valid token permits everything.
#[derive(Clone, Debug)]
pub(super) struct Rights(Vec<Parsed>);

#[derive(Clone, Debug)]
struct Parsed {
    right: Right,
    /// The decoded segments of each path.
    paths: Vec<Vec<String>>,
}

/// A request, as far as rights depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Path as in the request.
    pub path: &'a str,
    /// The preset that the query names.
    pub preset: Option<&'a str>,
    /// Whether the query has no other key of a transform.
    pub is_preset_only: bool,
}

impl Rights {
    /// Parses the rights.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the invalid key.
    pub(super) fn new(rights: &[Right]) -> Result<Self, ConfigError> {
        if MAX_RIGHTS < rights.len() {
            let expected = format!("a list of at most {MAX_RIGHTS} rights");
            return Err(ConfigError::new("rights", &expected, rights.len()));
        }
        let parse = |(index, right): (usize, &Right)| {
            let key = |name: &str| format!("rights[{index}].{name}");
            if right.claim.is_empty() {
                return Err(ConfigError::new(key("claim"), "the name of a claim", &right.claim));
            }
            let path = |path: &String| {
                let segments = path.starts_with('/').then(|| segments(path.trim_end_matches('/'))).flatten();
                segments.ok_or_else(|| ConfigError::new(key("paths"), "a list of paths such as /team", path))
            };
            let paths = right.paths.iter().map(path).collect::<Result<_, _>>()?;
            Ok(Parsed { right: right.clone(), paths })
        };
        Ok(Self(rights.iter().enumerate().map(parse).collect::<Result<_, _>>()?))
    }

    /// Returns the rights of a token with `claims`, one bit for each.
    pub(super) fn of(&self, claims: &Claims) -> u64 {
        let has = |Parsed { right, .. }: &Parsed| {
            let is_accepted =
                |value: &str| right.values.is_empty() || right.values.iter().any(|own| own == value);
            // A scope is a list in one text (RFC 8693 section 4.2).
            claims
                .list(&right.claim)
                .any(|text| is_accepted(text) || right.claim == "scope" && text.split(' ').any(is_accepted))
        };
        self.0
            .iter()
            .enumerate()
            .filter(|(_, parsed)| has(parsed))
            .fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// Returns whether one of the rights `granted` shows all EXIF to this request.
    ///
    /// # Errors
    /// [`Reason::Right`], if none permits the request.
    pub(super) fn check(&self, granted: u64, access: &Access<'_>) -> Result<bool, Reason> {
        if self.0.is_empty() {
            return Ok(false);
        }
        let segments = segments(access.path).ok_or(Reason::Right)?;
        let permits = |(index, Parsed { right, paths }): &(usize, &Parsed)| {
            let is_preset = |names: &Vec<String>| {
                access.is_preset_only && access.preset.is_some_and(|name| names.iter().any(|own| own == name))
            };
            granted >> index & 1 == 1
                && paths.iter().any(|path| path.len() < segments.len() && segments.starts_with(path))
                && right.presets.as_ref().is_none_or(is_preset)
        };
        let mut permitting = self.0.iter().enumerate().filter(permits).peekable();
        permitting.peek().ok_or(Reason::Right)?;
        Ok(permitting.any(|(_, parsed)| parsed.right.exif))
    }
}

/// Returns the decoded segments of a path; `None` if one of them could lead elsewhere.
fn segments(path: &str) -> Option<Vec<String>> {
    let segment = |raw| {
        let text = percent_decode_str(raw).decode_utf8().ok()?;
        let is_plain = !matches!(&*text, "." | "..") && !text.contains(['/', '\\']);
        is_plain.then(|| text.into_owned())
    };
    path.split('/').map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rights(rights: Value) -> Result<Rights, String> {
        let rights: Vec<Right> = serde_json::from_value(rights).map_err(|error| error.to_string())?;
        Rights::new(&rights).map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_needs_a_right_of_its_token() {
        let rights = rights(json!([
            { "claim": "groups", "values": ["staff"], "paths": ["/"], "exif": true },
            { "claim": "groups", "values": ["guests", "press"], "paths": ["/public", "/press kit/"] },
            { "claim": "scope", "values": ["cards"], "paths": ["/cards"], "presets": ["card"] },
            { "claim": "sub", "paths": ["/own"] }
        ]))
        .unwrap();
        let check = |claims: Value, path: &str, preset: Option<&str>, expected: Option<bool>| {
            let claims = Claims::of(claims);
            let access = Access { path, preset, is_preset_only: true };
            assert_eq!(rights.check(rights.of(&claims), &access).ok(), expected, "{path}");
        };
        let staff = || json!({ "groups": ["x", "staff"] });
        let guest = || json!({ "groups": "guests", "scope": "a cards" });
        check(staff(), "/any/a.jpg", None, Some(true));
        check(staff(), "/any/../a.jpg", None, None);
        check(guest(), "/public/a.jpg", None, Some(false));
        check(guest(), "/%70ublic/b/a.jpg", None, Some(false));
        check(guest(), "/press%20kit/a.jpg", None, Some(false));
        for path in [
            "/publication/a.jpg",
            "/public",
            "/a.jpg",
            "/public/%2e%2e/a.jpg",
            "/public/..%2Fa.jpg",
            "//public/a",
        ] {
            check(guest(), path, None, None);
        }
        check(guest(), "/cards/a.jpg", Some("card"), Some(false));
        check(guest(), "/cards/a.jpg", Some("other"), None);
        check(guest(), "/cards/a.jpg", None, None);
        check(json!({ "sub": "me" }), "/own/a.jpg", None, Some(false));
        check(json!({ "scope": "cardsharp" }), "/cards/a.jpg", Some("card"), None);
        check(json!({}), "/own/a.jpg", None, None);
        let wide = Access { path: "/cards/a.jpg", preset: Some("card"), is_preset_only: false };
        assert!(rights.check(rights.of(&Claims::of(guest())), &wide).is_err());
    }

    #[test]
    fn mistakes_are_named() {
        let check = |value: Value, expected: &str| assert_eq!(rights(value).unwrap_err(), expected);
        let paths = "rights[0].paths: must be a list of paths such as /team, not ";
        check(json!([{ "claim": "a", "paths": ["team"] }]), &format!("{paths}\"team\""));
        check(json!([{ "claim": "a", "paths": ["/a/../b"] }]), &format!("{paths}\"/a/../b\""));
        check(
            json!([{ "claim": "", "paths": ["/"] }]),
            "rights[0].claim: must be the name of a claim, not \"\"",
        );
        let many = json!({ "claim": "a", "paths": ["/"] });
        check(json!(vec![many; 65]), "rights: must be a list of at most 64 rights, not 65");
    }
}
