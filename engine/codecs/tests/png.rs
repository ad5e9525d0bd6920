//! Are chunks of a PNG that contradict each other, or have bits that do not count, read as the standard says?

#![cfg(feature = "png")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{decode, icc, to_rgba};
use safelight_codecs::Png;

/// A file of these chunks.
fn file(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let chunk = |(kind, data): &(&[u8; 4], &[u8])| {
        let checked = [*kind, *data].concat();
        let checksum = crc32fast::hash(&checked).to_be_bytes();
        [&(data.len() as u32).to_be_bytes()[..], &checked, &checksum].concat()
    };
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.iter().flat_map(chunk).collect()].concat()
}

/// The first chunk of an image of two pixels in a row.
fn header(bits: u8, colours: u8) -> [u8; 13] {
    [0, 0, 0, 2, 0, 0, 0, 1, bits, colours, 0, 0, 0]
}

#[test]
fn code_points_come_before_a_profile() {
    let samples = fdeflate::compress_to_vec(&[0, 220, 60, 30, 220, 60, 30]);
    let profile = [b"icc\0\0", &*fdeflate::compress_to_vec(&icc::swapped_red_and_green())].concat();
    let check = |code_points: [u8; 4], expected: [u8; 3]| {
        let chunks: [(&[u8; 4], &[u8]); 5] = [
            (b"IHDR", &header(8, 2)),
            (b"cICP", &code_points),
            (b"iCCP", &profile),
            (b"IDAT", &samples),
            (b"IEND", &[]),
        ];
        let found = to_rgba(&decode(&Png, &file(&chunks)).frames[0]);
        let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 1);
        assert!(is_near, "{code_points:?}: {found:?}, not {expected:?}");
    };
    check([1, 13, 0, 1], [220, 60, 30]);
    // Curves of high dynamic range, and unspecified ones, leave it to the profile.
    check([9, 16, 0, 1], [60, 220, 30]);
    check([2, 2, 0, 1], [60, 220, 30]);
    // Display P3.
    let [red, green, _, _] = {
        let chunks: [(&[u8; 4], &[u8]); 4] =
            [(b"IHDR", &header(8, 2)), (b"cICP", &[12, 13, 0, 1]), (b"IDAT", &samples), (b"IEND", &[])];
        *to_rgba(&decode(&Png, &file(&chunks)).frames[0]).first_chunk().unwrap()
    };
    assert!(230 < red && green < 60, "{red}, {green}");
}

#[test]
fn only_the_bits_of_a_sample_count_in_a_transparent_grey() {
    let check = |bits: u8, packed: u8, transparent: [u8; 2], expected: [u8; 2]| {
        let samples = fdeflate::compress_to_vec(&[0, packed]);
        let chunks: [(&[u8; 4], &[u8]); 4] =
            [(b"IHDR", &header(bits, 0)), (b"tRNS", &transparent), (b"IDAT", &samples), (b"IEND", &[])];
        let found = to_rgba(&decode(&Png, &file(&chunks)).frames[0]);
        let alphas: Vec<_> = found.iter().skip(3).step_by(4).copied().collect();
        assert_eq!(alphas, expected, "{bits} bits, {transparent:?}");
    };
    check(1, 0b1000_0000, [0xFF, 0x5B], [0, 255]);
    check(1, 0b1000_0000, [0, 1], [0, 255]);
    check(2, 0b1101_0000, [0, 0x5D], [255, 0]);
    check(4, 0b0011_0111, [1, 0xF3], [0, 255]);
}
