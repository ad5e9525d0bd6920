//! The kernels with AVX2.
#![allow(unsafe_code, reason = "code for AVX2 may be called only where there is AVX2")]
#![allow(clippy::wildcard_imports, clippy::many_single_char_names, reason = "a register is a letter")]

use super::{
    buffers::{CHUNK, Chunk, ROWS, Turned, Wide},
    passes::{ACROSS_SHIFT, ALPHA_LEVEL, Form, Side, Strip},
};
use bytemuck::{cast, cast_ref};
use std::arch::x86_64::*;

/// Proof that the processor has AVX2.
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

#[allow(clippy::unused_self, reason = "having one is what matters")]
impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn vertical<const N: usize>(
        self,
        strip: &Strip<'_>,
        column: usize,
        window: &mut Vec<Wide>,
        chunk: &mut Chunk<N>,
    ) {
        // SAFETY: an `Avx2` exists only if the processor has AVX2.
        unsafe { vertical(strip, column, window, chunk) }
    }

    pub(super) fn transpose<const N: usize>(self, chunk: &Chunk<N>, turned: &mut Turned<N>) {
        // SAFETY: an `Avx2` exists only if the processor has AVX2.
        unsafe { transpose(chunk, turned) }
    }

    pub(super) fn horizontal<const N: usize>(self, side: &Side<'_, N>, out: &mut [u8]) {
        // SAFETY: an `Avx2` exists only if the processor has AVX2.
        unsafe { horizontal(side, out) }
    }
}

#[target_feature(enable = "avx2")]
fn vertical<const N: usize>(strip: &Strip<'_>, column: usize, window: &mut Vec<Wide>, chunk: &mut Chunk<N>) {
    for part in 0..N {
        widen(strip, column + part * CHUNK, window);
        down_columns(strip, window, chunk.rows.iter_mut().map(|row| &mut row[part]));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn widen(strip: &Strip<'_>, column: usize, window: &mut Vec<Wide>) {
    let factors = (strip.form == Form::Weighed).then(|| Factors::of(strip.lines.channels()));
    window.clear();
    for pair in strip.axis.window(strip.outputs.clone()) {
        // Rows are far apart in memory, so hardware prefetching does not find the next columns.
        for ahead in strip.lines.ahead(pair, column + 2 * CHUNK) {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(ahead).cast());
        }
        let wide = wide(strip.lines.pair(pair, column));
        window.push(cast(factors.map_or(wide, |factors| wide.map(|samples| factors.weigh(samples)))));
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn down_columns<'a>(strip: &Strip<'_>, window: &[Wide], rows: impl Iterator<Item = &'a mut [i16; CHUNK]>) {
    let Strip { axis, ref outputs, form, .. } = *strip;
    let first = axis.window(outputs.clone()).start;
    let shift = _mm_cvtsi32_si128(form.down_shift().cast_signed());
    for (output, row) in outputs.clone().zip(rows) {
        let wide = &window[axis.starts[output] as usize - first..];
        let mut sums = [_mm256_set1_epi32(1 << (form.down_shift() - 1)); 8];
        for (wide, weights) in wide.iter().zip(axis.weights(output)) {
            let weights = _mm256_set1_epi32(cast(*weights));
            let wide: &[[i16; 16]; 8] = cast_ref(wide);
            for (sum, samples) in sums.iter_mut().zip(wide) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(cast(*samples), weights));
            }
        }
        let [a, b, c, d, e, f, g, h] = sums.map(|sum| _mm256_sra_epi32(sum, shift));
        let [a, c] = [_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d)];
        let [e, g] = [_mm256_packs_epi32(e, f), _mm256_packs_epi32(g, h)];
        *row = cast([
            _mm256_permute2x128_si256::<0x20>(a, c),
            _mm256_permute2x128_si256::<0x31>(a, c),
            _mm256_permute2x128_si256::<0x20>(e, g),
            _mm256_permute2x128_si256::<0x31>(e, g),
        ]);
    }
}

/// Positions of the factors of interleaved 16-bit samples: four columns of two rows in each half.
#[derive(Clone, Copy)]
struct Factors {
    /// Position of the alpha with which each sample is multiplied; none for alpha itself.
    places: __m256i,
    /// 255 for alpha, 0 for the others.
    of_alpha: __m256i,
}

impl Factors {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(channels: usize) -> Self {
        const SECOND: i32 = 0x0706_0504;
        const FOURTH: i32 = 0x0F0E_0D0C;
        const NONE: i32 = -1;
        let places = if channels == 2 {
            _mm256_setr_epi32(SECOND, NONE, FOURTH, NONE, SECOND, NONE, FOURTH, NONE)
        } else {
            _mm256_setr_epi32(FOURTH, FOURTH, FOURTH, NONE, FOURTH, FOURTH, FOURTH, NONE)
        };
        let is_alpha = _mm256_cmpeq_epi32(places, _mm256_set1_epi32(NONE));
        Self { places, of_alpha: _mm256_and_si256(is_alpha, _mm256_set1_epi16(255)) }
    }

    /// Returns the products minus 32 768.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn weigh(self, samples: __m256i) -> __m256i {
        let factors = _mm256_or_si256(_mm256_shuffle_epi8(samples, self.places), self.of_alpha);
        _mm256_xor_si256(_mm256_mullo_epi16(samples, factors), _mm256_set1_epi16(i16::MIN))
    }
}

/// Interleaves two rows and widens them. Each register holds columns `n` to `n + 3` and `n + 16` to `n + 19`,
/// as unpacking leaves them: packing the sums undoes it.
#[inline]
#[target_feature(enable = "avx2")]
fn wide([upper, lower]: [[u8; CHUNK]; 2]) -> [__m256i; 8] {
    let [upper, lower]: [[__m256i; 2]; 2] = [cast(upper), cast(lower)];
    let zero = _mm256_setzero_si256();
    let half = |upper, lower| {
        let (low, high) = (_mm256_unpacklo_epi8(upper, lower), _mm256_unpackhi_epi8(upper, lower));
        [
            _mm256_unpacklo_epi8(low, zero),
            _mm256_unpackhi_epi8(low, zero),
            _mm256_unpacklo_epi8(high, zero),
            _mm256_unpackhi_epi8(high, zero),
        ]
    };
    cast([half(upper[0], lower[0]), half(upper[1], lower[1])])
}

/// Transposes blocks of 8 by 8 32-bit numbers, each of which is two columns of one channel.
#[target_feature(enable = "avx2")]
fn transpose<const N: usize>(chunk: &Chunk<N>, turned: &mut Turned<N>) {
    // With three channels, a half has a pair of columns of each, and a fourth number that belongs to another half.
    let used = if N == 3 { 3 } else { 4 };
    let samples = chunk.rows.as_flattened().as_flattened();
    for (group, pairs) in turned.as_flattened_mut().chunks_exact_mut(2 * used).enumerate() {
        for half in 0..2 {
            let rows: [__m256i; 8] = std::array::from_fn(|row| {
                let at = (8 * half + row) * N * CHUNK + 4 * used * group;
                let lanes = [half_register(samples, at), half_register(samples, at + 2 * used)];
                by_channel::<N>(cast(lanes))
            });
            let rows = transpose_8x8(rows);
            for (index, pair) in pairs.iter_mut().enumerate() {
                let halves = pair.0.as_chunks_mut::<{ ROWS / 2 }>().0;
                halves[half] = cast(rows[index + index / used * (4 - used)]);
            }
        }
    }
}

fn half_register(samples: &[i16], at: usize) -> [i16; 8] {
    samples[at..].first_chunk().copied().unwrap_or_default()
}

/// Brings pairs of samples of one channel together.
#[inline]
#[target_feature(enable = "avx2")]
fn by_channel<const N: usize>(samples: __m256i) -> __m256i {
    let order = match N {
        2 => _mm256_setr_epi8(
            0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15, //
            0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,
        ),
        3 => _mm256_setr_epi8(
            0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15, //
            0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 12, 13, 14, 15,
        ),
        4 => _mm256_setr_epi8(
            0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, //
            0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
        ),
        _ => return samples,
    };
    _mm256_shuffle_epi8(samples, order)
}

/// Transposes 8 by 8 numbers of 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose_8x8([a, b, c, d, e, f, g, h]: [__m256i; 8]) -> [__m256i; 8] {
    let quads = |a, b, c, d| {
        let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
        let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(ab, cd),
            _mm256_unpackhi_epi64(ab, cd),
            _mm256_unpacklo_epi64(ab_high, cd_high),
            _mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    };
    let (upper, lower) = (quads(a, b, c, d), quads(e, f, g, h));
    let low = |n: usize| _mm256_permute2x128_si256::<0x20>(upper[n], lower[n]);
    let high = |n: usize| _mm256_permute2x128_si256::<0x31>(upper[n], lower[n]);
    [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)]
}

/// Outputs of a row that are stored at once.
const GROUP: usize = 16;

#[target_feature(enable = "avx2")]
fn horizontal<const N: usize>(side: &Side<'_, N>, out: &mut [u8]) {
    let columns = side.axis.starts.len();
    for column in (0..columns).step_by(GROUP) {
        let count = GROUP.min(columns - column);
        // Sums of the upper and the lower rows of each channel.
        let mut quads = [[[_mm256_setzero_si256(); GROUP / 4]; N]; 2];
        for quad in 0..GROUP / 4 {
            let mut outputs = [[[_mm256_setzero_si256(); 4]; N]; 2];
            for index in 0..4 {
                let sums = sums(side, (column + 4 * quad + index).min(columns - 1));
                for (outputs, sums) in outputs.iter_mut().zip(sums) {
                    let levels = match side.form {
                        Form::Plain => shifted(sums),
                        Form::Weighed => straight(sums),
                    };
                    for (outputs, level) in outputs.iter_mut().zip(levels) {
                        outputs[index] = level;
                    }
                }
            }
            for (quads, outputs) in quads.as_flattened_mut().iter_mut().zip(outputs.as_flattened()) {
                quads[quad] = bytes(*outputs);
            }
        }
        for (quads, out) in quads.iter().zip(out.chunks_mut(ROWS / 2 * columns * N)) {
            let mut channels = [[_mm_setzero_si128(); N]; ROWS / 2];
            for (channel, quads) in quads.iter().enumerate() {
                for (channels, row) in channels.iter_mut().zip(rows(*quads)) {
                    channels[channel] = row;
                }
            }
            for (channels, row) in channels.into_iter().zip(out.chunks_exact_mut(columns * N)) {
                store(channels, &mut row[column * N..][..count * N]);
            }
        }
    }
}

/// Computes an output of the upper and the lower rows.
#[inline]
#[target_feature(enable = "avx2")]
fn sums<const N: usize>(side: &Side<'_, N>, output: usize) -> [[__m256i; N]; 2] {
    let mut sums = [[_mm256_set1_epi32(side.form.across_start()); N]; 2];
    for (pairs, weights) in side.taps(output) {
        let weights = _mm256_set1_epi32(cast(*weights));
        for (channel, pair) in pairs.iter().enumerate() {
            let halves: [__m256i; 2] = cast(pair.0);
            for (sums, half) in sums.iter_mut().zip(halves) {
                sums[channel] = _mm256_add_epi32(sums[channel], _mm256_madd_epi16(half, weights));
            }
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx2")]
fn shifted<const N: usize>(sums: [__m256i; N]) -> [__m256i; N] {
    sums.map(|sum| _mm256_srai_epi32::<{ ACROSS_SHIFT.cast_signed() }>(sum))
}

/// Divides the sums of premultiplied pixels by those of alpha, before both are rounded to bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn straight<const N: usize>(sums: [__m256i; N]) -> [__m256i; N] {
    let sums = sums.map(|sum| _mm256_cvtepi32_ps(sum));
    let factor = _mm256_div_ps(_mm256_set1_ps(255.0), sums[N - 1]);
    let mut levels = sums.map(|sum| _mm256_cvtps_epi32(_mm256_mul_ps(sum, factor)));
    let alpha = _mm256_mul_ps(sums[N - 1], _mm256_set1_ps(1.0 / ALPHA_LEVEL));
    levels[N - 1] = _mm256_cvtps_epi32(alpha);
    let is_there = _mm256_cmpgt_epi32(levels[N - 1], _mm256_setzero_si256());
    levels.map(|levels| _mm256_and_si256(levels, is_there))
}

/// Rounds four outputs of eight rows to bytes: rows 0 to 3 and 4 to 7, four outputs each.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes([a, b, c, d]: [__m256i; 4]) -> __m256i {
    let by_output = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    let by_row = _mm256_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, //
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    );
    _mm256_shuffle_epi8(by_output, by_row)
}

/// Joins sixteen outputs of eight rows from four results of [`bytes`].
#[inline]
#[target_feature(enable = "avx2")]
fn rows([a, b, c, d]: [__m256i; 4]) -> [__m128i; ROWS / 2] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    let rows = [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ];
    let low = |n: usize| _mm256_castsi256_si128(rows[n]);
    let high = |n: usize| _mm256_extracti128_si256::<1>(rows[n]);
    [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)]
}

/// Stores sixteen pixels, or fewer if the row ends.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const N: usize>(channels: [__m128i; N], out: &mut [u8]) {
    let mut bytes = [[0; GROUP]; N];
    for (bytes, places) in bytes.iter_mut().zip(&Interleaved::<N>::PLACES) {
        let mut register = _mm_setzero_si128();
        for (channel, places) in channels.iter().zip(places) {
            register = _mm_or_si128(register, _mm_shuffle_epi8(*channel, cast(*places)));
        }
        *bytes = cast(register);
    }
    let (whole, rest) = out.as_chunks_mut::<GROUP>();
    for (out, bytes) in whole.iter_mut().zip(&bytes) {
        *out = *bytes;
    }
    rest.copy_from_slice(&bytes.as_flattened()[whole.len() * GROUP..][..rest.len()]);
}

struct Interleaved<const N: usize>;

impl<const N: usize> Interleaved<N> {
    /// For each register of interleaved bytes and each channel: the source positions of the channel's bytes.
    const PLACES: [[[u8; GROUP]; N]; N] = {
        const NOTHING: u8 = 0x80;
        let mut places = [[[NOTHING; GROUP]; N]; N];
        let mut byte = 0;
        while byte < N * GROUP {
            places[byte / GROUP][byte % N][byte % GROUP] = (byte / N) as u8;
            byte += 1;
        }
        places
    };
}
