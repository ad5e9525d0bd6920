//! The forward transform and quantisation.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod dead_zone;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod reciprocal;
mod scalar;
#[cfg(test)]
mod tests;

pub(crate) use dead_zone::Thresholds;

/// The forward transform of the blocks of one component, and the division by its quantisation table.
///
/// The transform equals libjpeg's accurate integer transform bit by bit, and so do quotients outside the dead zone:
/// they are rounded to the nearest integer, halves away from zero.
#[derive(Clone, Debug)]
pub(crate) struct Forward {
    /// The table in natural order.
    quantisation: [u16; 64],
    thresholds: Thresholds,
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
    Neon(reciprocal::Reciprocals),
}

impl Forward {
    /// Prepares the transform for `quantisation`, a table in natural order (row by row), in which 0 counts as
    /// 1, and the thresholds of its coefficients.
    pub(crate) fn new(quantisation: &[u16; 64], thresholds: Thresholds) -> Self {
        let quantisation = quantisation.map(|step| step.max(1));
        Self { quantisation, kernel: Kernel::new(&quantisation, &thresholds), thresholds }
    }

    /// Writes the quantised coefficients of 8 × 8 samples to `out` in zigzag order. The samples are the first
    /// 8 of 8 rows of `samples`, `stride` apart. Bit k of the result is set if `out[k]` is nonzero.
    ///
    /// # Panics
    /// If there are fewer samples.
    #[inline]
    pub(crate) fn block(&self, samples: &[u8], stride: usize, out: &mut [i16; 64]) -> u64 {
        match &self.kernel {
            Kernel::Scalar => scalar::block(&self.quantisation, &self.thresholds, samples, stride, out),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2(tables) => tables.block(samples, stride, out),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon(reciprocals) => neon::block((reciprocals, &self.thresholds), samples, stride, out),
        }
    }
}

impl Kernel {
    #[cfg(target_arch = "x86_64")]
    fn new(quantisation: &[u16; 64], thresholds: &Thresholds) -> Self {
        avx2::Tables::detect(quantisation, thresholds).map_or(Self::Scalar, Self::Avx2)
    }

    #[cfg(target_arch = "aarch64")]
    fn new(quantisation: &[u16; 64], _: &Thresholds) -> Self {
        Self::Neon(reciprocal::Reciprocals::new(quantisation))
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn new(_: &[u16; 64], _: &Thresholds) -> Self {
        Self::Scalar
    }
}
