//! Comparisons with a kernel in floating point.

use super::*;

/// xorshift64* of Vigna, 2016.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn within(&mut self, from: u32, to: u32) -> u32 {
        from + (self.next() % u64::from(to - from + 1)) as u32
    }

    /// Returns a number from 0 to 1.
    fn fraction(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 48) as f64
    }

    fn size(&mut self, most: u32) -> Size {
        Size::new(self.within(1, most), self.within(1, most))
    }

    fn noise(&mut self, size: Size) -> Vec<u8> {
        (0..size.w * size.h).map(|_| self.next() as u8).collect()
    }

    /// Returns a box of any shape that often reaches beyond an image of `size`.
    fn part(&mut self, size: Size) -> View {
        let mut axis = |samples: u32| {
            let extent = f64::from(samples);
            let (start, length) = (extent * (self.fraction() - 0.4), extent * 1.5 * self.fraction());
            [(start, length), (start.floor(), length.ceil()), (0.0, extent)][self.within(0, 2) as usize]
        };
        let ((x, w), (y, h)) = (axis(size.w), axis(size.h));
        View { x, y, w, h }
    }
}

/// Scales a plane of one channel.
fn resize_plane(source: &[u8], from: Size, readable: Rect, part: View, size: Size) -> Vec<u8> {
    Scaling::new(readable, part, size).apply(source, from.w as usize, Pixels::One, &Stop::default()).unwrap()
}

fn whole(size: Size) -> Rect {
    Rect { x: 0, y: 0, size }
}

/// Kinds of pixels, with their number of channels.
const ALL_PIXELS: [(Pixels, u32); 6] = [
    (Pixels::One, 1),
    (Pixels::Two, 2),
    (Pixels::Three, 3),
    (Pixels::Four, 4),
    (Pixels::GreyAlpha, 2),
    (Pixels::Rgba, 4),
];

fn lanczos3(x: f64) -> f64 {
    let a = std::f64::consts::PI * x;
    if x.abs() < 1e-9 { 1.0 } else { 3.0 * a.sin() * (a / 3.0).sin() / (a * a) }
}

/// Computes the weights of one axis from their definition.
fn exact_weights(count: u32, (start, length): (f64, f64), outputs: u32) -> Vec<Vec<f64>> {
    let scale = length / f64::from(outputs);
    let of_output = |output| {
        let centre = (start + (f64::from(output) + 0.5) * scale).clamp(0.0, count.into());
        let at = |sample| (f64::from(sample) + 0.5 - centre) / scale.max(1.0);
        let weigh = |sample| if at(sample).abs() < 3.0 { lanczos3(at(sample)) } else { 0.0 };
        let weights: Vec<f64> = (0..count).map(weigh).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    };
    (0..outputs).map(of_output).collect()
}

/// Computes the output in floating point, not clamped to black and white.
fn exact(source: &[u8], from: Size, part: View, size: Size) -> Vec<f64> {
    let source: Vec<f64> = source.iter().map(|&sample| sample.into()).collect();
    exact_of(&source, from, part, size)
}

fn exact_of(source: &[f64], from: Size, part: View, size: Size) -> Vec<f64> {
    let across = exact_weights(from.w, (part.x, part.w), size.w);
    let down = exact_weights(from.h, (part.y, part.h), size.h);
    let rows: Vec<Vec<f64>> = source
        .chunks_exact(from.w as usize)
        .map(|row| {
            let weighed = |weights: &Vec<f64>| weights.iter().zip(row).map(|(w, v)| w * v).sum();
            across.iter().map(weighed).collect()
        })
        .collect();
    let at = |weights: &Vec<f64>, x: usize| weights.iter().zip(&rows).map(|(w, row)| w * row[x]).sum::<f64>();
    down.iter().flat_map(|weights| (0..size.w as usize).map(move |x| at(weights, x))).collect()
}

#[test]
fn no_sample_is_a_level_off() {
    let mut random = Random(1);
    for round in 0..120 {
        let (from, size) = (random.size(90), random.size(90));
        let (source, part) = (random.noise(from), random.part(from));
        let found = resize_plane(&source, from, whole(from), part, size);
        for (found, exact) in found.iter().zip(exact(&source, from, part, size)) {
            let off = (f64::from(*found) - exact.clamp(0.0, 255.0)).abs();
            assert!(off < 0.6, "{off} off in round {round}: {from:?}, {part:?} to {size:?}");
        }
    }
}

#[test]
fn every_kernel_gives_the_same_bytes() {
    let mut random = Random(2);
    for round in 0..600 {
        let (from, size) = (random.size(80), random.size(80));
        let corner = (random.within(0, from.w - 1), random.within(0, from.h - 1));
        let readable = Size::new(random.within(1, from.w - corner.0), random.within(1, from.h - corner.1));
        let readable = Rect { x: corner.0, y: corner.1, size: readable };
        let (pixels, channels) = ALL_PIXELS[round % ALL_PIXELS.len()];
        let mut source = random.noise(Size::new(channels * from.w, from.h));
        if round % 4 == 0 {
            // Extremes give the largest sums.
            for sample in &mut source {
                *sample = if *sample < 128 { 0 } else { 255 };
            }
        }
        if round % 5 == 0 {
            // Little alpha, or none.
            for sample in source.iter_mut().skip(channels as usize - 1).step_by(channels as usize) {
                *sample /= 64;
            }
        }
        let scaling = Scaling::new(readable, random.part(from), size);
        let width = from.w as usize;
        let expected = scaling.apply_with(Kernels::Scalar, &source, width, pixels, &Stop::default()).unwrap();
        let found = scaling.apply(&source, width, pixels, &Stop::default()).unwrap();
        assert_eq!(found, expected, "{round}: {pixels:?}, {from:?}, {readable:?} to {size:?}");
    }
}

#[test]
fn unreadable_samples_have_no_effect() {
    let mut random = Random(3);
    for _ in 0..60 {
        let from = Size::new(70, 60);
        let readable = Rect { x: 5, y: 7, size: Size::new(random.within(1, 60), random.within(1, 50)) };
        let (part, size) = (random.part(readable.size), random.size(50));
        let source = random.noise(from);
        let columns = readable.x as usize..(readable.x + readable.size.w) as usize;
        let rows = source.chunks_exact(70).skip(readable.y as usize).take(readable.size.h as usize);
        let cut: Vec<u8> = rows.flat_map(|row| &row[columns.clone()]).copied().collect();
        let on_plane = View { x: part.x + 5.0, y: part.y + 7.0, ..part };
        let found = resize_plane(&source, from, readable, on_plane, size);
        let expected = exact(&cut, readable.size, part, size);
        for (found, exact) in found.iter().zip(expected) {
            assert!((f64::from(*found) - exact.clamp(0.0, 255.0)).abs() < 0.6, "{readable:?}, {part:?}");
        }
    }
}

#[test]
fn channels_are_independent() {
    let mut random = Random(8);
    for round in 0..120 {
        let (pixels, channels) = ALL_PIXELS[round % 4];
        let (from, size) = (random.size(80), random.size(80));
        let source = random.noise(Size::new(channels * from.w, from.h));
        let scaling = Scaling::new(whole(from), random.part(from), size);
        let found = scaling.apply(&source, from.w as usize, pixels, &Stop::default()).unwrap();
        for channel in 0..channels as usize {
            let of = |samples: &[u8]| -> Vec<u8> {
                samples.iter().skip(channel).step_by(channels as usize).copied().collect()
            };
            assert_eq!(
                of(&found),
                scaling.apply(&of(&source), from.w as usize, Pixels::One, &Stop::default()).unwrap()
            );
        }
    }
}

/// Returns the largest errors in an image of [`Pixels::Rgba`]: of colours where alpha is at least `least`, and of
/// alpha.
fn off_by(source: &[u8], from: Size, part: View, size: Size, least: f64) -> (f64, f64) {
    let found = Scaling::new(whole(from), part, size)
        .apply(source, from.w as usize, Pixels::Rgba, &Stop::default())
        .unwrap();
    let alphas: Vec<f64> = source.chunks_exact(4).map(|pixel| pixel[3].into()).collect();
    let alphas = exact_of(&alphas, from, part, size);
    let mut off = (0.0_f64, 0.0_f64);
    for channel in 0..3 {
        let products: Vec<f64> =
            source.chunks_exact(4).map(|pixel| f64::from(pixel[channel]) * f64::from(pixel[3])).collect();
        let products = exact_of(&products, from, part, size);
        for ((pixel, product), alpha) in found.chunks_exact(4).zip(products).zip(&alphas) {
            off.1 = off.1.max((f64::from(pixel[3]) - alpha.clamp(0.0, 255.0)).abs());
            if pixel[3] == 0 {
                assert_eq!(pixel, [0; 4], "a colour that nobody sees");
            } else if least <= *alpha {
                off.0 = off.0.max((f64::from(pixel[channel]) - (product / alpha).clamp(0.0, 255.0)).abs());
            }
        }
    }
    off
}

#[test]
fn no_colour_under_alpha_is_a_level_off() {
    let mut random = Random(9);
    for round in 0..60 {
        let (from, size) = (random.size(60), random.size(60));
        let mut source = random.noise(Size::new(4 * from.w, from.h));
        let part = random.part(from);
        // From opaque to almost transparent.
        for pixel in source.chunks_exact_mut(4) {
            pixel[3] >>= round % 8;
        }
        let (colour, alpha) = off_by(&source, from, part, size, 8.0);
        assert!(colour < 1.0 && alpha < 0.6, "{colour}, {alpha} in {round}: {from:?}, {part:?} to {size:?}");
        let (colour, _) = off_by(&source, from, part, size, 1.0);
        assert!(colour < 3.0, "{colour} in {round}: {from:?}, {part:?} to {size:?}");
    }
}

#[test]
fn opaque_alpha_has_no_effect() {
    let mut random = Random(10);
    for round in 0..40 {
        let (from, size) = (random.size(90), random.size(90));
        let mut source = random.noise(Size::new(4 * from.w, from.h));
        source.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
        let scaling = Scaling::new(whole(from), random.part(from), size);
        let width = from.w as usize;
        let found = scaling.apply(&source, width, Pixels::Rgba, &Stop::default()).unwrap();
        assert_eq!(found, scaling.apply(&source, width, Pixels::Four, &Stop::default()).unwrap(), "{round}");
        // A single translucent pixel has an effect, wherever it is.
        let pixel = random.within(0, from.w * from.h - 1) as usize;
        source[4 * pixel + 3] = 0;
        let identity = Scaling::new(whole(from), View::whole(from), from);
        let found = identity.apply(&source, width, Pixels::Rgba, &Stop::default()).unwrap();
        let clear = found.chunks_exact(4).enumerate().filter(|(_, pixel)| *pixel == [0; 4]);
        assert_eq!(clear.map(|(place, _)| place).collect::<Vec<_>>(), [pixel]);
    }
}

#[test]
fn flat_images_are_unchanged() {
    let mut random = Random(4);
    for level in 0..=255 {
        let (from, size) = (random.size(200), random.size(60));
        let source = vec![level; (from.w * from.h) as usize];
        let found = resize_plane(&source, from, whole(from), random.part(from), size);
        assert!(found.iter().all(|&sample| sample == level), "{level} from {from:?} to {size:?}");
    }
}

#[test]
fn a_box_moved_by_a_quarter_of_a_sample_moves_a_ramp_by_as_much() {
    // Four levels for each sample: a quarter of a sample is a level.
    let from = Size::new(60, 60);
    let across: Vec<u8> = (0..60 * 60).map(|i| 4 * (i % 60) as u8).collect();
    let down: Vec<u8> = (0..60 * 60).map(|i| 4 * (i / 60) as u8).collect();
    for outputs in [15, 20, 40] {
        for quarters in 0..8 {
            let start = 10.0 + 0.25 * f64::from(quarters);
            let scale = 40.0 / f64::from(outputs);
            for (source, part, size) in [
                (&across, View { x: start, y: 0.0, w: 40.0, h: 60.0 }, Size::new(outputs, 60)),
                (&down, View { x: 0.0, y: start, w: 60.0, h: 40.0 }, Size::new(60, outputs)),
            ] {
                let found = resize_plane(source, from, whole(from), part, size);
                for output in 0..outputs {
                    let position = start + (f64::from(output) + 0.5) * scale - 0.5;
                    let at = if size.w == outputs { 30 * outputs + output } else { 60 * output + 30 };
                    let off = f64::from(found[at as usize]) - 4.0 * position;
                    assert!(off.abs() <= 0.75, "{output} of {outputs} is {off} off, from {start}");
                }
            }
        }
    }
}

#[test]
fn a_mirror_image_becomes_the_mirror_image() {
    let mut random = Random(5);
    for _ in 0..60 {
        let (from, size) = (random.size(80), random.size(80));
        let (source, part) = (random.noise(from), random.part(from));
        let found = resize_plane(&source, from, whole(from), part, size);
        let turned: Vec<u8> = source.iter().rev().copied().collect();
        let part =
            View { x: f64::from(from.w) - part.x - part.w, y: f64::from(from.h) - part.y - part.h, ..part };
        let mirrored = resize_plane(&turned, from, whole(from), part, size);
        // A rounding error in a position may round a weight the other way.
        assert!(
            found.iter().zip(mirrored.iter().rev()).all(|(a, b)| a.abs_diff(*b) <= 1),
            "{from:?}, {part:?}"
        );
    }
}

#[test]
fn a_box_of_its_own_size_is_a_copy() {
    let mut random = Random(6);
    let from = Size::new(83, 37);
    let source = random.noise(from);
    let copy = |part: View| {
        let size = Size::new(part.w as u32, part.h as u32);
        let found = resize_plane(&source, from, whole(from), part, size);
        let rows = source.chunks_exact(83).skip(part.y as usize).take(part.h as usize);
        let expected: Vec<u8> =
            rows.flat_map(|row| &row[part.x as usize..][..part.w as usize]).copied().collect();
        assert_eq!(found, expected, "{part:?}");
    };
    copy(View::whole(from));
    copy(View { x: 3.0, y: 5.0, w: 70.0, h: 20.0 });
    copy(View { x: 82.0, y: 36.0, w: 1.0, h: 1.0 });
}

#[test]
fn every_box_is_accepted() {
    let from = Size::new(5, 3);
    let source = Random(7).noise(from);
    let numbers = [-1e300, -1e9, -7.5, -1e-9, 0.0, 1e-300, 1e-6, 0.5, 4.999_999, 1e9, f64::MAX];
    for start in numbers {
        for length in numbers {
            for (part, size) in [
                (View { x: start, y: start, w: length, h: length }, Size::new(7, 9)),
                (View { x: start, y: 0.0, w: length, h: 3.0 }, Size::new(16_384, 2)),
                (View { x: 0.0, y: start, w: 5.0, h: length }, Size::new(2, 16_384)),
            ] {
                let found = resize_plane(&source, from, whole(from), part, size);
                assert_eq!(found.len(), (size.w * size.h) as usize);
            }
        }
    }
    assert!(resize_plane(&source, from, whole(from), View::whole(from), Size::new(0, 4)).is_empty());
    let nothing = whole(Size::new(0, 3));
    assert_eq!(resize_plane(&source, from, nothing, View::whole(from), Size::new(2, 1)), [0, 0]);
}

#[test]
fn weights_take_no_more_memory_than_stated() {
    let check = |count: usize, part, outputs, most_for_sample: usize| {
        let axis = Axis::new(count, part, outputs);
        let bytes = size_of_val(axis.weights.as_slice()) + size_of_val(axis.starts.as_slice());
        assert!(bytes <= most_for_sample * count + 24 * outputs, "{bytes} for {count} to {outputs}");
        for weights in axis.weights.chunks_exact(axis.pairs) {
            let sum: i32 = weights.as_flattened().iter().map(|&weight| i32::from(weight)).sum();
            assert_eq!(sum, 1 << axis::WEIGHT_BITS);
        }
    };
    for outputs in [1, 60, 1000, 16_384, 65_535] {
        check(65_535, (0.0, 65_535.0), outputs, 12);
        check(65_535, (-1e9, 1e12), outputs, 60);
        check(1, (0.0, 2.0), outputs, 60);
    }
}
