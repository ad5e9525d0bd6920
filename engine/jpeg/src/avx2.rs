//! Plain loops compiled for AVX2.
#![allow(unsafe_code, reason = "the call of a function that requires AVX2, after its detection")]

/// Runs `work`, compiled for AVX2 if the processor supports it.
///
/// The compiler vectorises functions that are inlined into `work`, so mark them `#[inline(always)]`. Integer
/// results do not depend on the instruction set.
#[inline]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}
