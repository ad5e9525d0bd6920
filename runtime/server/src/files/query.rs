//! The query of a batch, checked before any file is read.

use safelight_core::{Error, Param, Plan, Query, Registry, Result};
use strsim::damerau_levenshtein;

/// Returns `raw` without the question mark that it may begin with.
pub(super) fn without_mark(raw: &str) -> &str {
    raw.strip_prefix('?').unwrap_or(raw)
}

/// Parses `raw`. In URLs, unknown keys are ignored because trackers add them; here, they are mistakes.
///
/// # Errors
/// [`safelight_core::Kind::InvalidParam`], with the nearest key if one is unknown, or
/// [`safelight_core::Kind::Conflict`].
pub(super) fn parse(registry: Registry, raw: &str) -> Result<Query> {
    let params = || registry.transforms.iter().flat_map(|transform| transform.params());
    for (key, _) in form_urlencoded::parse(raw.as_bytes()) {
        if !key.is_empty() && !params().any(|param| param.is_named(&key)) {
            return Err(unknown(&key, params()));
        }
    }
    let query = registry.query(raw, "")?;
    Plan::new(registry, query.clone())?;
    Ok(query)
}

fn unknown<'a>(key: &str, params: impl Iterator<Item = &'a Param> + Clone) -> Error {
    let keys = params.flat_map(|param| [param.key].into_iter().chain(param.aliases.iter().copied()));
    let message = match nearest(key, keys.clone()) {
        Some(nearest) => format!("unknown parameter {key:?}: expected {nearest:?}"),
        None => format!("unknown parameter {key:?}: expected one of {}", keys.collect::<Vec<_>>().join(", ")),
    };
    Error::new(safelight_core::Kind::InvalidParam, "query", message)
}

/// Returns the name of which `key` is probably a misspelling.
fn nearest<'a>(key: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Letters of a name for each mistake in it.
    const LETTERS_PER_MISTAKE: usize = 3;
    let key = key.to_lowercase();
    let distance = |name: &str| damerau_levenshtein(&key, &name.to_lowercase());
    let nearest = names.min_by_key(|name| distance(name))?;
    (distance(nearest) <= nearest.len() / LETTERS_PER_MISTAKE).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_registry::REGISTRY;

    #[test]
    fn an_unknown_key_is_an_error_with_the_nearest_one() {
        let check = |raw, expected: Result<&str, &str>| {
            let found = parse(REGISTRY, without_mark(raw));
            assert_eq!(
                found.map(|query| query.to_string()).map_err(|error| error.message),
                expected.map(str::to_owned).map_err(str::to_owned)
            );
        };
        check("", Ok(""));
        check("?w=3&", Ok("width=3"));
        check("widht=3", Err("unknown parameter \"widht\": expected \"width\""));
        check("Width=3", Err("unknown parameter \"Width\": expected \"width\""));
        check("showexif=true", Err("unknown parameter \"showexif\": expected \"showExif\""));
        check("w=3&qualty=5", Err("unknown parameter \"qualty\": expected \"quality\""));
        check("width=0", Err("width: expected an integer from 1 to 16384, got \"0\""));
        let error = parse(REGISTRY, "utm_source=x").unwrap_err().message;
        assert!(
            error.starts_with("unknown parameter \"utm_source\": expected one of resolution, showExif, "),
            "{error}"
        );
        assert!(parse(REGISTRY, "showExif=true&w=3").is_err());
    }
}
