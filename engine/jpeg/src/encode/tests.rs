//! Do other decoders read the files: `zune-jpeg`, and libjpeg-turbo's `djpeg` if it is installed?

mod programs;

use super::{quantisation, *};
use std::cell::Cell;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

const CHROMAS: [Option<Chroma>; 5] =
    [None, Some(Chroma::Full), Some(Chroma::HalfWidth), Some(Chroma::HalfHeight), Some(Chroma::Quarter)];

/// A generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// An image that owns its planes; grey without `chroma`.
struct Source {
    w: usize,
    h: usize,
    chroma: Option<Chroma>,
    planes: Vec<Vec<u8>>,
}

impl Source {
    /// Builds planes from a function of plane, column and row.
    fn new(
        w: usize,
        h: usize,
        chroma: Option<Chroma>,
        mut sample: impl FnMut(usize, usize, usize) -> u8,
    ) -> Self {
        let plane = |number: usize| {
            let steps = chroma.filter(|_| number != 0).map_or((1, 1), Chroma::steps);
            let (w, h) = (w.div_ceil(steps.0), h.div_ceil(steps.1));
            (0..w * h).map(|at| sample(number, at % w * steps.0, at / w * steps.1)).collect()
        };
        Self { w, h, chroma, planes: (0..if chroma.is_some() { 3 } else { 1 }).map(plane).collect() }
    }

    fn noise(w: usize, h: usize, chroma: Option<Chroma>, random: &mut Random) -> Self {
        Self::new(w, h, chroma, |_, _, _| random.below(256) as u8)
    }

    /// Gradients in all planes, and an edge in luma.
    fn gradients(w: usize, h: usize, chroma: Option<Chroma>) -> Self {
        Self::new(w, h, chroma, |plane, x, y| match plane {
            0 => (3 * x + 2 * y + if y < x { 90 } else { 0 }) as u8,
            1 => (70 + x + 2 * y) as u8,
            _ => (200 - x - y) as u8,
        })
    }

    fn encode(&self, quality: u8, is_progressive: bool) -> Vec<u8> {
        self.encode_with(&Options { quality, is_progressive, icc: None, exif: None, is_interrupted: None })
    }

    fn encode_with(&self, options: &Options) -> Vec<u8> {
        let plane = |number: usize| {
            let steps = self.chroma.filter(|_| number != 0).map_or((1, 1), Chroma::steps);
            let (w, h) = (self.w.div_ceil(steps.0), self.h.div_ceil(steps.1));
            Plane { samples: &self.planes[number], stride: w, w, h }
        };
        let planes = match self.chroma {
            None => Planes::Grey(plane(0)),
            Some(chroma) => Planes::Ycc { planes: [plane(0), plane(1), plane(2)], chroma },
        };
        encode(&Image { width: self.w as u16, height: self.h as u16, planes }, options).unwrap()
    }

    /// Checks that `decoded`, interleaved channels from another decoder, is within the error that
    /// quantisation allows.
    ///
    /// The transform preserves lengths, so the sum of squared errors of a block is at most that of its
    /// coefficients, each of which is wrong by at most half a step. Rounding of samples adds to it.
    fn assert_is_near(&self, decoded: &[u8], quality: u8, what: &str) {
        let channels = self.planes.len();
        assert_eq!(decoded.len(), self.w * self.h * channels, "{what}");
        for (number, plane) in self.planes.iter().enumerate() {
            if number != 0 && self.chroma != Some(Chroma::Full) {
                continue;
            }
            let steps = quantisation::tables(quality)[number.min(1)];
            let block: f64 = steps.iter().map(|step| f64::from(step * step) / 4.0).sum();
            let blocks = self.w.div_ceil(8) * self.h.div_ceil(8);
            let errors = plane.iter().zip(decoded.iter().skip(number).step_by(channels));
            let error: f64 = errors.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
            let root = (error / blocks as f64).sqrt();
            // Rounding adds half a level for each of 64 samples, in the encoder and in the decoder.
            assert!(root <= block.sqrt() + 8.0, "plane {number} of {what}: {root} for {}", block.sqrt());
        }
    }
}

/// Decodes a file with `zune-jpeg`, without a conversion of its colour model.
fn decode(file: &[u8], components: usize) -> Vec<u8> {
    let colours = if components == 1 { ColorSpace::Luma } else { ColorSpace::YCbCr };
    let options = DecoderOptions::default().set_strict_mode(true).jpeg_set_out_colorspace(colours);
    JpegDecoder::new_with_options(ZCursor::new(file), options).decode().unwrap()
}

/// Encodes `source`, decodes the file, and checks the result.
fn check(source: &Source, quality: u8, is_progressive: bool, what: &str) {
    let (w, h, chroma) = (source.w, source.h, source.chroma);
    let what = format!("{what} of {w} × {h}, {chroma:?}, quality {quality}, progressive {is_progressive}");
    let file = source.encode(quality, is_progressive);
    source.assert_is_near(&decode(&file, source.planes.len()), quality, &what);
}

#[test]
fn every_small_size_decodes() {
    for chroma in CHROMAS {
        for (w, h) in (1..=40).flat_map(|w| (1..=40).map(move |h| (w, h))) {
            let source = Source::gradients(w, h, chroma);
            check(&source, 90, false, "gradients");
            check(&source, 90, true, "gradients");
        }
    }
}

#[test]
fn extremes_decode() {
    let mut random = Random(1);
    for chroma in CHROMAS {
        for quality in [1, 100] {
            for is_progressive in [false, true] {
                let check = |w, h, what, sample: &mut dyn FnMut(usize, usize, usize) -> u8| {
                    check(&Source::new(w, h, chroma, sample), quality, is_progressive, what);
                };
                check(65, 63, "noise", &mut |_, _, _| random.below(256) as u8);
                check(65, 63, "black and white noise", &mut |_, _, _| 255 * random.below(2) as u8);
                check(65, 63, "a chequerboard", &mut |_, x, y| 255 * ((x + y) % 2) as u8);
                check(65, 63, "black and white blocks", &mut |_, x, y| 255 * ((x / 8 + y / 8) % 2) as u8);
                check(65, 63, "black", &mut |_, _, _| 0);
                check(65, 63, "white", &mut |_, _, _| 255);
                // This has more blocks than the longest run of ended bands, 32 767.
                check(2048, 1100, "a large grey", &mut |_, _, _| 128);
            }
        }
    }
}

#[test]
fn random_images_decode() {
    let mut random = Random(2);
    for round in 0..3000 {
        let chroma = CHROMAS[random.below(5) as usize];
        let (w, h) = (1 + random.below(70) as usize, 1 + random.below(70) as usize);
        let (quality, is_progressive) = (1 + random.below(100) as u8, random.below(2) == 0);
        // Contents range from flat, with few symbols, to noise, with all symbols.
        let (base, reach) = (random.below(200), 1 + (1 << random.below(8)));
        let source = Source::new(w, h, chroma, |_, _, _| (base + random.below(reach)).min(255) as u8);
        check(&source, quality, is_progressive, &format!("image {round}"));
    }
}

#[test]
fn the_same_image_gives_the_same_file() {
    let noise = || Source::noise(50, 41, Some(Chroma::Quarter), &mut Random(3));
    for is_progressive in [false, true] {
        assert_eq!(noise().encode(80, is_progressive), noise().encode(80, is_progressive));
    }
}

#[test]
fn samples_outside_the_image_are_ignored() {
    let source = Source::noise(21, 19, Some(Chroma::Quarter), &mut Random(4));
    let widen = |samples: &[u8], w: usize| {
        let wide = samples.chunks(w).flat_map(|row| [row, &[7; 13]].concat());
        wide.chain([9; 200]).collect::<Vec<u8>>()
    };
    let wide = [(0, 21), (1, 11), (2, 11)].map(|(number, w)| widen(&source.planes[number], w));
    let plane = |number: usize, w: usize| Plane { samples: &wide[number], stride: w + 13, w: w + 13, h: 22 };
    let planes = Planes::Ycc { planes: [plane(0, 21), plane(1, 11), plane(2, 11)], chroma: Chroma::Quarter };
    for is_progressive in [false, true] {
        let options = Options { quality: 90, is_progressive, icc: None, exif: None, is_interrupted: None };
        let file = encode(&Image { width: 21, height: 19, planes }, &options).unwrap();
        assert_eq!(file, source.encode(90, is_progressive));
    }
}

#[test]
fn an_interrupted_encode_ends_at_the_next_check() {
    let samples = vec![0; 64 * 640];
    let planes = Planes::Grey(Plane { samples: &samples, stride: 64, w: 64, h: 640 });
    let image = Image { width: 64, height: 640, planes };
    for is_progressive in [false, true] {
        let encode_with = |max_checks: usize| {
            let checks = Cell::new(0);
            let is_interrupted = || checks.replace(checks.get() + 1) == max_checks;
            let is_interrupted: Option<&dyn Fn() -> bool> = Some(&is_interrupted);
            let options = Options { quality: 80, is_progressive, icc: None, exif: None, is_interrupted };
            (encode(&image, &options), checks.get())
        };
        let (file, checks) = encode_with(usize::MAX);
        assert!(file.is_ok() && 80 < checks, "{checks} checks for 80 rows of blocks");
        for max_checks in 0..checks {
            let (result, calls) = encode_with(max_checks);
            assert_eq!((result, calls), (Err(EncodeError::Interrupted), max_checks + 1));
        }
    }
}

#[test]
fn invalid_images_and_options_are_errors() {
    let check = |width, height, plane: Plane, icc: usize| {
        let profile = vec![0; icc];
        let options = Options {
            quality: 80,
            is_progressive: false,
            icc: Some(&profile),
            exif: None,
            is_interrupted: None,
        };
        encode(&Image { width, height, planes: Planes::Grey(plane) }, &options).is_err()
    };
    let plane = Plane { samples: &[0; 62], stride: 10, w: 9, h: 7 };
    assert!(!check(9, 6, plane, 255 * 65_519));
    assert!(check(9, 6, plane, 255 * 65_519 + 1));
    assert!(check(0, 6, plane, 0) && check(9, 0, plane, 0));
    assert!(check(10, 6, plane, 0) && check(9, 8, plane, 0));
    assert!(check(9, 7, plane, 0), "the last row has 2 samples");
    assert!(check(9, 6, Plane { stride: 8, ..plane }, 0));
    assert!(check(9, 6, Plane { stride: usize::MAX, ..plane }, 0));
}

#[test]
fn exif_and_profile_are_embedded() {
    let profile: Vec<u8> = (0..140_000_u32).map(|at| (at / 7) as u8).collect();
    let source = Source::gradients(8, 8, None);
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0";
    let options = Options {
        quality: 80,
        is_progressive: false,
        icc: Some(&profile),
        exif: Some(exif),
        is_interrupted: None,
    };
    let file = source.encode_with(&options);
    let head = b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xE1\0\x16";
    assert!(file.starts_with(&[&head[..], exif].concat()));
    let mut decoder = JpegDecoder::new(ZCursor::new(&file));
    decoder.decode_headers().unwrap();
    assert_eq!(decoder.icc_profile().as_deref(), Some(&profile[..]));
    let plain = source.encode_with(&Options { icc: None, exif: None, ..options });
    assert_eq!(&plain[20..22], [0xFF, 0xDB]);
}

#[test]
fn baseline_has_one_scan() {
    for chroma in CHROMAS {
        let file = Source::gradients(33, 17, chroma).encode(80, false);
        let scans = file.windows(2).filter(|window| *window == [0xFF, 0xDA]).count();
        assert_eq!(scans, 1, "{chroma:?}");
    }
}
