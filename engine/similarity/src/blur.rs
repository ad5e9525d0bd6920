//! The Gaussian blur of the reference, as a convolution.

/// The number of values on each side of the middle one.
pub(crate) const RADIUS: usize = 4;
/// The number of values.
pub(crate) const TAPS: usize = 2 * RADIUS + 1;

/// The impulse response of the recursive filter for a deviation of 1.5, from its middle to its end: beyond it, the
/// truncated cosines are 0.
const KERNEL: [f32; RADIUS + 1] = [0.264_621_1, 0.212_928_6, 0.109_335_37, 0.036_011_115, 0.009_414_368];

/// Blurs a row. `padded` has [`RADIUS`] zeros on both sides of it.
pub(crate) fn across(padded: &[f32], out: &mut [f32]) {
    let width = out.len();
    let at = |i: usize| &padded[i..i + width];
    sum([at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8)], out);
}

/// Blurs [`TAPS`] rows into the one in their middle.
pub(crate) fn down(rows: [&[f32]; TAPS], out: &mut [f32]) {
    let width = out.len();
    sum(rows.map(|row| &row[..width]), out);
}

/// Writes the weighted sums of what is at the same place of each part.
fn sum(parts: [&[f32]; TAPS], out: &mut [f32]) {
    let length = out.len();
    // Of one length, so that the loop needs no checks and becomes vector code.
    let parts = parts.map(|part| &part[..length]);
    for x in 0..length {
        let pair = |distance: usize| parts[RADIUS - distance][x] + parts[RADIUS + distance][x];
        out[x] = parts[RADIUS][x] * KERNEL[0]
            + pair(1) * KERNEL[1]
            + pair(2) * KERNEL[2]
            + pair(3) * KERNEL[3]
            + pair(4) * KERNEL[4];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_keeps_the_level() {
        let mut out = [0.0; 3];
        across(&[1.0; 3 + 2 * RADIUS], &mut out);
        assert!(out.iter().all(|level| (level - 1.0).abs() < 1e-6), "{out:?}");
        let row = [1.0_f32; 3];
        down([&row; TAPS], &mut out);
        assert!(out.iter().all(|level| (level - 1.0).abs() < 1e-6), "{out:?}");
    }
}
