//! Hashes are those of the reference implementation in C, of the Python package `blurhash-python` 1.2.2.

use safelight_blurhash::hash;
use safelight_core::Size;
use safelight_filters::Thumbnail;

#[test]
fn hashes_are_those_of_the_reference() {
    let check = |w: u32, h: u32, wide: &str, high: &str| {
        let pixel = |x: u32, y: u32| [x * 7 + y * 3, x * x + y * 5, y * 11, 255].map(|value| value as u8);
        let rgba = (0..h).flat_map(|y| (0..w).flat_map(move |x| pixel(x, y))).collect();
        let picture = Thumbnail { size: Size::new(w, h), rgba };
        assert_eq!(hash(&picture, (4, 3)), wide, "{w} × {h}");
        assert_eq!(hash(&picture, (3, 4)), high, "{w} × {h}");
    };
    check(40, 30, "LdG+R7I[12+hnKEOw2w1jRW.snSx", "TdG+R7I[12nKEOw2jRW.sns]WXaz");
    check(30, 40, "LXH.7x1#EP#YMyE5:pNIJJ#,S{S^", "TXH.7x1#EPMyE5:pJJ#,S{bSjGS3");
    check(100, 7, "LCGbp*E70+94~KVwI?VwaLagWDkA", "TCGbp*E70+~KVwI?aLagWD~kWDNJ");
    check(1, 1, "L00000fQfQfQfQfQfQfQfQfQfQfQ", "T00000fQfQfQfQfQfQfQfQfQfQfQ");
}
