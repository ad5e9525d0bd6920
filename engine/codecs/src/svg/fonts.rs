//! The fonts of drawings: `DejaVu`, and those of the operator. Text does not depend on the machine: a family that is in
//! neither is drawn in `DejaVu`.

use bytes::Bytes;
use resvg::usvg::fontdb::{Database, Source};
use std::sync::Arc;

/// The family of text, and that of text of fixed width.
pub(super) const SANS: &str = "DejaVu Sans";
const MONO: &str = "DejaVu Sans Mono";

/// Returns the fonts of the program and those in `files`, which are not copied.
pub(super) fn database(files: Vec<Bytes>) -> Arc<Database> {
    let mut fonts = Database::new();
    for file in [dejavu::sans::regular(), dejavu::sans::bold(), dejavu::sans_mono::regular()] {
        fonts.load_font_source(Source::Binary(Arc::new(file)));
    }
    for file in files {
        fonts.load_font_source(Source::Binary(Arc::new(file)));
    }
    // The family "serif" also replaces those that are not here.
    fonts.set_serif_family(SANS);
    fonts.set_sans_serif_family(SANS);
    fonts.set_cursive_family(SANS);
    fonts.set_fantasy_family(SANS);
    fonts.set_monospace_family(MONO);
    Arc::new(fonts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        let fonts = database(vec![Bytes::from_static(dejavu::serif::bold()), Bytes::from_static(b"no font")]);
        let found: Vec<_> = fonts.faces().map(|face| (face.families[0].0.as_str(), face.weight.0)).collect();
        assert_eq!(found, [(SANS, 400), (SANS, 700), (MONO, 400), ("DejaVu Serif", 700)]);
    }
}
