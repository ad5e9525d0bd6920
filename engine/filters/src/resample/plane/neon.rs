//! The kernels with NEON.
#![allow(
    unsafe_code,
    reason = "registers are loaded and stored through pointers, and code for NEON must be called"
)]
#![allow(clippy::wildcard_imports, reason = "an instruction is a function")]

use super::{
    buffers::{CHUNK, Chunk, ROWS, Wide},
    passes::{ACROSS_SHIFT, ALPHA_LEVEL, Form, Side, Strip},
    scalar,
};
use std::arch::aarch64::*;

/// Pairs that are multiplied at a time.
const LANES: usize = 8;

/// Proof that the processor has NEON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neon(());

#[allow(clippy::unused_self, reason = "having one is what matters")]
impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    pub(super) fn vertical<const N: usize>(
        self,
        strip: &Strip<'_>,
        column: usize,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk<N>,
    ) {
        // SAFETY: a `Neon` exists only if the processor has NEON.
        unsafe { vertical(strip, column, window, chunk) }
    }

    pub(super) fn horizontal<const N: usize>(self, side: &Side<'_, N>, out: &mut [u8]) {
        // SAFETY: a `Neon` exists only if the processor has NEON.
        unsafe { horizontal(side, out) }
    }
}

#[target_feature(enable = "neon")]
fn vertical<const N: usize>(strip: &Strip<'_>, column: usize, window: &mut Vec<Wide>, chunk: &mut Chunk<N>) {
    for part in 0..N {
        scalar::widen(strip, column + part * CHUNK, window);
        for (output, row) in strip.outputs.clone().zip(&mut chunk.rows) {
            down_row(strip, window, output, &mut row[part]);
        }
    }
}

#[target_feature(enable = "neon")]
fn down_row(strip: &Strip<'_>, window: &[Wide], output: usize, row: &mut [i16; CHUNK]) {
    let Strip { axis, ref outputs, form, .. } = *strip;
    let wide = &window[axis.starts[output] as usize - axis.window(outputs.clone()).start..];
    let start = vdupq_n_s32(1 << (form.down_shift() - 1));
    let shift = vdupq_n_s32(-form.down_shift().cast_signed());
    // Half a chunk at a time, because there are no registers for more sums.
    for (half, row) in row.as_chunks_mut::<{ CHUNK / 2 }>().0.iter_mut().enumerate() {
        let mut sums = [[start; 2]; CHUNK / 2 / LANES];
        for (wide, weights) in wide.iter().zip(axis.weights(output)) {
            let wide = &wide.as_chunks::<{ CHUNK / 2 }>().0[half];
            for (sum, samples) in sums.iter_mut().zip(wide.as_chunks().0) {
                *sum = add_products(*sum, samples, *weights);
            }
        }
        for (samples, [low, high]) in row.as_chunks_mut::<LANES>().0.iter_mut().zip(sums) {
            let narrow = vmovn_high_s32(vmovn_s32(vshlq_s32(low, shift)), vshlq_s32(high, shift));
            // SAFETY: eight numbers of 16 bits are written, where there are as many.
            unsafe { vst1q_s16(samples.as_mut_ptr(), narrow) };
        }
    }
}

/// Number of outputs of a row that are stored together.
const GROUP: usize = 16;

#[target_feature(enable = "neon")]
fn horizontal<const N: usize>(side: &Side<'_, N>, out: &mut [u8]) {
    let columns = side.axis.starts.len();
    for column in (0..columns).step_by(GROUP) {
        let count = GROUP.min(columns - column);
        let mut group = [[[0; N]; GROUP]; ROWS];
        for index in 0..count {
            for (channel, bytes) in pixels(side, column + index).iter().enumerate() {
                for (row, byte) in group.iter_mut().zip(bytes) {
                    row[index][channel] = *byte;
                }
            }
        }
        for (row, group) in out.chunks_exact_mut(columns * N).zip(&group) {
            row[column * N..][..count * N].copy_from_slice(group[..count].as_flattened());
        }
    }
}

/// Sums for some rows of one channel.
type Sums = [int32x4_t; ROWS / 4];

/// An output of all rows, each channel separately.
#[target_feature(enable = "neon")]
fn pixels<const N: usize>(side: &Side<'_, N>, output: usize) -> [[u8; ROWS]; N] {
    let mut sums = [[vdupq_n_s32(side.form.across_start()); ROWS / 4]; N];
    for (pairs, weights) in side.taps(output) {
        for (sums, pair) in sums.iter_mut().zip(pairs) {
            for (sum, samples) in sums.as_chunks_mut().0.iter_mut().zip(pair.0.as_chunks().0) {
                *sum = add_products(*sum, samples, *weights);
            }
        }
    }
    match side.form {
        Form::Plain => shift(&mut sums),
        Form::Weighed => straighten(&mut sums),
    }
    let mut pixels = [[0; ROWS]; N];
    for (bytes, [a, b, c, d]) in pixels.iter_mut().zip(sums) {
        let upper = vqmovun_s16(vqmovn_high_s32(vqmovn_s32(a), b));
        let both = vqmovun_high_s16(upper, vqmovn_high_s32(vqmovn_s32(c), d));
        // SAFETY: sixteen bytes are written, where there are as many.
        unsafe { vst1q_u8(bytes.as_mut_ptr(), both) };
    }
    pixels
}

#[target_feature(enable = "neon")]
fn shift(sums: &mut [Sums]) {
    for sum in sums.as_flattened_mut() {
        *sum = vshrq_n_s32::<{ ACROSS_SHIFT.cast_signed() }>(*sum);
    }
}

/// Divides the sums of premultiplied pixels by those of alpha, before both are rounded to bytes.
#[target_feature(enable = "neon")]
fn straighten(sums: &mut [Sums]) {
    let Some((alphas, colours)) = sums.split_last_mut() else { return };
    for (index, alpha) in alphas.iter_mut().enumerate() {
        let exact = vcvtq_f32_s32(*alpha);
        let factor = vdivq_f32(vdupq_n_f32(255.0), exact);
        *alpha = vcvtnq_s32_f32(vmulq_f32(exact, vdupq_n_f32(1.0 / ALPHA_LEVEL)));
        let is_there = vreinterpretq_s32_u32(vcgtzq_s32(*alpha));
        for sums in colours.iter_mut() {
            let level = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums[index]), factor));
            sums[index] = vandq_s32(level, is_there);
        }
    }
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
