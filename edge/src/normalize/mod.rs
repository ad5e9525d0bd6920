//! Normalisation of queries to a canonical form: one alias, order, spelling and default per parameter, keys of
//! trackers removed and `auto` resolved.
//!
//! Equal requests get equal queries and therefore share a cache entry. Unknown keys are rejected. Invalid values are
//! forwarded, so that the origin's 400 explains the error.

mod params;

#[cfg(test)]
pub(crate) use params::declared_params;

use crate::config::ConfigError;
use params::PARAMS;
use safelight_core::{
    KeyRules, Param, Query, Result,
    keys::is_reserved,
    params::{PRESET, is_of_service},
};
use serde::Deserialize;

/// Maximum size of forwarded pairs after escaping, in bytes; longer ones keep their original spelling. An
/// escape turns one byte into three, and CloudFront limits a URL to 8,192 bytes.
const MAX_ESCAPED_BYTES: usize = 2_048;

/// The query keys that the operator allows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Canonical keys of the parameters that viewers may use; others are rejected. Defaults to `null`: all.
    pub keys: Option<Vec<String>>,
    /// Keys that are removed besides those of trackers, S3 and CloudFront. A star matches any end. Defaults to none.
    pub ignore_keys: Vec<String>,
    /// Whether all other keys are removed instead of rejected. Defaults to `false`.
    pub lenient: bool,
    /// Keys of other origins that are forwarded with any value, such as `imageFrameId`. Defaults to none.
    pub pass_on: Vec<String>,
}

/// Converts queries to their canonical form.
///
/// # Examples
/// ```
/// use safelight_edge::normalize::{Config, Normalizer};
///
/// let normalizer = Normalizer::new(&Config::default())?;
/// let normalized = normalizer.normalize("utm_source=mail&q=75&f=auto&w=0300", "image/webp,*/*").unwrap();
/// assert_eq!(normalized.query, "width=300&format=webp&quality=75");
/// let error = normalizer.normalize("widthh=300", "").unwrap_err();
/// assert_eq!(error.message, "unsupported key \"widthh\": did you mean width?");
/// # Ok::<(), safelight_edge::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Normalizer {
    rules: KeyRules,
    params: Vec<&'static Param>,
    /// In alphabetical order.
    pass_on: Vec<String>,
}

/// A canonical query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalized {
    /// The query without its question mark; empty if no parameter remains.
    pub query: String,
    /// Whether the `Accept` header was evaluated. If so, the query contains its result.
    pub is_negotiated: bool,
}

impl Normalizer {
    /// Creates a normaliser from `config`.
    ///
    /// # Errors
    /// [`ConfigError`] with the path of the invalid key.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let declared = |key: &str| PARAMS.iter().any(|param| param.is_named(key));
        for (index, key) in config.keys.iter().flatten().enumerate() {
            if !PARAMS.iter().any(|param| param.key == key) {
                let known: Vec<_> = PARAMS.iter().map(|param| param.key).collect();
                let expected = format!("one of {}", known.join(", "));
                return Err(ConfigError::new(format!("keys[{index}]"), &expected, key));
            }
        }
        for (index, key) in config.ignore_keys.iter().enumerate() {
            if key.is_empty() || declared(key) {
                let expected = "a key, or the start of keys and a star, that is no Safelight parameter";
                return Err(ConfigError::new(format!("ignoreKeys[{index}]"), expected, key));
            }
        }
        for (index, key) in config.pass_on.iter().enumerate() {
            if key.is_empty() || declared(key) || is_reserved(key) {
                let expected = "a key that is neither a Safelight parameter nor reserved by S3 or CloudFront";
                return Err(ConfigError::new(format!("passOn[{index}]"), expected, key));
            }
        }
        let is_allowed =
            |param: &&Param| config.keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key == param.key));
        let mut pass_on = config.pass_on.clone();
        pass_on.sort();
        // Keys of other origins are none of the rules' business.
        let ignored = config.ignore_keys.iter().chain(&config.pass_on).cloned().collect();
        let rules = KeyRules { is_lenient: config.lenient, ignored };
        Ok(Self { rules, params: PARAMS.iter().filter(is_allowed).collect(), pass_on })
    }

    /// Returns the canonical form of the query `raw` (without the question mark). `accept` is the request's
    /// `Accept` header, or empty.
    ///
    /// Parameters come first, in the registry's order. Forwarded keys follow, sorted by name; pairs with the
    /// same key keep their order. A parameter with an invalid value or several values keeps its original
    /// spelling.
    ///
    /// # Errors
    /// [`safelight_core::Kind::InvalidParam`], for a key that is neither known nor removed.
    pub fn normalize(&self, raw: &str, accept: &str) -> Result<Normalized> {
        self.rules.check(raw, self.params.iter().copied())?;
        let (mut parts, mut is_negotiated) = (Vec::new(), false);
        for (param, pairs) in group(raw, &self.params, |param, key| param.is_named(key)) {
            let pairs = pairs.join("&");
            match Query::parse(&pairs, accept, [*param]) {
                Ok(query) => {
                    is_negotiated |= query.is_negotiated;
                    parts.push(query.to_string());
                }
                Err(_) => parts.push(pairs),
            }
        }
        for (_, pairs) in group(raw, &self.pass_on, |known, key| known == key) {
            let pairs = pairs.join("&");
            let mut escaped = form_urlencoded::Serializer::new(String::new());
            escaped.extend_pairs(form_urlencoded::parse(pairs.as_bytes()));
            let escaped = escaped.finish();
            parts.push(if escaped.len() > MAX_ESCAPED_BYTES { pairs } else { escaped });
        }
        parts.retain(|part| !part.is_empty());
        Ok(Normalized { query: parts.join("&"), is_negotiated })
    }
}

/// Returns the preset that a canonical query names, and whether it has no key but those of the service.
pub fn preset_of(query: &str) -> (Option<String>, bool) {
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let preset = pairs().find(|(key, _)| key == PRESET.key).map(|(_, value)| value.into_owned());
    (preset, pairs().all(|(key, _)| is_of_service(&key)))
}

/// Returns `query` with the right of its viewer to see all EXIF: `showExif=all` if `sees_all`, else `showExif=true`.
///
/// An origin with the setting `SAFELIGHT_EXIF=edge` shows what this value says, so a viewer's own must never reach it.
///
/// # Examples
/// ```
/// use safelight_edge::normalize::grant_exif;
///
/// assert_eq!(grant_exif("width=9&showExif=true", true), "width=9&showExif=all");
/// assert_eq!(grant_exif("showExif=ALL", false), "showExif=true");
/// ```
pub fn grant_exif(query: &str, sees_all: bool) -> String {
    const KEY: &str = "showExif";
    let granted = |pair| {
        let (_, value) = form_urlencoded::parse(str::as_bytes(pair)).next().filter(|(key, _)| key == KEY)?;
        let asks_for_all = value.eq_ignore_ascii_case("all");
        (asks_for_all || value == "true").then_some(if sees_all { "showExif=all" } else { "showExif=true" })
    };
    query.split('&').map(|pair| granted(pair).unwrap_or(pair)).collect::<Vec<_>>().join("&")
}

/// Groups the pairs of the query `raw` by the item of `items` that their key belongs to. Other pairs are
/// skipped.
fn group<'a, T>(
    raw: &'a str,
    items: &'a [T],
    is_key: impl Fn(&T, &str) -> bool,
) -> Vec<(&'a T, Vec<&'a str>)> {
    let mut groups: Vec<_> = items.iter().map(|item| (item, Vec::new())).collect();
    for pair in raw.split('&') {
        let Some((key, _)) = form_urlencoded::parse(pair.as_bytes()).next() else { continue };
        if let Some((_, pairs)) = groups.iter_mut().find(|(item, _)| is_key(item, &key)) {
            pairs.push(pair);
        }
    }
    groups.retain(|(_, pairs)| !pairs.is_empty());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalizer(config: &str) -> Normalizer {
        Normalizer::new(&crate::config::from_json(config).unwrap()).unwrap()
    }

    #[test]
    fn equal_requests_have_equal_queries() {
        let normalizer = normalizer("{}");
        let check = |raw, expected: &str| {
            let found = normalizer.normalize(raw, "image/webp,*/*").unwrap();
            assert_eq!(found.query, expected, "{raw}");
            assert_eq!(normalizer.normalize(&found.query, "").unwrap().query, expected, "{raw}, again");
        };
        check("", "");
        check("utm_source=x&fbclid=y", "");
        check("showExif=TRUE", "showExif=true");
        check("h=7&w=0300&v=1", "width=300&height=7");
        check("height=7&width=300", "width=300&height=7");
        check("w=5&width=5&fit=Scale-Down&dpr=1.0&gravity=center", "width=5");
        check("%77=5", "width=5");
        check("f=auto&q=080", "format=webp&quality=80");
        check("w=300.4&h=", "width=300");
        check("width", "");
        check("showExif=1", "showExif=true");
        check("progressive=yes&f=jpg", "format=jpeg&progressive=true");
        check("w=5&fit=inside", "width=5&fit=contain");
        check("rotate=-90", "rotate=270");
        check("rotate=360", "");
        check("bg=%23f80", "background=ff8800");
        check("bg=Orange", "background=ffa500");
        check("crop=8,8,100,60", "crop=8%2C8%2C100%2C60");
        check("crop=8%2c8%2C100%2c60", "crop=8%2C8%2C100%2C60");
        check("crop=a%26b=c%00%ff+ä", "crop=a%26b%3Dc%00%EF%BF%BD+%C3%A4");
    }

    #[test]
    fn accept_resolves_auto_in_the_query() {
        let normalizer = normalizer("{}");
        let check = |accept, expected: &str| {
            let expected = Normalized { query: expected.to_owned(), is_negotiated: true };
            assert_eq!(normalizer.normalize("format=auto", accept).unwrap(), expected, "{accept}");
        };
        check("", "format=auto");
        check("*/*", "format=auto");
        check("image/webp", "format=webp");
        check("image/webp,image/avif;q=0.5", "format=webp");
        check("image/webp,image/avif", "format=auto-avif");
        check("image/webp;q=0.1,image/jpeg", "format=auto");
        assert!(!normalizer.normalize("format=png", "image/webp").unwrap().is_negotiated);
    }

    #[test]
    fn invalid_parameters_are_forwarded_unchanged() {
        let normalizer = normalizer(r#"{"passOn":["version"]}"#);
        let check = |raw, expected: &str| {
            let found = normalizer.normalize(raw, "image/webp").unwrap().query;
            assert_eq!(found, expected, "{raw}");
            assert_eq!(normalizer.normalize(&found, "image/webp").unwrap().query, expected, "{raw}, again");
        };
        check("w=0", "w=0");
        check("width=6&fit=PAD&w=5", "width=6&w=5&fit=pad");
        check("fit=pad&fit=scale-down", "fit=pad&fit=scale-down");
        check("version=%31&height=%6dany&&", "height=%6dany&version=1");
        // Valid parameters beside it are still normalised: an `auto` that `Accept` resolves must not reach a cache.
        check("v=1&f=auto&w=0300&h=-1&x-id=y", "width=300&h=-1&format=webp");
        let long = format!("crop={}", "[".repeat(1001));
        check(&format!("f=auto&{long}"), &format!("{long}&format=webp"));
    }

    #[test]
    fn a_viewer_without_the_right_never_asks_for_all_exif() {
        let normalizer = normalizer("{}");
        for raw in [
            "showExif=all",
            "showExif=ALL&width=5",
            "showExif=%61ll",
            "%73howExif=all",
            "showExif=all&showExif=true",
            "showExif=all&showExif=all&utm_id=1",
            "showExif=a%6cl&showExif=ALL",
        ] {
            for query in [raw.to_owned(), normalizer.normalize(raw, "").unwrap().query] {
                let (without, with) = (grant_exif(&query, false), grant_exif(&query, true));
                let pairs = form_urlencoded::parse(without.as_bytes());
                assert!(
                    !pairs.into_iter().any(|(_, value)| value.eq_ignore_ascii_case("all")),
                    "{raw}: {without}"
                );
                assert!(with.contains("showExif=all") && !with.contains("true"), "{raw}: {with}");
            }
        }
        assert_eq!(grant_exif("", true), "");
        assert_eq!(grant_exif("width=5&f=webp", true), "width=5&f=webp");
    }

    #[test]
    fn the_settings_decide_which_keys_pass() {
        let some = normalizer(r#"{"keys":["width","format"],"passOn":["version","imageFrameId"]}"#);
        let check =
            |raw, expected: &str| assert_eq!(some.normalize(raw, "").unwrap().query, expected, "{raw}");
        check("version=1&w=5&imageFrameId=a/b", "width=5&imageFrameId=a%2Fb&version=1");
        check("imageFrameId=b&version=1&imageFrameId=a", "imageFrameId=b&imageFrameId=a&version=1");
        check("version", "version=");
        check("versionId=1", "");
        let rejects = |normalizer: &Normalizer, raw: &str, expected: &str| {
            assert_eq!(normalizer.normalize(raw, "").unwrap_err().message, expected, "{raw}");
        };
        rejects(&some, "w=5&showExif=true", "unsupported key \"showExif\": expected width or format");
        rejects(&some, "Format=png", "unsupported key \"Format\": did you mean format?");

        let none = normalizer(r#"{"keys":[]}"#);
        rejects(&none, "width=5&f=auto", "unsupported key \"width\": expected no key");

        let lenient = normalizer(r#"{"keys":["width"],"lenient":true}"#);
        assert_eq!(lenient.normalize("showExif=true&w=5&widthh=6", "").unwrap().query, "width=5");
        let ignoring = normalizer(r#"{"ignoreKeys":["ref","pk_*"]}"#);
        assert_eq!(ignoring.normalize("ref=1&w=5&pk_id=6", "").unwrap().query, "width=5");
    }

    #[test]
    fn a_query_never_exceeds_cloudfronts_limit() {
        let normalizer = normalizer(r#"{"passOn":["version"]}"#);
        let raw = format!("version={}&w=05", "/".repeat(1_000));
        let expected = format!("width=5&version={}", "/".repeat(1_000));
        assert_eq!(normalizer.normalize(&raw, "").unwrap().query, expected);
    }

    #[test]
    fn errors_name_the_invalid_setting() {
        let check = |config: &str, expected: &str| {
            let result = crate::config::from_json(config).and_then(|config| Normalizer::new(&config));
            assert!(result.unwrap_err().to_string().starts_with(expected), "{config}");
        };
        check(r#"{"keys":["width","w"]}"#, "keys[1]: must be one of ");
        let expected =
            "must be a key that is neither a Safelight parameter nor reserved by S3 or CloudFront, not";
        for key in ["", "w", "quality", "versionId", "X-Amz-Signature", "response-content-type", "partnumber"]
        {
            check(&format!(r#"{{"passOn":["a","{key}"]}}"#), &format!("passOn[1]: {expected} {key:?}"));
        }
        check(
            r#"{"ignoreKeys":["a","w"]}"#,
            "ignoreKeys[1]: must be a key, or the start of keys and a star, ",
        );
        check(r#"{"key":[]}"#, "key: unknown field `key`: did you mean keys?");
    }
}
