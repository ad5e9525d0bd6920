//! Does the decoder survive any input, and do its planes not depend on the chunks?

use super::{DecodeError, Header, decode_wide, decode_with, scales};

/// Decodes in chunks of several sizes, and checks that the results agree.
fn check(file: &[u8], n: u8) -> Result<(), DecodeError> {
    if Header::read(file).is_ok_and(|header| header.is_some_and(|header| header.is_wide())) {
        let whole = decode_wide(file, scales(n), usize::MAX);
        for chunk in [7, 1000] {
            assert_eq!(decode_wide(file, scales(n), chunk), whole, "chunks of {chunk}");
        }
        return whole.map(drop);
    }
    let whole = decode_with(file, scales(n), usize::MAX, false);
    for chunk in [7, 1000] {
        assert_eq!(decode_with(file, scales(n), chunk, true), whole, "chunks of {chunk}");
    }
    whole.map(drop)
}

/// Small files of every coding.
fn files() -> Vec<Vec<u8>> {
    let small = super::structure::small();
    vec![
        small.baseline,
        small.restarts,
        small.progressive,
        small.arithmetic,
        small.arithmetic_restarts,
        small.arithmetic_progressive,
        small.twelve,
        small.twelve_progressive,
        small.twelve_arithmetic,
        small.lossless,
        small.lossless16,
    ]
}

#[test]
fn every_truncation_is_an_image_or_an_error() {
    for file in files() {
        let mut has_image = false;
        for end in 0..file.len() {
            match check(&file[..end], if end % 2 == 0 { 8 } else { 3 }) {
                Ok(()) => has_image = true,
                Err(error) => assert!(!has_image, "{end}: {error}"),
            }
        }
        assert!(has_image);
    }
}

#[test]
fn mutated_files_do_not_panic() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below
    };
    let files = files();
    let mut decoded = 0;
    for round in 0..6000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=random(4) {
            let at = random(file.len());
            match random(4) {
                0 => file[at] = 0xFF,
                1 => file[at] ^= 1 << random(8),
                2 => drop(file.drain(at..(at + random(9)).min(file.len() - 1))),
                _ => file[at] = random(256) as u8,
            }
        }
        decoded += usize::from(check(&file, random(8) as u8 + 1).is_ok());
    }
    assert!(3000 < decoded, "only {decoded} of 6000 were decoded");
}
