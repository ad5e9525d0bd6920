//! From sRGB to the colour space XYB, in which the score is computed.

/// The linear light of each level of sRGB (IEC 61966-2-1).
#[derive(Clone, Debug)]
pub(crate) struct Linear([f32; 256]);

impl Linear {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|level| {
            let level = level as f64 / 255.0;
            let linear = if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) };
            linear as f32
        }))
    }

    /// Writes the planes of a row of pixels.
    pub(crate) fn convert(&self, pixels: &[[u8; 3]], out: &mut [f32]) {
        let width = out.len() / 3;
        assert_eq!(pixels.len(), width, "a row has as many pixels as the image is wide");
        for (channel, plane) in out.chunks_exact_mut(width).enumerate() {
            for (sample, pixel) in plane.iter_mut().zip(pixels) {
                *sample = self.0[usize::from(pixel[channel])];
            }
        }
    }
}

/// Writes the three planes of XYB for those of a row of linear light, with the scale and offset that make all samples
/// positive.
pub(crate) fn to_xyb(linear: &[f32], out: &mut [f32]) {
    /// The part of each cone's response to red and to blue; the rest is green.
    const L: [f32; 2] = [0.3, 0.078];
    const M: [f32; 2] = [0.23, 0.078];
    const S: [f32; 2] = [0.243_422_69, 1.0 - 0.243_422_69 - 0.204_767_45];
    const BIAS: f32 = 0.003_793_073_3;
    /// The cube root of the bias.
    const BIAS_ROOT: f32 = 0.155_954_2;
    let width = out.len() / 3;
    let (red, rest) = linear.split_at(width);
    let (green, blue) = rest.split_at(width);
    let (out_x, rest) = out.split_at_mut(width);
    let (out_y, out_b) = rest.split_at_mut(width);
    // Of one length, so that the loop needs no checks and becomes vector code.
    let blue = &blue[..width];
    for i in 0..width {
        let cone = |[of_red, of_blue]: [f32; 2]| {
            let of_green = 1.0 - of_red - of_blue;
            cube_root(of_red * red[i] + of_green * green[i] + of_blue * blue[i] + BIAS) - BIAS_ROOT
        };
        let (long, medium, short) = (cone(L), cone(M), cone(S));
        let luma = 0.5 * (long + medium);
        out_x[i] = 0.5 * (long - medium) * 14.0 + 0.42;
        out_y[i] = luma + 0.01;
        out_b[i] = short - luma + 0.55;
    }
}

/// Returns the cube root of a positive normal number, without branches, so that loops become vector code.
fn cube_root(value: f32) -> f32 {
    /// Of the exponent's bias two thirds, less what makes the largest error small.
    const OFFSET: u32 = 0x2a51_19f2;
    // A third of the bits is a third of the logarithm, nearly. Their number is exact enough in a float.
    let third = (value.to_bits() as f32 * (1.0 / 3.0)) as u32;
    let mut root = f32::from_bits(third + OFFSET);
    // Halley's method triples the number of exact digits.
    for _ in 0..2 {
        let cube = root * root * root;
        root *= (cube + 2.0 * value) / (2.0 * cube + value);
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_exact_to_float_precision() {
        for i in 1..10_000 {
            let value = 1.1 * i as f32 / 10_000.0;
            let error = (cube_root(value) / value.cbrt() - 1.0).abs();
            assert!(error < 3e-7, "{value}: {error}");
        }
    }
}
