//! The program, and a client that sees every byte.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part of this")]

#[path = "../../../service/tests/common/client.rs"]
mod client;
mod program;
#[path = "../../../service/tests/common/upstream.rs"]
mod upstream;

pub(crate) use client::{Reply, fetch, get, read, send};
pub(crate) use program::{Program, run, safelight, signal};
pub(crate) use upstream::{Upstream, response};

/// Returns bytes that do not compress, by Numerical Recipes' linear congruential generator.
pub(crate) fn noise(count: u32) -> impl Iterator<Item = u8> {
    let mut state = 1_u32;
    (0..count).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
}

/// A TIFF of one strip of RGB noise with about `bytes` bytes (TIFF 6.0, sections 2 and 6).
pub(crate) fn tiff(bytes: u32) -> Vec<u8> {
    const WIDTH: u32 = 2000;
    let height = bytes / (3 * WIDTH);
    let strip = 3 * WIDTH * height;
    // Tag, type (3: 16 bits, 4: 32 bits), count, value.
    let entries: [(u16, u16, u32, u32); 9] = [
        (256, 4, 1, WIDTH),
        (257, 4, 1, height),
        (258, 3, 3, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 16),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, strip),
    ];
    // Three times 8 bits for a sample, and the strip, are before the directory.
    let mut file = [b"II*\0".as_slice(), &(16 + strip).to_le_bytes(), &[8, 0, 8, 0, 8, 0, 0, 0]].concat();
    file.extend(noise(strip));
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file
}
