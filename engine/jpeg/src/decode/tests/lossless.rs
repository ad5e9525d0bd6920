//! A lossless encoder (ITU-T T.81 annex H) with one Huffman table in which every code has five bits.

use super::coding::stuffed;

/// The parameters of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) precision: u8,
    pub(super) predictor: u8,
    pub(super) shift: u8,
    pub(super) components: usize,
    /// Whether one scan has all components.
    pub(super) is_interleaved: bool,
    /// Rows of a restart interval, 0 for none.
    pub(super) rows: usize,
}

/// Encodes `w` × `h` samples of each component.
pub(super) fn encode(plan: &Plan, w: usize, h: usize, samples: &[Vec<u16>]) -> Vec<u8> {
    let ids = 1..=plan.components as u8;
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 8 + 3 * plan.components as u8, plan.precision];
    file.extend([0, h as u8, 0, w as u8, plan.components as u8]);
    file.extend(ids.clone().flat_map(|id| [id, 0x11, 0]));
    file.extend([0xFF, 0xC4, 0, 36, 0]);
    file.extend([0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(0..=16);
    if plan.rows != 0 {
        file.extend([0xFF, 0xDD, 0, 4, 0, (plan.rows * w) as u8]);
    }
    let all: Vec<usize> = (0..plan.components).collect();
    let scans: Vec<&[usize]> = if plan.is_interleaved { vec![&all] } else { all.chunks(1).collect() };
    for scan in scans {
        file.extend([0xFF, 0xDA, 0, 6 + 2 * scan.len() as u8, scan.len() as u8]);
        file.extend(scan.iter().flat_map(|component| [1 + *component as u8, 0]));
        file.extend([plan.predictor, 0, plan.shift]);
        let interval = if plan.rows == 0 { h } else { plan.rows };
        for (number, start) in (0..h).step_by(interval).enumerate() {
            if number != 0 {
                file.extend([0xFF, 0xD0 + (number as u8 - 1) % 8]);
            }
            let planes: Vec<&[u16]> = scan.iter().map(|component| &*samples[*component]).collect();
            file.extend(rows(plan, w, start..h.min(start + interval), &planes));
        }
    }
    file.extend([0xFF, 0xD9]);
    file
}

/// Encodes a restart interval.
fn rows(plan: &Plan, w: usize, rows: std::ops::Range<usize>, planes: &[&[u16]]) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).rev().map(|bit| value >> bit & 1 != 0));
    for y in rows.clone() {
        for x in 0..w {
            for plane in planes {
                let sample = |x: usize, y: usize| i32::from(plane[y * w + x] >> plan.shift);
                let prediction = match (x, y == rows.start) {
                    (0, true) => 1 << (plan.precision - plan.shift - 1),
                    (_, true) => sample(x - 1, y),
                    (0, false) => sample(x, y - 1),
                    _ => {
                        let (a, b, c) = (sample(x - 1, y), sample(x, y - 1), sample(x - 1, y - 1));
                        let half = |value: i32| value.div_euclid(2);
                        [a, b, c, a + b - c, a + half(b - c), b + half(a - c), half(a + b)]
                            [usize::from(plan.predictor) - 1]
                    }
                };
                // Differences are modulo 65 536, and that of half of it is positive.
                let difference = match (sample(x, y) - prediction) as i16 {
                    i16::MIN => 32_768,
                    other => i32::from(other),
                };
                let size = 32 - difference.unsigned_abs().leading_zeros();
                put(size, 5);
                if size < 16 {
                    put((difference - i32::from(difference < 0)) as u32, size);
                }
            }
        }
    }
    let byte =
        |bits: &[bool]| (0..8).fold(0, |byte, at| byte << 1 | u8::from(*bits.get(at).unwrap_or(&true)));
    bits.chunks(8).flat_map(|bits| stuffed(byte(bits))).collect()
}
