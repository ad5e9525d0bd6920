use super::{Inverse, Kernel, WideInverse};
use crate::{dct::testing::Random, zigzag::NATURAL_ORDER};
use std::f64::consts::{PI, SQRT_2};

/// The distance of rows: the gaps between them show writes outside a block.
const STRIDE: usize = 13;
const LENGTH: usize = 8 * STRIDE;

#[derive(Clone, Copy)]
enum Kind {
    /// Coefficients that decrease with the frequency, and small steps.
    Photo,
    /// Any coefficients of 11 bits, and any steps of 8 bits.
    Loud,
    /// Any coefficients and steps of 16 bits.
    Hostile,
    /// The limits of 16 bits and of 8 bits, and their neighbours.
    Extreme,
}

const KINDS: [Kind; 4] = [Kind::Photo, Kind::Loud, Kind::Hostile, Kind::Extreme];

fn table(kind: Kind, random: &mut Random) -> [u16; 64] {
    std::array::from_fn(|at| match kind {
        Kind::Photo => 1 + random.below(4 + 3 * (at / 8 + at % 8).cast_signed()) as u16,
        Kind::Loud => 1 + random.below(255) as u16,
        Kind::Hostile => random.bits() as u16,
        Kind::Extreme => [0, 1, 2, 255, 32_767, 32_768, 65_535][random.below(7) as usize],
    })
}

/// Coefficients in natural order, and the index of the last nonzero one in zigzag order.
fn coefficients(kind: Kind, random: &mut Random) -> ([i16; 64], usize) {
    let end = if random.below(2) == 0 { random.below(12) } else { random.below(64) } as usize;
    let (mut block, mut last) = ([0; 64], 0);
    for (k, &at) in NATURAL_ORDER.iter().enumerate().take(end + 1) {
        let value = match kind {
            Kind::Photo => ((random.below(401) - 200) / (1 + 2 * k.cast_signed())) as i16,
            Kind::Loud => random.below(2047) as i16 - 1023,
            Kind::Hostile => random.bits() as i16,
            Kind::Extreme => [i16::MIN, -1, 0, 1, i16::MAX][random.below(5) as usize],
        };
        block[usize::from(at)] = value;
        last = if value == 0 { last } else { k };
    }
    (block, last)
}

fn samples(inverse: &Inverse, block: &[i16; 64], last: usize) -> [u8; LENGTH] {
    let mut out = [77; LENGTH];
    let n = inverse.n;
    inverse.block(block, last, &mut out[..(n - 1) * STRIDE + n], STRIDE);
    out
}

/// The exact n-point transform of the n × n lowest frequencies.
fn exact(quantisation: &[u16; 64], block: &[i16; 64], n: usize) -> Vec<f64> {
    let cosine = |k: usize, y: usize| {
        if k == 0 { 1.0 } else { SQRT_2 * (((2 * y + 1) * k) as f64 * PI / (2 * n) as f64).cos() }
    };
    let at = |y: usize, x: usize| {
        let terms = (0..n * n).map(|i| (i / n, i % n)).map(|(v, u)| {
            let product = f64::from(block[v * 8 + u]) * f64::from(quantisation[v * 8 + u]);
            product * cosine(v, y) * cosine(u, x)
        });
        terms.sum::<f64>() / 8.0 + 128.0
    };
    (0..n * n).map(|i| at(i / n, i % n)).collect()
}

#[test]
fn is_within_rounding_of_the_exact_transform() {
    let mut random = Random::new(1);
    for n in 1..=8 {
        let (mut square, mut count) = (0.0, 0);
        for _ in 0..1000 {
            let quantisation = table(Kind::Photo, &mut random);
            let (block, last) = coefficients(Kind::Photo, &mut random);
            let out = samples(&Inverse::new(&quantisation, n), &block, last);
            for (i, exact) in exact(&quantisation, &block, n).into_iter().enumerate() {
                let error = f64::from(out[i / n * STRIDE + i % n]) - exact.clamp(0.0, 255.0);
                assert!(error.abs() < 0.75, "n {n}: {error}");
                (square, count) = (square + error * error, count + 1);
            }
        }
        // Rounding to integers causes a mean square error of 1/12, and slightly more where exact halves are
        // frequent.
        assert!(square / f64::from(count) < 0.1, "n {n}: {}", square / f64::from(count));
    }
}

#[test]
fn twelve_bits_are_within_rounding_of_the_exact_transform() {
    let mut random = Random::new(4);
    for n in 1..=8 {
        for round in 0..2000 {
            let kind = KINDS[round % 4];
            let quantisation = table(kind, &mut random);
            let (block, last) = coefficients(kind, &mut random);
            let mut out = [7777; LENGTH];
            WideInverse::new(&quantisation, n).block(&block, last, &mut out[..(n - 1) * STRIDE + n], STRIDE);
            for (i, exact) in exact(&quantisation, &block, n).into_iter().enumerate() {
                let sample = f64::from(out[i / n * STRIDE + i % n]);
                assert!(sample <= 4095.0, "n {n}: {sample}");
                let error = sample - (exact - 128.0 + 2048.0).clamp(0.0, 4095.0);
                // Other coefficients are larger than any that samples have, and so are their rounding errors.
                assert!(error.abs() < 0.8 || !matches!(kind, Kind::Photo), "n {n}: {error}");
            }
        }
    }
}

/// Every kernel gives the bytes of the scalar one for every input, and writes only to the block.
#[test]
fn kernels_agree() {
    let mut random = Random::new(2);
    for n in 1..=8 {
        for round in 0..16_000 {
            let kind = KINDS[round % 4];
            let fast = Inverse::new(&table(kind, &mut random), n);
            let plain = Inverse { kernel: Kernel::Scalar, ..fast.clone() };
            let (block, last) = coefficients(kind, &mut random);
            let (fast, plain) = (samples(&fast, &block, last), samples(&plain, &block, last));
            assert_eq!(fast, plain, "n {n}, round {round}, last {last}, {block:?}");
            for (at, &sample) in fast.iter().enumerate() {
                assert!(sample == 77 || at % STRIDE < n && at / STRIDE < n, "n {n}, wrote at {at}");
            }
        }
    }
}

/// A block whose last coefficient is the first gives the same samples as with a `last` of 63.
#[test]
fn the_mean_alone_fills_the_block() {
    for n in 2..=8 {
        for quantisation in [1, 8, 255, 65_535] {
            let inverse = Inverse::new(&[quantisation; 64], n);
            for mean in (i16::MIN..=i16::MAX).step_by(37).chain([i16::MAX]) {
                let mut block = [0; 64];
                block[0] = mean;
                assert_eq!(samples(&inverse, &block, 0), samples(&inverse, &block, 63), "n {n}, mean {mean}");
            }
        }
    }
}

#[test]
fn selects_the_kernel_of_the_processor() {
    let kernel = Inverse::new(&[1; 64], 8).kernel;
    #[cfg(target_arch = "x86_64")]
    assert_eq!(matches!(kernel, Kernel::Avx2(_)), is_x86_feature_detected!("avx2"));
    #[cfg(target_arch = "aarch64")]
    assert!(matches!(kernel, Kernel::Neon));
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    assert!(matches!(kernel, Kernel::Scalar));
}

#[test]
#[should_panic(expected = "range")]
fn a_block_outside_the_output_panics() {
    Inverse::new(&[1; 64], 8).block(&[5; 64], 63, &mut [0; 7 * STRIDE + 7], STRIDE);
}
