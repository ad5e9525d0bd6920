//! Plain loops for wider registers.
#![allow(unsafe_code, reason = "the call of a function that needs AVX2, behind its detection")]

/// Runs `work`, compiled for AVX2 where the processor has it.
///
/// The compiler vectorises what is inlined into `work`, so mark that `#[inline(always)]`. Integers come out
/// the same either way.
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
