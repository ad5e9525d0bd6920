//! Keys of a query that no parameter declares: known additions are dropped, all others are mistakes.

use crate::{
    Error, Kind, Param, Result,
    nearest::{alternatives, nearest},
    param::shorten,
};

/// Keys that trackers and cache busters add. A star matches any end.
pub const TRACKERS: &[&str] = &[
    "_ga",
    "_gl",
    "dclid",
    "fbclid",
    "gbraid",
    "gclid",
    "gclsrc",
    "igshid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "msclkid",
    "srsltid",
    "ttclid",
    "twclid",
    "utm_*",
    "v",
    "wbraid",
    "yclid",
];

/// Keys that S3, its SDKs, CloudFront and signed URLs use, in any letter case. A star matches any end.
pub const RESERVED: &[&str] = &[
    "awsaccesskeyid",
    "exp",
    "expires",
    "hash-algorithm",
    "key-pair-id",
    "partnumber",
    "policy",
    "range",
    "response-*",
    "sig",
    "signature",
    "versionid",
    "x-amz-*",
    "x-id",
];

/// The operator's rules for keys that no parameter declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRules {
    /// Whether all such keys are dropped. Defaults to `false`: those that no rule names are rejected.
    pub is_lenient: bool,
    /// Keys that are dropped besides [`TRACKERS`] and [`RESERVED`]. A star matches any end. Defaults to none.
    pub ignored: Vec<String>,
}

impl KeyRules {
    /// Checks that the raw query `raw` has no key but those of `params` and those that are dropped.
    ///
    /// # Errors
    /// [`Kind::InvalidParam`], with the nearest keys.
    pub fn check<'a>(&self, raw: &str, params: impl Iterator<Item = &'a Param> + Clone) -> Result<()> {
        if self.is_lenient {
            return Ok(());
        }
        for (key, _) in form_urlencoded::parse(raw.as_bytes()) {
            if !params.clone().any(|param| param.is_named(&key)) && !self.drops(&key) {
                return Err(unsupported(&key, params));
            }
        }
        Ok(())
    }

    /// Returns whether `key` is dropped, whatever its value, unless a parameter declares it.
    pub fn drops(&self, key: &str) -> bool {
        let ignored = self.ignored.iter().map(String::as_str);
        self.is_lenient
            || TRACKERS.iter().copied().chain(ignored).any(|pattern| matches(pattern, key))
            || is_reserved(key)
    }
}

/// Returns whether `key` is one of [`RESERVED`].
pub fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    RESERVED.iter().any(|pattern| matches(pattern, &key))
}

fn matches(pattern: &str, key: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => key.starts_with(start),
        None => key == pattern,
    }
}

/// Returns the error for a key that neither `params` nor any rule knows.
fn unsupported<'a>(key: &str, params: impl Iterator<Item = &'a Param> + Clone) -> Error {
    let names = params.clone().flat_map(|param| [param.key].into_iter().chain(param.aliases.iter().copied()));
    let nearest = nearest(key, names);
    let remedy = if nearest.is_empty() {
        let keys: Vec<_> = params.map(|param| param.key).collect();
        if keys.is_empty() {
            "expected no key".to_owned()
        } else {
            format!("expected {}", alternatives(&keys))
        }
    } else {
        format!("did you mean {}?", alternatives(&nearest))
    };
    Error::new(Kind::InvalidParam, "query", format!("unsupported key {:?}: {remedy}", shorten(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ParamKind;

    const fn param(key: &'static str, aliases: &'static [&'static str]) -> Param {
        Param { key, aliases, kind: ParamKind::Flag, default: None, doc: "x" }
    }

    const PARAMS: [Param; 3] =
        [param("width", &["w"]), param("height", &["h"]), param("background", &["bg"])];

    fn check(rules: &KeyRules, raw: &str) -> Result<(), String> {
        rules.check(raw, PARAMS.iter()).map_err(|error| error.message)
    }

    #[test]
    fn known_additions_are_dropped() {
        for raw in [
            "",
            "&&",
            "width=1&w=2&bg=red",
            "%77idth=1",
            "utm_source=x&utm_=y&fbclid&gclid=1&v=7",
            "x-id=GetObject&X-Amz-Signature=a&x-amz-meta-a=b&response-content-type=c&Response-Expires=d",
            "versionId=1&partNumber=2&VERSIONID=3",
            "Expires=1&Signature=2&Key-Pair-Id=3&Policy=4&Hash-Algorithm=SHA256",
            "sig=a.b&exp=1",
        ] {
            assert_eq!(check(&KeyRules::default(), raw), Ok(()), "{raw}");
        }
    }

    #[test]
    fn other_keys_are_rejected_with_the_nearest_ones() {
        let rejects = |raw: &str, expected: &str| {
            assert_eq!(check(&KeyRules::default(), raw), Err(expected.to_owned()), "{raw}");
        };
        rejects("wdith=1", "unsupported key \"wdith\": did you mean width?");
        rejects("w=1&Width=1", "unsupported key \"Width\": did you mean width?");
        rejects("x", "unsupported key \"x\": did you mean w or h?");
        rejects("=1", "unsupported key \"\": did you mean w or h?");
        rejects("colour=1", "unsupported key \"colour\": expected width, height or background");
        rejects("UTM_source=1", "unsupported key \"UTM_source\": expected width, height or background");
        rejects("V=1", "unsupported key \"V\": did you mean w or h?");
        let long = format!("unsupported key \"{}…\": expected width, height or background", "a".repeat(60));
        rejects(&"a".repeat(9000), &long);
        let none = KeyRules::default().check("width=1", [].iter()).unwrap_err();
        assert_eq!(none.message, "unsupported key \"width\": expected no key");
    }

    #[test]
    fn the_operator_may_drop_more() {
        let rules = KeyRules { ignored: vec!["ref".to_owned(), "pk_*".to_owned()], is_lenient: false };
        assert_eq!(check(&rules, "ref=1&pk_campaign=2"), Ok(()));
        assert!(check(&rules, "refs=1").is_err() && check(&rules, "pk=1").is_err());
        let lenient = KeyRules { is_lenient: true, ..KeyRules::default() };
        assert_eq!(check(&lenient, "wdith=1&=2"), Ok(()));
    }
}
