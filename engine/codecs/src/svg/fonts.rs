//! The fonts of drawings: `DejaVu`, whatever families a file names, so that text does not depend on the machine.

use resvg::usvg::fontdb::{Database, Source};
use std::sync::Arc;

/// The family of text, and that of text of fixed width.
pub(super) const SANS: &str = "DejaVu Sans";
const MONO: &str = "DejaVu Sans Mono";

/// Returns the fonts. The files are part of the program, and not copied.
pub(super) fn database() -> Arc<Database> {
    let mut fonts = Database::new();
    for file in [dejavu::sans::regular(), dejavu::sans::bold(), dejavu::sans_mono::regular()] {
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
        let fonts = database();
        let found: Vec<_> = fonts.faces().map(|face| (face.families[0].0.as_str(), face.weight.0)).collect();
        assert_eq!(found, [(SANS, 400), (SANS, 700), (MONO, 400)]);
    }
}
