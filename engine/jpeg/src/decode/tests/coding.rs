//! Are the samples right for arithmetic coding, 12 bits and lossless coding?

use super::lossless::{Plan, encode};
use super::structure::{Small, small};
use super::{decode, decode_wide, find, header, scales};
use crate::dct::Random;
use crate::decode::arithmetic::encoder::{Encoder, Model};
use crate::decode::{Coding, ColourModel, DecodeError, Decoder, Header, Progress};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The pixels of the scene in the small files: 41 × 27 of three samples.
fn scene() -> Vec<u8> {
    let netpbm = super::libjpeg::Netpbm::scene(41, 27);
    netpbm[netpbm.len() - 41 * 27 * 3..].to_vec()
}

#[test]
fn arithmetic_coding_gives_the_planes_of_huffman_coding() {
    let Small { baseline, progressive, arithmetic, arithmetic_restarts, arithmetic_progressive, .. } =
        small();
    for n in 1..=8 {
        let expected = decode(&baseline, n).unwrap();
        assert_eq!(decode(&arithmetic, n).unwrap(), expected, "{n}");
        assert_eq!(decode(&arithmetic_restarts, n).unwrap(), expected, "{n}");
        assert_eq!(decode(&arithmetic_progressive, n).unwrap(), decode(&progressive, n).unwrap(), "{n}");
    }
}

#[test]
fn twelve_bits_have_the_same_planes_in_every_coding() {
    let Small { twelve, twelve_progressive, twelve_arithmetic, .. } = small();
    for n in 1..=8 {
        let expected = decode_wide(&twelve, scales(n), 100).unwrap();
        for file in [&twelve_progressive, &twelve_arithmetic] {
            assert_eq!(decode_wide(file, scales(n), 100).unwrap(), expected, "{n}");
        }
    }
    let header = header(&twelve).unwrap();
    assert_eq!((header.precision, header.is_wide()), (12, true));
    let planes = decode_wide(&twelve, scales(8), usize::MAX).unwrap();
    let luma = &planes.components[0];
    let rows = luma.samples.chunks_exact(luma.w).take(27).flat_map(|row| &row[..41]);
    // The FNV-1a hash of the samples that djpeg of libjpeg-turbo 3.2 makes with `-grayscale -dct int`, in bytes
    // of which the lower one is first.
    let hash = rows.flat_map(|sample| sample.to_le_bytes()).fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    assert_eq!(hash, 0xCD89_E2BD_5280_3391);
}

#[test]
fn lossless_files_have_the_samples_of_their_source() {
    let planes = decode_wide(&small().lossless, scales(8), 100).unwrap();
    assert_eq!((planes.colour_model, planes.is_damaged), (ColourModel::Rgb, false));
    let scene = scene();
    for (c, component) in planes.components.iter().enumerate() {
        assert_eq!((component.w, component.h, component.step), (41, 27, (1.0, 1.0)));
        let expected: Vec<_> = scene.iter().skip(c).step_by(3).map(|it| u16::from(*it)).collect();
        assert_eq!(component.samples, expected);
    }
    let planes = decode_wide(&small().lossless16, scales(1), 100).unwrap();
    let green = scene.iter().skip(1).step_by(3).zip(0..);
    let expected: Vec<_> = green.map(|(it, at)| u16::from(*it) << 8 | ((at * 7) & 255)).collect();
    assert_eq!((planes.colour_model, &planes.components[0].samples), (ColourModel::Grey, &expected));
}

#[test]
fn every_predictor_precision_and_point_transform_is_decoded() {
    let mut random = Random::new(5);
    for precision in 2..=16_u8 {
        for predictor in 1..=7 {
            for shift in [0, precision / 2, precision - 1] {
                let components = 1 + 2 * usize::from(predictor % 2);
                let plan =
                    Plan { precision, predictor, shift, components, is_interleaved: shift == 0, rows: 0 };
                for plan in [Plan { rows: 0, ..plan }, Plan { rows: 2, ..plan }] {
                    let max = u16::MAX >> (16 - precision);
                    let mut noise = || (0..7 * 5).map(|_| random.bits() as u16 & max).collect::<Vec<_>>();
                    let samples: Vec<_> = (0..components).map(|_| noise()).collect();
                    let planes = decode_wide(&encode(&plan, 7, 5, &samples), scales(8), 3).unwrap();
                    assert!(!planes.is_damaged, "{plan:?}");
                    for (component, samples) in planes.components.iter().zip(&samples) {
                        let expected: Vec<_> = samples.iter().map(|it| it >> shift << shift).collect();
                        assert_eq!(component.samples, expected, "{plan:?}");
                    }
                }
            }
        }
    }
}

/// A file of one row of blocks in arithmetic coding, each with a DC difference and AC coefficients.
fn arithmetic_file(blocks: &[(i32, [i32; 63])], conditioning: (u32, u32, usize)) -> Vec<u8> {
    let (lower, upper, split) = conditioning;
    let width = (8 * blocks.len() as u16).to_be_bytes();
    let (mut encoder, mut model) = (Encoder::new(), Model::new(conditioning));
    for (difference, ac) in blocks {
        encoder.block(&mut model, *difference, ac);
    }
    let coded: Vec<u8> = encoder.finish().into_iter().flat_map(stuffed).collect();
    [
        &b"\xFF\xD8\xFF\xDB\0\x43\0"[..],
        &[1; 64],
        b"\xFF\xC9\0\x0B\x0C\0\x08",
        &width,
        b"\x01\x01\x11\0\xFF\xCC\0\x06\x02",
        &[(upper << 4 | lower) as u8, 0x13, split as u8],
        b"\xFF\xDA\0\x08\x01\x01\x23\0\x3F\0",
        &coded,
        b"\xFF\xD9",
    ]
    .concat()
}

/// A byte of entropy-coded data, with the zero after it that a 0xFF needs.
pub(super) fn stuffed(byte: u8) -> impl Iterator<Item = u8> {
    [byte, 0].into_iter().take(if byte == 0xFF { 2 } else { 1 })
}

/// The samples do not depend on the conditioning, which the encoder applies and the decoder reads.
#[test]
fn conditioning_is_that_of_the_file() {
    let mut random = Random::new(7);
    let mut value = |bits: isize| {
        let size = random.below(bits + 1);
        (random.below(1 << size) - random.below(1 << size)) as i32
    };
    let blocks: Vec<(i32, [i32; 63])> = (0..40)
        .map(|_| (value(11), std::array::from_fn(|at| if at % 3 == 0 { value(10) } else { 0 })))
        .collect();
    let expected = decode_wide(&arithmetic_file(&blocks, (0, 1, 5)), scales(8), usize::MAX).unwrap();
    assert!(!expected.is_damaged);
    let mut sizes = Vec::new();
    for conditioning in [(0, 1, 5), (0, 0, 1), (1, 3, 63), (2, 2, 20), (4, 15, 8), (15, 15, 5)] {
        let file = arithmetic_file(&blocks, conditioning);
        let planes = decode_wide(&file, scales(8), usize::MAX).unwrap();
        assert_eq!(planes, expected, "{conditioning:?}");
        sizes.push(file.len());
        // With other conditioning, the same data has other decisions.
        let place = find(&file, 0xCC)[0];
        let without = [&file[..place], &file[place + 8..]].concat();
        let is_same = decode_wide(&without, scales(8), usize::MAX).unwrap() == expected;
        assert_eq!(is_same, conditioning == (0, 1, 5), "{conditioning:?}");
    }
}

/// The DC coefficient of the k-th block is the sum of the differences so far.
#[test]
fn arithmetic_coefficients_are_those_that_were_encoded() {
    let differences = [0, 1, -1, 2, -2, 5, -1000, 1500, 0, 0, -498, 16_000, -32_000, 16_000];
    let blocks = differences.map(|difference| (difference, [0; 63]));
    let planes = decode_wide(&arithmetic_file(&blocks, (0, 1, 5)), scales(1), 1).unwrap();
    let mut sum = 0;
    for (sample, difference) in planes.components[0].samples.iter().zip(differences) {
        sum += difference;
        assert_eq!(i32::from(*sample), (((sum + 4) >> 3) + 2048).clamp(0, 4095));
    }
}

#[test]
fn invalid_conditioning_is_damage() {
    let file = arithmetic_file(&[(3, [0; 63])], (0, 1, 5));
    let place = find(&file, 0xCC)[0];
    let check = |pair: [u8; 2]| {
        let mut file = file.clone();
        file[place + 4..place + 6].copy_from_slice(&pair);
        let expected = DecodeError::Damaged("an invalid segment of arithmetic conditioning");
        assert_eq!(decode_wide(&file, scales(8), usize::MAX), Err(expected), "{pair:?}");
    };
    check([0x00, 0x01]);
    check([0x04, 0x10]);
    check([0x10, 0]);
    check([0x10, 64]);
    check([0x20, 0x10]);
}

/// A few bytes of arithmetic coding stand for many blocks, so a decode can stop between them.
#[test]
fn a_decode_of_few_bytes_can_be_interrupted() {
    let mut file = small().arithmetic;
    let frame = find(&file, 0xC9)[0];
    file[frame + 5..frame + 9].copy_from_slice(&[0x08, 0, 0x08, 0]);
    let calls = AtomicUsize::new(0);
    let is_interrupted = |limit| 10 + limit < calls.fetch_add(1, Ordering::Relaxed);
    let run = |limit: usize| {
        let mut decoder = Decoder::new(header(&file).unwrap(), scales(1), false).unwrap();
        let progress = decoder.push_unless(&file, &|| is_interrupted(limit)).unwrap();
        (progress, calls.swap(0, Ordering::Relaxed))
    };
    // 128 × 128 MCUs.
    let (progress, whole) = run(usize::MAX >> 1);
    assert_eq!(progress, Progress::Done);
    assert!(64 <= whole, "{whole} calls");
    let (_, stopped) = run(20);
    assert!(stopped < 40, "{stopped} calls");
}

#[test]
fn headers_state_coding_and_precision() {
    let check = |file: &[u8], coding, precision, is_progressive| {
        let Header { coding: found, precision: bits, is_progressive: is, .. } = header(file).unwrap();
        assert_eq!((found, bits, is), (coding, precision, is_progressive));
    };
    let small = small();
    check(&small.baseline, Coding::Huffman, 8, false);
    check(&small.arithmetic, Coding::Arithmetic, 8, false);
    check(&small.arithmetic_progressive, Coding::Arithmetic, 8, true);
    check(&small.twelve_progressive, Coding::Huffman, 12, true);
    check(&small.lossless, Coding::Lossless, 8, false);
    check(&small.lossless16, Coding::Lossless, 16, false);
}

#[test]
fn planes_have_the_width_of_the_samples() {
    let wide = decode(&small().twelve, 8).unwrap_err();
    assert_eq!(wide, DecodeError::Unsupported("planes of 8 bits from wide samples"));
    let narrow = decode_wide(&small().baseline, scales(8), usize::MAX).unwrap_err();
    assert_eq!(narrow, DecodeError::Unsupported("planes of 16 bits from samples of 8 bits"));
}

#[test]
fn invalid_lossless_scans_are_damage() {
    let plan = Plan { precision: 8, predictor: 1, shift: 0, components: 1, is_interleaved: true, rows: 0 };
    let file = encode(&plan, 7, 5, &[vec![9; 35]]);
    let scan = find(&file, 0xDA)[0];
    let check = |at: usize, value: u8, expected| {
        let mut file = file.clone();
        file[at] = value;
        assert_eq!(decode_wide(&file, scales(8), usize::MAX), Err(DecodeError::Damaged(expected)));
    };
    check(scan + 7, 0, "an invalid lossless scan header");
    check(scan + 7, 8, "an invalid lossless scan header");
    check(scan + 9, 8, "an invalid lossless scan header");
    let codes = find(&file, 0xC4)[0];
    check(codes + 21, 17, "a Huffman table with differences of too many bits");
    let uneven = [&file[..scan], b"\xFF\xDD\0\x04\0\x05", &file[scan..]].concat();
    let expected = DecodeError::Damaged("lossless restart intervals that are no whole rows");
    assert_eq!(decode_wide(&uneven, scales(8), usize::MAX), Err(expected));
}

/// After a restart marker that is missing, the samples of its interval are mid-grey.
#[test]
fn missing_intervals_are_grey() {
    let plan = Plan { precision: 8, predictor: 4, shift: 0, components: 1, is_interleaved: true, rows: 1 };
    let samples: Vec<u16> = (0..35).collect();
    let file = encode(&plan, 7, 5, std::slice::from_ref(&samples));
    let second = find(&file, 0xD1)[0];
    let third = find(&file, 0xD2)[0];
    let planes = decode_wide(&[&file[..second], &file[third..]].concat(), scales(8), usize::MAX).unwrap();
    assert!(planes.is_damaged);
    let expected = [&samples[..14], &[128; 7], &samples[21..]].concat();
    assert_eq!(planes.components[0].samples, expected);
}
