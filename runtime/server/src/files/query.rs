//! The query of a batch, checked before any file is read.

use safelight_core::{Plan, Query, Result};
use safelight_service::handle::Service;

/// Returns `raw` without the question mark that it may begin with.
pub(super) fn without_mark(raw: &str) -> &str {
    raw.strip_prefix('?').unwrap_or(raw)
}

/// Parses `raw` as in URLs.
///
/// # Errors
/// [`safelight_core::Kind::InvalidParam`], with the nearest key if one is unknown, or
/// [`safelight_core::Kind::Conflict`].
pub(super) fn parse(service: &Service, raw: &str) -> Result<Query> {
    let query = service.query(raw, "")?.query;
    Plan::new(service.registry, query.clone())?;
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_mark_may_begin_a_query() {
        for (raw, expected) in [("", ""), ("?", ""), ("?w=3&", "w=3&"), ("w=3", "w=3"), ("??", "?")] {
            assert_eq!(without_mark(raw), expected);
        }
    }
}
