//! The discrete cosine transform of 8 × 8 blocks (ITU-T T.81 A.3.3), forward and inverse.
//!
//! Both directions are the accurate integer transform of libjpeg (`JDCT_ISLOW`): two passes of
//! one-dimensional transforms after C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical fast 1-D DCT
//! algorithms with 11 multiplications", ICASSP 1989, in 32-bit integers with constants of 13 fractional bits,
//! and 16-bit values with 2 fractional bits between the passes. Their flow graph of additions and
//! multiplications is a linear map on integers, so its matrix gives the same sums to the last bit. The
//! kernels multiply by the matrix: it has more multiplications, but one instruction does two of them and an
//! addition.
//!
//! The kernel in plain Rust (`scalar`) is the reference. Those for AVX2 and NEON give the same bytes for
//! every input. The kernel is selected when a table is built.

mod basis;
mod forward;
mod inverse;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(test)]
mod testing;

pub(super) use forward::{Forward, Thresholds};
pub(super) use inverse::{Inverse, WideInverse};
#[cfg(test)]
pub(crate) use testing::Random;

/// Fractional bits of the constants.
const CONSTANT_BITS: u32 = 13;
/// Fractional bits of the values between the two passes.
const PASS_BITS: u32 = 2;
