//! Damaged sources give parts or an error, the same for every chunking, and never a panic.

use crate::{strip, walk};
use safelight_core::Limits;

/// Samples of both kinds, and the small files of the corpus.
fn sources() -> Vec<Vec<u8>> {
    let mut sources = vec![safelight_images::read("photo.avif"), safelight_images::read("photo.tiff")];
    let is_ours = |extension: &str| ["avif", "avifs", "heic", "heif", "tiff"].contains(&extension);
    for path in safelight_images::corpus_files() {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let bytes = std::fs::read(&path).expect("a listed file is there");
        if is_ours(&extension.to_ascii_lowercase()) && bytes.len() < 32 << 10 {
            sources.push(bytes);
        }
    }
    sources
}

/// Walks a damaged source; both chunkings must agree.
fn survive(source: &[u8]) {
    let whole = walk(source, usize::MAX, &Limits::default());
    let pieces = walk(source, 1000, &Limits::default());
    assert_eq!(whole, pieces);
    if let Ok(out) = strip(source) {
        assert!(out.len() <= source.len());
    }
}

#[test]
fn truncations_do_no_harm() {
    for source in sources() {
        let dense = source.len().min(4 << 10);
        (0..dense).chain((dense..source.len()).step_by(1009)).for_each(|end| survive(&source[..end]));
    }
}

#[test]
fn mutations_do_no_harm() {
    const NASTY: [u8; 8] = [0, 1, 2, 4, 0x7F, 0x80, 0xFE, 0xFF];
    // The linear congruential generator of Numerical Recipes, with an arbitrary seed.
    let mut state = 0x5AFE_1161_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    for source in sources() {
        for _ in 0..200 {
            let mut damaged = source.clone();
            for _ in 0..=random(4) {
                // The index is at the start or at the end.
                let near = random(source.len().min(1500));
                let at = if random(2) == 0 { near } else { source.len() - 1 - near };
                damaged[at] = NASTY[random(NASTY.len())];
            }
            survive(&damaged);
        }
    }
}
