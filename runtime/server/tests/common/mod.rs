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
