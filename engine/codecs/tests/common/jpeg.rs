//! A writer of baseline JPEG with any sampling factors, which no encoder offers.

use safelight_core::Size;
use std::f64::consts::PI;

/// The zigzag order of T.81 figure 5.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];
/// The most blocks of an MCU in a scan of several components (T.81 B.2.3).
const MAX_MCU_BLOCKS: usize = 10;

/// Writes an image of `size` whose components have the sampling `factors`, columns and rows. The component `c` has
/// the value `value(c, x, y)` at a point of the image, in pixels; it should be linear, so that a sample is the mean of
/// the pixels that it covers. `adobe` is the transform of an Adobe segment.
///
/// All components are in one scan if T.81 allows it, otherwise each has its own.
pub(crate) fn write(
    size: Size,
    factors: &[(usize, usize)],
    adobe: Option<u8>,
    value: impl Fn(usize, f64, f64) -> f64,
) -> Vec<u8> {
    let max = factors.iter().fold((1, 1), |max: (usize, usize), it| (max.0.max(it.0), max.1.max(it.1)));
    let (w, h) = (size.w as usize, size.h as usize);
    let mut file = vec![0xFF, 0xD8];
    if let Some(transform) = adobe {
        segment(&mut file, 0xEE, &[b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat());
    }
    segment(&mut file, 0xDB, &[&[0][..], &[1; 64]].concat());
    let count = factors.len() as u8;
    let mut frame = vec![8, (h >> 8) as u8, h as u8, (w >> 8) as u8, w as u8, count];
    for (id, (across, down)) in (1..).zip(factors) {
        frame.extend([id, (across << 4 | down) as u8, 0]);
    }
    segment(&mut file, 0xC0, &frame);
    // Codes of one length: the code of a symbol is its index.
    let table = |class: u8, length: usize, symbols: &[u8]| {
        let mut counts = [0; 16];
        counts[length - 1] = symbols.len() as u8;
        [&[class][..], &counts, symbols].concat()
    };
    segment(&mut file, 0xC4, &table(0x00, 4, &(0..12).collect::<Vec<_>>()));
    segment(&mut file, 0xC4, &table(0x10, 8, &ac_symbols()));

    let block = |c: usize, column: usize, row: usize| {
        let step = |max: usize, factor: usize| max as f64 / factor as f64;
        let (across, down) = (step(max.0, factors[c].0), step(max.1, factors[c].1));
        coefficients(|x, y| {
            let at = |block: usize, sample: usize| (block * 8 + sample) as f64 + 0.5;
            value(c, at(column, x) * across, at(row, y) * down)
        })
    };
    if factors.iter().map(|it| it.0 * it.1).sum::<usize>() <= MAX_MCU_BLOCKS || factors.len() == 1 {
        let mut scan = Scan::new(factors.len());
        for row in 0..h.div_ceil(8 * max.1) {
            for column in 0..w.div_ceil(8 * max.0) {
                for (c, &(across, down)) in factors.iter().enumerate() {
                    for i in 0..across * down {
                        let (x, y) = (column * across + i % across, row * down + i / across);
                        scan.block(c, &block(c, x, y));
                    }
                }
            }
        }
        scan.finish(&mut file, &(0..count).collect::<Vec<_>>());
    } else {
        for (c, &(across, down)) in factors.iter().enumerate() {
            let mut scan = Scan::new(factors.len());
            for row in 0..(h * down).div_ceil(8 * max.1) {
                for column in 0..(w * across).div_ceil(8 * max.0) {
                    scan.block(c, &block(c, column, row));
                }
            }
            scan.finish(&mut file, &[c as u8]);
        }
    }
    file.extend([0xFF, 0xD9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, body: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend((body.len() as u16 + 2).to_be_bytes());
    file.extend(body);
}

/// Zeros before a coefficient, its size in bits, the end of the block, and sixteen zeros.
fn ac_symbols() -> Vec<u8> {
    let pairs = (0..16).flat_map(|run| (1..=10).map(move |size| run << 4 | size));
    pairs.chain([0x00, 0xF0]).collect()
}

/// The forward transform by its definition (T.81 A.3.3), in zigzag order, for a quantisation table of ones.
fn coefficients(sample: impl Fn(usize, usize) -> f64) -> [i32; 64] {
    let cosine = |x: usize, u: usize| ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos();
    let scale = |u: usize| if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
    let samples: Vec<_> =
        (0..64).map(|at| sample(at % 8, at / 8).round().clamp(0.0, 255.0) - 128.0).collect();
    ZIGZAG.map(|at| {
        let (u, v) = (at % 8, at / 8);
        let term = |at: usize| samples[at] * cosine(at % 8, u) * cosine(at / 8, v);
        ((0..64).map(term).sum::<f64>() * scale(u) * scale(v) / 4.0).round() as i32
    })
}

/// The entropy-coded data of a scan.
struct Scan {
    bytes: Vec<u8>,
    /// Bits that are not a whole byte yet, and their number.
    bits: (u64, u32),
    predictions: Vec<i32>,
    symbols: Vec<u8>,
}

impl Scan {
    fn new(components: usize) -> Self {
        Self { bytes: Vec::new(), bits: (0, 0), predictions: vec![0; components], symbols: ac_symbols() }
    }

    fn block(&mut self, component: usize, coefficients: &[i32; 64]) {
        let difference =
            coefficients[0] - std::mem::replace(&mut self.predictions[component], coefficients[0]);
        self.push(bit_length(difference), 4);
        self.value(difference);
        let mut run = 0;
        for &coefficient in &coefficients[1..] {
            if coefficient == 0 {
                run += 1;
                continue;
            }
            for _ in 0..run / 16 {
                self.symbol(0xF0);
            }
            self.symbol((run % 16) << 4 | bit_length(coefficient) as u8);
            self.value(coefficient);
            run = 0;
        }
        if run != 0 {
            self.symbol(0);
        }
    }

    fn symbol(&mut self, symbol: u8) {
        let code = self.symbols.iter().position(|known| *known == symbol).expect("the table has all pairs");
        self.push(code as u32, 8);
    }

    /// The bits after a symbol: of a negative value, those of its complement (T.81 F.1.2.1.1).
    fn value(&mut self, value: i32) {
        let length = bit_length(value);
        let bits = if value < 0 { value - 1 } else { value };
        self.push((bits & ((1 << length) - 1)) as u32, length);
    }

    fn push(&mut self, value: u32, length: u32) {
        self.bits = (self.bits.0 << length | u64::from(value), self.bits.1 + length);
        while 8 <= self.bits.1 {
            self.bits.1 -= 8;
            let byte = (self.bits.0 >> self.bits.1) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    fn finish(mut self, file: &mut Vec<u8>, components: &[u8]) {
        self.push(0x7F, 7);
        let selectors = components.iter().flat_map(|component| [component + 1, 0]);
        let header = [components.len() as u8].into_iter().chain(selectors).chain([0, 63, 0]);
        segment(file, 0xDA, &header.collect::<Vec<_>>());
        file.extend(self.bytes);
    }
}

fn bit_length(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}
