//! The choice of the inner loops for the processor's instruction set. All give identical bytes.

use super::{
    buffers::{Chunk, Turned, Wide},
    passes::{Side, Strip},
    scalar,
};

/// The kernels in use.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernels {
    /// Plain Rust; defines the results of the others.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(super::avx2::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(super::neon::Neon),
}

impl Kernels {
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = super::avx2::Avx2::detect() {
            return Self::Avx2(avx2);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = super::neon::Neon::detect() {
            return Self::Neon(neon);
        }
        Self::Scalar
    }

    /// Scales [`CHUNK`] pixels from sample `column` on vertically. `window` is scratch memory.
    pub(super) fn vertical<const N: usize>(
        self,
        strip: &Strip<'_>,
        column: usize,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk<N>,
    ) {
        match self {
            Self::Scalar => scalar::vertical(strip, column, window, chunk),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.vertical(strip, column, window, chunk),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.vertical(strip, column, window, chunk),
        }
    }

    /// Transposes a chunk, each channel separately.
    pub(super) fn transpose<const N: usize>(self, chunk: &Chunk<N>, turned: &mut Turned<N>) {
        match self {
            Self::Scalar => scalar::transpose(chunk, turned),
            // These only move bytes, for which the compiler's code is as fast.
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => scalar::transpose(chunk, turned),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.transpose(chunk, turned),
        }
    }

    /// Scales rows horizontally: up to [`ROWS`] of the output.
    pub(super) fn horizontal<const N: usize>(self, side: &Side<'_, N>, out: &mut [u8]) {
        match self {
            Self::Scalar => scalar::horizontal(side, out),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.horizontal(side, out),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.horizontal(side, out),
        }
    }
}
