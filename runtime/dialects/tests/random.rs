//! Random URLs: no panic, no path outside of the site, and a query for every source.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_core::{Format, Orientation, Size};
use safelight_dialects::{Dialect, Image, Request, Settings};

/// URLs for each dialect.
const URLS: u64 = 100_000;

/// Parts of URLs, with the separators that the services use between them.
const WORDS: &[&str] = &[
    "/",
    "/",
    "/",
    "/",
    ":",
    ":",
    ",",
    "=",
    "&",
    "x",
    "-",
    ".",
    "@",
    "%2F",
    "%2e%2e",
    "..",
    "%00",
    "%ff",
    "%",
    "(",
    ")",
    ")/",
    "0",
    "1",
    "2",
    "7",
    "90",
    "100",
    "65535",
    "4294967295",
    "99999999999999999999",
    "-1",
    "0.5",
    "1e9",
    "NaN",
    "inf",
    "",
    "unsafe",
    "plain",
    "local:///",
    "s3://b/",
    "http://127.0.0.1/",
    "b64:",
    "YS5wbmc",
    "a.png",
    "etc",
    "filters:",
    "meta",
    "rs:",
    "fill-down",
    "fill",
    "fit",
    "auto",
    "w:",
    "h:",
    "mw:",
    "z:",
    "dpr:",
    "ex:",
    "exar:",
    "g:",
    "fp",
    "sm",
    "noea",
    "c:",
    "t:",
    "pd:",
    "ar:",
    "rot:",
    "fl:",
    "bg:",
    "ff0000",
    "bl:",
    "sh:",
    "pix:",
    "wm:",
    "q:",
    "fq:",
    "jpeg",
    "webp",
    "avif",
    "mb:",
    "f:",
    "skp:",
    "raw:",
    "exp:",
    "fn:",
    "pr:",
    "trim",
    "trim:",
    "fit-in",
    "adaptive-",
    "full-",
    "stretch",
    "orig",
    "left",
    "top",
    "smart",
    "fill(red)",
    "rotate(90)",
    "crop(0.1,0.1,0.5,0.5)",
    "padding(red,5)",
    "focal(0x0:9x9)",
    "proportion(0.3)",
    "no_upscale()",
    "upscale()",
    "round_corner(9)",
    "quality(5)",
    "cdn-cgi",
    "image",
    "width=",
    "height=",
    "fit=",
    "crop",
    "aspect-crop",
    "pad",
    "cover",
    "gravity=",
    "rotate=",
    "border=",
    "w=",
    "h=",
    "min",
    "max",
    "ar=",
    "3:2",
    "rect=",
    "center",
    "rot=",
    "or=",
    "6",
    "max-w=",
    "resize.width=",
    "resize.height=",
    "resize.fit=",
    "extract=",
    "ratio=",
    "signature=",
    "expires=",
    "20300101T000000Z",
    "eyJrZXkiOiJhLnBuZyIsImVkaXRzIjp7InJlc2l6ZSI6eyJ3aWR0aCI6NX19fQ==",
];

/// A generator of the kind xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators").
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn text(&mut self, words: usize) -> String {
        (0..self.below(words)).map(|_| WORDS[self.below(WORDS.len())]).collect()
    }
}

#[test]
fn random_urls_stay_on_the_site() {
    let mut random = Random(1);
    let image = |random: &mut Random| Image {
        format: [Format::Jpeg, Format::Png, Format::Gif, Format::Webp, Format::Tiff, Format::Svg]
            [random.below(6)],
        size: (random.below(9) != 0)
            .then(|| Size::new([1, 2, 300, 65_535][random.below(4)], [1, 3, 200, 65_535][random.below(4)])),
        orientation: Orientation::new(random.below(8) as u8 + 1).unwrap(),
        has_alpha: random.below(2) == 0,
        is_animated: random.below(2) == 0,
    };
    for name in Dialect::NAMES {
        let dialect = Dialect::new(name, &Settings::default()).unwrap();
        let mut translated = 0;
        for _ in 0..URLS {
            let start = ["/", "/unsafe/", "/cdn-cgi/image/"][random.below(3)];
            let end = ["", "/plain/local:///a.png", "/a.png"][random.below(3)];
            let path = format!("{start}{}{end}", random.text(12));
            let query = random.text(8);
            let request = Request { path: &path, query: Some(&query), accept: "", now: 1_800_000_000 };
            let Ok(translation) = dialect.translate(&request) else { continue };
            let found = &translation.path;
            assert!(
                found.starts_with('/') && !found.contains(['?', '#', ' ', '\\']),
                "{name} {path}: {found}"
            );
            let Ok(words) = translation.words(&image(&mut random)) else { continue };
            translated += 1;
            for word in words {
                let is_number = !word.value.contains("NaN") && !word.value.contains("inf");
                assert!(is_number || word.key == "download", "{name} {path}: {word:?}");
            }
        }
        assert!(URLS / 100 < translated, "{name}: only {translated} of {URLS} URLs were translated");
    }
}
