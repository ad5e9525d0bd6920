//! Dequantisation and the inverse transform, whole or to fewer samples.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

/// The inverse transform of the blocks of one component.
///
/// For n = 8 it is libjpeg's accurate integer transform, bit by bit (`djpeg -dct int`). For fewer it takes the
/// n×n coefficients of lowest frequency and transforms those with an n-point transform, which is the best
/// approximation of the block with a sample for each 8/n×8/n (as libjpeg has it since version 7; libjpeg-turbo
/// averages pairs of samples instead for 4 and 2, which blurs more and lets through what should have been
/// filtered away).
///
/// Coefficients come from outside, and so may be anything: their products with the table wrap at 16 bits, as
/// in libjpeg-turbo's vector code, the values between the passes saturate at 16 bits, and samples at 0 and
/// 255. None of that happens for what an encoder makes of samples.
#[derive(Clone, Debug)]
pub(crate) struct Inverse {
    n: usize,
    /// As 16 bits are multiplied: only the lower half of the product counts, so the sign does not.
    quantisation: [i16; 64],
    kernel: Kernel,
}

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a picture has as many as components")]
enum Kernel {
    #[cfg_attr(all(target_arch = "aarch64", not(test)), expect(dead_code, reason = "every aarch64 has NEON"))]
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Tables),
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Inverse {
    /// Prepares the transform to n×n samples, 1 ≤ n ≤ 8, of coefficients that were divided by
    /// `quantisation`, a table in natural order (row by row).
    pub(crate) fn new(quantisation: &[u16; 64], n: usize) -> Self {
        assert!((1..=8).contains(&n), "a block has 1 to 8 samples a side");
        let quantisation = quantisation.map(u16::cast_signed);
        Self { n, quantisation, kernel: Kernel::new(&quantisation) }
    }

    /// Writes the n×n samples of a block to the n rows of n that start at the beginning of `out`, `stride`
    /// samples apart.
    ///
    /// `coefficients` are in natural order, as read (not multiplied by the table). Those behind the `last`-th
    /// of the zigzag sequence must be zero; 0 says that only the first, the mean, may be another.
    ///
    /// # Panics
    /// If the rows do not fit `out`.
    #[inline]
    pub(crate) fn block(&self, coefficients: &[i16; 64], last: usize, out: &mut [u8], stride: usize) {
        if self.n == 1 {
            out[0] = mean(coefficients[0], self.quantisation[0]);
            return;
        }
        match &self.kernel {
            Kernel::Scalar => scalar::block(&self.quantisation, self.n, coefficients, last, out, stride),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(tables) => tables.block(self.n, coefficients, last, out, stride),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => neon::block(&self.quantisation, self.n, coefficients, last, out, stride),
        }
    }
}

impl Kernel {
    #[cfg(target_arch = "x86_64")]
    fn new(quantisation: &[i16; 64]) -> Self {
        avx2::Tables::detect(quantisation).map_or(Self::Scalar, Self::Avx2)
    }

    #[cfg(target_arch = "aarch64")]
    fn new(_: &[i16; 64]) -> Self {
        Self::Neon
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn new(_: &[i16; 64]) -> Self {
        Self::Scalar
    }
}

/// The sample of a block that has only its first coefficient.
#[inline]
fn mean(coefficient: i16, quantisation: i16) -> u8 {
    let mean = i32::from(coefficient.wrapping_mul(quantisation));
    (((mean + 4) >> 3) + 128).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests;
