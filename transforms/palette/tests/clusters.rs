//! The main colours of pictures whose colours are known.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use safelight_core::{Size, Stop};
use safelight_filters::Thumbnail;
use safelight_palette::clusters;

/// A picture of these colours, each so many pixels.
fn picture(colours: &[([u8; 4], usize)]) -> Thumbnail {
    let rgba: Vec<u8> = colours.iter().flat_map(|(colour, count)| colour.repeat(*count)).collect();
    Thumbnail { size: Size::new(rgba.len() as u32 / 4, 1), rgba }
}

#[test]
fn colours_are_found_by_their_shares() {
    let check = |colours: &[([u8; 4], usize)], count, expected: &[(&str, f64)]| {
        let found = clusters(&picture(colours), count, &Stop::default()).unwrap();
        let found: Vec<_> =
            found.iter().map(|cluster| (cluster.hex(), (cluster.share * 1e4).round() / 1e4)).collect();
        let expected: Vec<_> =
            expected.iter().map(|(colour, share)| ((*colour).to_owned(), *share)).collect();
        assert_eq!(found, expected, "{colours:?}");
    };
    let (red, green, near_green, white) =
        ([200, 10, 10, 255], [10, 160, 40, 255], [12, 162, 41, 255], [255; 4]);
    check(&[(red, 10), (green, 60), (white, 30)], 3, &[("#0aa028", 0.6), ("#ffffff", 0.3), ("#c80a0a", 0.1)]);
    check(
        &[(red, 10), (green, 30), (near_green, 30), (white, 30)],
        3,
        &[("#0ba128", 0.6), ("#ffffff", 0.3), ("#c80a0a", 0.1)],
    );
    check(&[(red, 10)], 5, &[("#c80a0a", 1.0)]);
    // Half of the weight is transparent.
    check(&[(red, 10), ([10, 160, 40, 51], 50)], 2, &[("#0aa028", 0.5), ("#c80a0a", 0.5)]);
    check(&[([1, 2, 3, 0], 9)], 2, &[]);
}

#[test]
fn a_ramp_gives_as_many_colours_as_asked_for() {
    let ramp: Vec<_> = (0..=255).map(|level| ([level, 255 - level, 90, 255], 1)).collect();
    for count in [1, 4, 16] {
        let found = clusters(&picture(&ramp), count, &Stop::default()).unwrap();
        assert_eq!(found.len(), count);
        let total: f64 = found.iter().map(|cluster| cluster.share).sum();
        assert!((total - 1.0).abs() < 1e-9, "{total}");
    }
}
