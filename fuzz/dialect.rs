//! Fuzzes the translations of other services' URLs: no panic, no path outside of the site, and no query with a number
//! that is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_core::{Format, Orientation, Size};
use safelight_dialects::{Dialect, Image, Request, Settings};
use std::sync::LazyLock;

static DIALECTS: LazyLock<Vec<Dialect>> = LazyLock::new(|| {
    let dialect = |name: &&str| Dialect::new(name, &Settings::default());
    Dialect::NAMES.iter().filter_map(dialect).collect()
});

fuzz_target!(|input: (u8, u8, u16, u16, &str)| {
    let (dialect, kind, w, h, url) = input;
    let dialect = &DIALECTS[usize::from(dialect) % DIALECTS.len()];
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let Ok(translation) = dialect.translate(&Request { path, query, accept: "", now: 1 }) else { return };
    assert!(
        translation.path.starts_with('/') && !translation.path.contains(['?', '#', '\\']),
        "{}",
        translation.path
    );
    let formats = [Format::Jpeg, Format::Png, Format::Gif, Format::Tiff];
    let image = Image {
        format: formats[usize::from(kind % 4)],
        size: Some(Size::new(u32::from(w).max(1), u32::from(h).max(1))),
        orientation: Orientation::new(kind / 4 % 8 + 1).unwrap_or(Orientation::UPRIGHT),
        has_alpha: kind & 32 != 0,
        is_animated: kind & 64 != 0,
    };
    for word in translation.words(&image).unwrap_or_default() {
        let is_number = !word.value.contains("NaN") && !word.value.contains("inf");
        assert!(is_number || word.key == "download", "{word:?}");
    }
});
