//! Dequantisation and the inverse transform, to 8 × 8 or fewer samples.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod wide;

pub(crate) use wide::WideInverse;

/// The inverse transform of the blocks of one component.
///
/// For n = 8 it equals libjpeg's accurate integer transform bit by bit (`djpeg -dct int`). For smaller n it
/// applies an n-point transform to the n × n coefficients of lowest frequency, the best approximation of the
/// block at that size. libjpeg does so since version 7. libjpeg-turbo instead averages pairs of samples for n
/// = 4 and n = 2, which blurs more and causes aliasing.
///
/// Coefficients come from files, so they can have any value. Their products with the table wrap at 16 bits,
/// as in libjpeg-turbo's vector code; values between the passes saturate at 16 bits; samples saturate at 0
/// and 255. Coefficients that an encoder computed from samples cause no wrap and no saturation between the
/// passes.
#[derive(Clone, Debug)]
pub(crate) struct Inverse {
    n: usize,
    /// The table as signed numbers: the lower 16 bits of a product do not depend on the sign.
    quantisation: [i16; 64],
    kernel: Kernel,
}

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "an image has one for each component")]
enum Kernel {
    #[cfg_attr(all(target_arch = "aarch64", not(test)), expect(dead_code, reason = "every aarch64 has NEON"))]
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Tables),
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Inverse {
    /// Prepares the transform to n × n samples, 1 ≤ n ≤ 8, of coefficients that were divided by
    /// `quantisation`, a table in natural order (row by row).
    pub(crate) fn new(quantisation: &[u16; 64], n: usize) -> Self {
        assert!((1..=8).contains(&n), "a block has 1 to 8 columns and rows");
        let quantisation = quantisation.map(u16::cast_signed);
        Self { n, quantisation, kernel: Kernel::new(&quantisation) }
    }

    /// Writes the n × n samples of a block to `out`: n rows from its start, `stride` samples apart.
    ///
    /// `coefficients` are in natural order and not dequantised. Those after number `last` in zigzag order
    /// must be zero; with a `last` of 0, only the first one, the mean, may be nonzero.
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

/// Returns the sample of a block whose only nonzero coefficient is the first.
#[inline]
fn mean(coefficient: i16, quantisation: i16) -> u8 {
    let mean = i32::from(coefficient.wrapping_mul(quantisation));
    (((mean + 4) >> 3) + 128).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests;
