//! The kernels with NEON.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers, and code for NEON must be called"
)]
#![allow(clippy::wildcard_imports, reason = "an instruction is a function")]

use super::{
    axis::Axis,
    kernels::{CHUNK, Chunk, Pair, ROWS, Wide},
    lines::Lines,
    scalar::{self, ACROSS_SHIFT, DOWN_SHIFT},
};
use std::{arch::aarch64::*, ops::Range};

/// Pairs that are multiplied at a time.
const LANES: usize = 8;

/// Proof that this machine has NEON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

#[allow(clippy::unused_self, reason = "having one is what matters")]
impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    pub(super) fn down(
        self,
        lines: &Lines<'_>,
        column: usize,
        axis: &Axis,
        outputs: Range<usize>,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk,
    ) {
        // SAFETY: there is NEON where there is a `Neon`.
        unsafe { down(lines, column, axis, outputs, window, chunk) }
    }

    pub(super) fn across(self, strip: &[Pair], first: usize, axis: &Axis, answer: &mut [u8]) {
        // SAFETY: there is NEON where there is a `Neon`.
        unsafe { across(strip, first, axis, answer) }
    }
}

#[target_feature(enable = "neon")]
fn down(
    lines: &Lines<'_>,
    column: usize,
    axis: &Axis,
    outputs: Range<usize>,
    window: &mut Vec<Wide>,
    chunk: &mut Chunk,
) {
    let pairs = axis.window(outputs.clone());
    scalar::widen(lines, column, pairs.clone(), window);
    for (output, row) in outputs.zip(&mut chunk.0) {
        let wide = &window[axis.starts[output] as usize - pairs.start..];
        // Half a chunk at a time: more sums than that are more than there are registers.
        for (half, row) in row.as_chunks_mut::<{ CHUNK / 2 }>().0.iter_mut().enumerate() {
            let mut sums = [[vdupq_n_s32(1 << (DOWN_SHIFT - 1)); 2]; CHUNK / 2 / LANES];
            for (wide, weights) in wide.iter().zip(axis.weights(output)) {
                let wide = &wide.as_chunks::<{ CHUNK / 2 }>().0[half];
                for (sum, samples) in sums.iter_mut().zip(wide.as_chunks().0) {
                    *sum = add_products(*sum, samples, *weights);
                }
            }
            for (samples, [low, high]) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(sums) {
                const SHIFT: i32 = DOWN_SHIFT.cast_signed();
                let narrow = vcombine_s16(vshrn_n_s32::<SHIFT>(low), vshrn_n_s32::<SHIFT>(high));
                // SAFETY: eight numbers of 16 bits are written, where there are as many.
                unsafe { vst1q_s16(samples.as_mut_ptr(), narrow) };
            }
        }
    }
}

/// Outputs of a row that are stored at once.
const GROUP: usize = 16;

#[target_feature(enable = "neon")]
fn across(strip: &[Pair], first: usize, axis: &Axis, answer: &mut [u8]) {
    let columns = axis.starts.len();
    for column in (0..columns).step_by(GROUP) {
        let count = GROUP.min(columns - column);
        let mut group = [[0; GROUP]; ROWS];
        for index in 0..count {
            let output = column + index;
            let bytes = sum(&strip[axis.starts[output] as usize - first..], axis.weights(output));
            for (row, byte) in group.iter_mut().zip(bytes) {
                row[index] = byte;
            }
        }
        for (row, group) in answer.chunks_exact_mut(columns).zip(&group) {
            row[column..][..count].copy_from_slice(&group[..count]);
        }
    }
}

/// An output of all rows.
#[target_feature(enable = "neon")]
fn sum(pairs: &[Pair], weights: &[[i16; 2]]) -> [u8; ROWS] {
    let mut sums = [[vdupq_n_s32(1 << (ACROSS_SHIFT - 1)); 2]; ROWS / LANES];
    for (pair, weights) in pairs.iter().zip(weights) {
        for (sum, samples) in sums.iter_mut().zip(pair.0.as_chunks().0) {
            *sum = add_products(*sum, samples, *weights);
        }
    }
    let [upper, lower] = sums.map(|[low, high]| {
        const SHIFT: i32 = ACROSS_SHIFT.cast_signed();
        let (low, high) = (vshrq_n_s32::<SHIFT>(low), vshrq_n_s32::<SHIFT>(high));
        vqmovun_s16(vcombine_s16(vqmovn_s32(low), vqmovn_s32(high)))
    });
    let mut bytes = [0; ROWS];
    // SAFETY: sixteen bytes are written, where there are as many.
    unsafe { vst1q_u8(bytes.as_mut_ptr(), vcombine_u8(upper, lower)) };
    bytes
}

#[inline]
#[target_feature(enable = "neon")]
fn add_products(
    [low, high]: [int32x4_t; 2],
    samples: &[[i16; 2]; LANES],
    [a, b]: [i16; 2],
) -> [int32x4_t; 2] {
    // SAFETY: eight pairs of numbers of 16 bits are read, where there are as many.
    let int16x8x2_t(first, second) = unsafe { vld2q_s16(samples.as_flattened().as_ptr()) };
    let low = vmlal_n_s16(vmlal_n_s16(low, vget_low_s16(first), a), vget_low_s16(second), b);
    let high = vmlal_high_n_s16(vmlal_high_n_s16(high, first, a), second, b);
    [low, high]
}
