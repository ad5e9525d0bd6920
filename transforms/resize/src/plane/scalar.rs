//! The kernels in plain Rust.

use super::{
    axis::{Axis, WEIGHT_BITS},
    kernels::{CHUNK, Chunk, FRACTION_BITS, Pair, ROWS, Wide},
    lines::Lines,
};
use std::ops::Range;

/// Bits that a weighed sum of bytes loses on its way between the passes.
pub(super) const DOWN_SHIFT: u32 = WEIGHT_BITS - FRACTION_BITS;

/// Bits that a weighed sum of those loses on its way to a byte.
pub(super) const ACROSS_SHIFT: u32 = WEIGHT_BITS + FRACTION_BITS;

pub(super) fn down(
    lines: &Lines<'_>,
    column: usize,
    axis: &Axis,
    outputs: Range<usize>,
    window: &mut Vec<Wide>,
    chunk: &mut Chunk,
) {
    let pairs = axis.window(outputs.clone());
    widen(lines, column, pairs.clone(), window);
    for (output, row) in outputs.zip(&mut chunk.0) {
        let wide = &window[axis.starts[output] as usize - pairs.start..];
        let mut sums = [1 << (DOWN_SHIFT - 1); CHUNK];
        for (wide, weights) in wide.iter().zip(axis.weights(output)) {
            for (sum, samples) in sums.iter_mut().zip(wide) {
                *sum += product(*samples, *weights);
            }
        }
        *row = sums.map(|sum| (sum >> DOWN_SHIFT) as i16);
    }
}

/// Interleaves pairs of rows.
pub(super) fn widen(lines: &Lines<'_>, column: usize, pairs: Range<usize>, window: &mut Vec<Wide>) {
    window.clear();
    window.extend(pairs.map(|pair| {
        let [upper, lower] = lines.pair(pair, column);
        std::array::from_fn(|column| [upper[column].into(), lower[column].into()])
    }));
}

pub(super) fn turn(chunk: &Chunk, pairs: &mut [Pair; CHUNK / 2]) {
    for (index, pair) in pairs.iter_mut().enumerate() {
        for (row, columns) in chunk.0.iter().zip(&mut pair.0) {
            *columns = [row[2 * index], row[2 * index + 1]];
        }
    }
}

pub(super) fn across(strip: &[Pair], first: usize, axis: &Axis, answer: &mut [u8]) {
    let columns = axis.starts.len();
    for (output, start) in axis.starts.iter().enumerate() {
        let mut sums = [1 << (ACROSS_SHIFT - 1); ROWS];
        for (pair, weights) in strip[*start as usize - first..].iter().zip(axis.weights(output)) {
            for (sum, samples) in sums.iter_mut().zip(pair.0) {
                *sum += product(samples, *weights);
            }
        }
        for (row, sum) in answer.chunks_exact_mut(columns).zip(sums) {
            row[output] = (sum >> ACROSS_SHIFT).clamp(0, 255) as u8;
        }
    }
}

fn product(samples: [i16; 2], weights: [i16; 2]) -> i32 {
    i32::from(samples[0]) * i32::from(weights[0]) + i32::from(samples[1]) * i32::from(weights[1])
}
