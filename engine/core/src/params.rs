//! Parameters that several transforms read.
//!
//! One transform declares each of them, so that it has one place in `params.json` and in the canonical
//! query; any transform may read it through the function here. Transforms still do not know each other.
//! `docs/decisions/0020-background.md` gives the reasons.

use crate::{Colour, Param, ParamKind, Query};

/// The colour behind the image; declared by the transform `background`.
pub const BACKGROUND: Param = Param {
    key: "background",
    aliases: &["bg"],
    kind: ParamKind::Colour,
    default: None,
    doc: "the colour of `pad` (by default white, or transparent if the source has alpha) and behind transparent pixels in formats without alpha (by default black)",
};

/// Returns the value of [`BACKGROUND`], if the query has one.
pub fn background(query: &Query) -> Option<Colour> {
    query.get(BACKGROUND.key).and_then(Colour::parse)
}
