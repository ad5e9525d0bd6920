use super::{Forward, Kernel, Thresholds};
use crate::{dct::testing::Random, zigzag::NATURAL_ORDER};
use std::f64::consts::{PI, SQRT_2};

const STRIDE: usize = 11;
const LENGTH: usize = 7 * STRIDE + 8;

/// Smooth, noisy, black and white, or flat samples, with a table of small, any 8-bit, or extreme steps.
fn block(round: usize, random: &mut Random) -> ([u16; 64], [u8; LENGTH]) {
    let quantisation = std::array::from_fn(|at| match round % 3 {
        0 => 1 + random.below(4 + 3 * (at / 8 + at % 8).cast_signed()) as u16,
        1 => 1 + random.below(255) as u16,
        _ => [0, 2, 255, 4095, 4096, 8192, 32_768, 65_535][random.below(8) as usize],
    });
    let (base, across, down) = (random.below(256), random.below(41) - 20, random.below(41) - 20);
    let samples = std::array::from_fn(|at| {
        let (y, x) = ((at / STRIDE).cast_signed(), (at % STRIDE).cast_signed());
        match round % 4 {
            0 => (base + (x - 4) * across + (y - 4) * down + random.below(9)).clamp(0, 255) as u8,
            1 => random.bits() as u8,
            2 => [0, 255][random.below(2) as usize],
            _ => base as u8,
        }
    });
    (quantisation, samples)
}

/// Limits that change no quotient.
const NEAREST: [f32; 2] = [0.0; 2];

fn zone(round: usize) -> [f32; 2] {
    [NEAREST, [0.7, 0.9], [0.5, 1.4], [0.8, 0.6]][round / 3 % 4]
}

fn forward(quantisation: &[u16; 64], zone: [f32; 2]) -> Forward {
    Forward::new(quantisation, Thresholds::new(quantisation, &[zone; 64]))
}

/// The exact coefficients, in natural order.
fn exact(samples: &[u8; LENGTH]) -> [f64; 64] {
    let cosine = |k: usize, y: usize| {
        if k == 0 { 1.0 } else { SQRT_2 * (((2 * y + 1) * k) as f64 * PI / 16.0).cos() }
    };
    std::array::from_fn(|at| {
        let terms = (0..64).map(|i| (i / 8, i % 8)).map(|(y, x)| {
            (f64::from(samples[y * STRIDE + x]) - 128.0) * cosine(at / 8, y) * cosine(at % 8, x)
        });
        terms.sum::<f64>() / 8.0
    })
}

#[test]
fn is_within_rounding_of_the_exact_transform() {
    let mut random = Random::new(3);
    for round in 0..2000 {
        let (quantisation, samples) = block(round, &mut random);
        let (exact, mut out) = (exact(&samples), [0; 64]);
        forward(&quantisation, NEAREST).block(&samples, STRIDE, &mut out);
        for (&quotient, natural) in out.iter().zip(NATURAL_ORDER.map(usize::from)) {
            let step = f64::from(quantisation[natural].max(1));
            let error = f64::from(quotient) * step - exact[natural];
            // The transform itself is exact to 0.25.
            assert!(error.abs() <= step / 2.0 + 0.25, "round {round}, at {natural}: {error}, step {step}");
        }
    }
}

/// Every kernel gives the coefficients of the scalar one, and the mask of the nonzero ones.
#[test]
fn kernels_agree() {
    let mut random = Random::new(4);
    for round in 0..120_000 {
        let (quantisation, samples) = block(round, &mut random);
        let fast = forward(&quantisation, zone(round));
        let plain = Forward { kernel: Kernel::Scalar, ..fast.clone() };
        let (mut out, mut expected) = ([77; 64], [88; 64]);
        let mask = fast.block(&samples, STRIDE, &mut out);
        assert_eq!(mask, plain.block(&samples, STRIDE, &mut expected), "round {round}");
        assert_eq!(out, expected, "round {round}");
        let nonzero = out.iter().enumerate().fold(0, |mask, (k, &value)| mask | u64::from(value != 0) << k);
        assert_eq!(mask, nonzero, "round {round}");
    }
}

/// Samples of 0 and 255 with the signs of a cosine give the largest coefficients.
#[test]
fn the_largest_coefficients_agree() {
    for natural in 0..64 {
        let cosine = |k: usize, y: usize| (((2 * y + 1) * k) as f64 * PI / 16.0).cos();
        let samples: [u8; LENGTH] = std::array::from_fn(|at| {
            let (y, x) = ((at / STRIDE).min(7), (at % STRIDE).min(7));
            if cosine(natural / 8, y) * cosine(natural % 8, x) < 0.0 { 0 } else { 255 }
        });
        for quantisation in [1, 2, 3, 16, 255, 2047, 4095, 4096] {
            let fast = forward(&[quantisation; 64], NEAREST);
            let plain = Forward { kernel: Kernel::Scalar, ..fast.clone() };
            let (mut out, mut expected) = ([0; 64], [0; 64]);
            fast.block(&samples, STRIDE, &mut out);
            plain.block(&samples, STRIDE, &mut expected);
            assert_eq!(out, expected, "at {natural}, step {quantisation}");
        }
    }
}

#[test]
fn selects_the_kernel_of_the_processor() {
    let kernel = forward(&[1; 64], NEAREST).kernel;
    #[cfg(target_arch = "x86_64")]
    assert_eq!(matches!(kernel, Kernel::Avx2(_)), is_x86_feature_detected!("avx2"));
    #[cfg(target_arch = "aarch64")]
    assert!(matches!(kernel, Kernel::Neon(_)));
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    assert!(matches!(kernel, Kernel::Scalar));
}

#[test]
#[should_panic(expected = "range")]
fn a_block_outside_the_samples_panics() {
    forward(&[1; 64], NEAREST).block(&[0; LENGTH - 1], STRIDE, &mut [0; 64]);
}
