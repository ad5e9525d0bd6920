//! The kernels in plain Rust.

use super::{
    buffers::{CHUNK, Chunk, ROWS, Turned, Wide},
    passes::{ACROSS_SHIFT, ALPHA_LEVEL, Form, Side, Strip},
};

pub(super) fn vertical<const N: usize>(
    strip: &Strip<'_>,
    column: usize,
    window: &mut Vec<Wide>,
    chunk: &mut Chunk<N>,
) {
    let Strip { axis, ref outputs, form, .. } = *strip;
    let first = axis.window(outputs.clone()).start;
    for part in 0..N {
        widen(strip, column + part * CHUNK, window);
        for (output, row) in outputs.clone().zip(&mut chunk.rows) {
            let wide = &window[axis.starts[output] as usize - first..];
            let mut sums = [1 << (form.down_shift() - 1); CHUNK];
            for (wide, weights) in wide.iter().zip(axis.weights(output)) {
                for (sum, samples) in sums.iter_mut().zip(wide) {
                    *sum += product(*samples, *weights);
                }
            }
            row[part] = sums.map(|sum| (sum >> form.down_shift()) as i16);
        }
    }
}

/// Interleaves pairs of rows.
pub(super) fn widen(strip: &Strip<'_>, column: usize, window: &mut Vec<Wide>) {
    let wide = |row: [u8; CHUNK]| match (strip.form, strip.lines.channels()) {
        (Form::Plain, _) => row.map(i16::from),
        (Form::Weighed, 2) => weighed::<2>(row),
        (Form::Weighed, _) => weighed::<4>(row),
    };
    window.clear();
    window.extend(strip.axis.window(strip.outputs.clone()).map(|pair| {
        let [upper, lower] = strip.lines.pair(pair, column).map(wide);
        std::array::from_fn(|column| [upper[column], lower[column]])
    }));
}

/// Multiplies pixels of `N` channels with their last.
fn weighed<const N: usize>(row: [u8; CHUNK]) -> [i16; CHUNK] {
    std::array::from_fn(|column| {
        let last = column - column % N + N - 1;
        let alpha = if column == last { u8::MAX } else { row[last] };
        ((u16::from(row[column]) * u16::from(alpha)) ^ 0x8000).cast_signed()
    })
}

pub(super) fn transpose<const N: usize>(chunk: &Chunk<N>, turned: &mut Turned<N>) {
    for (row, samples) in chunk.rows[..ROWS].iter().enumerate() {
        let (pairs, _) = samples.as_flattened().as_chunks::<N>().0.as_chunks::<2>();
        for ([left, right], turned) in pairs.iter().zip(turned.iter_mut()) {
            for channel in 0..N {
                turned[channel].0[row] = [left[channel], right[channel]];
            }
        }
    }
}

pub(super) fn horizontal<const N: usize>(side: &Side<'_, N>, out: &mut [u8]) {
    let columns = side.axis.starts.len();
    for output in 0..columns {
        let mut sums = [[side.form.across_start(); ROWS]; N];
        for (pairs, weights) in side.taps(output) {
            for (sums, pair) in sums.iter_mut().zip(pairs) {
                for (sum, samples) in sums.iter_mut().zip(pair.0) {
                    *sum += product(samples, *weights);
                }
            }
        }
        for (row, out) in out.chunks_exact_mut(columns * N).enumerate() {
            let pixel = sums.map(|sums| sums[row]);
            let bytes = match side.form {
                Form::Plain => pixel.map(|sum| (sum >> ACROSS_SHIFT).clamp(0, 255) as u8),
                Form::Weighed => straight(pixel),
            };
            out[N * output..][..N].copy_from_slice(&bytes);
        }
    }
}

/// Divides the sums of a premultiplied pixel by that of alpha, before both are rounded to bytes.
fn straight<const N: usize>(sums: [i32; N]) -> [u8; N] {
    let byte = |number: f32| number.round_ties_even().clamp(0.0, 255.0) as u8;
    let sums = sums.map(|sum| sum as f32);
    let alpha = byte(sums[N - 1] * (1.0 / ALPHA_LEVEL));
    if alpha == 0 {
        return [0; N];
    }
    let mut bytes = sums.map(|sum| byte(sum * (255.0 / sums[N - 1])));
    bytes[N - 1] = alpha;
    bytes
}

fn product(samples: [i16; 2], weights: [i16; 2]) -> i32 {
    i32::from(samples[0]) * i32::from(weights[0]) + i32::from(samples[1]) * i32::from(weights[1])
}
