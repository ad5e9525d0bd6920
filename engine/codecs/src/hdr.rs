//! Tone mapping of high dynamic range: PQ and HLG (ITU-R BT.2100-3) to sRGB.
//!
//! Light is mapped by the curve of ITU-R BT.2390-11, section 5.4, from the peak of the source to diffuse white, 203 cd/m²
//! (ITU-R BT.2408-7), which becomes white. The curve applies to the largest of red, green and blue, and the others follow
//! in proportion, so that hues stay; colours outside of sRGB move towards their own grey until they are inside.

use crate::tone::{Octaves, srgb};
use safelight_core::{Frame, Plane, Samples};
use std::sync::LazyLock;

/// Diffuse white, in cd/m².
const WHITE: f32 = 203.0;
/// The light of the largest PQ value, in cd/m².
const PQ_PEAK: f32 = 10_000.0;
/// The peak of a display of HLG (ITU-R BT.2100-3, table 5), and of most content in PQ, in cd/m².
const USUAL_PEAK: f32 = 1000.0;

/// The most bytes that conversions allocate: their tables.
pub(crate) const TABLE_BYTES: u64 = 1 << 20;
/// Nanoseconds for each pixel.
pub(crate) const PIXEL_NS: u64 = 60;

/// The light of every sample of PQ, and of HLG.
static PQ: LazyLock<Vec<f32>> = LazyLock::new(|| lights(from_pq));
static HLG: LazyLock<Vec<f32>> = LazyLock::new(|| lights(from_hlg));

/// The colours of a source.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    transfer: Transfer,
    /// The brightest light of the source, in cd/m²; `None` if it is not stated.
    peak: Option<f32>,
    /// From the primaries of the source to those of sRGB, both with the white D65.
    matrix: [[f32; 3]; 3],
}

/// The curve of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// Displayed light.
    Pq,
    /// Light of a scene.
    Hlg,
}

/// The colours of which samples are shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primaries {
    /// Those of sRGB.
    Srgb,
    /// Those of Display P3.
    P3,
    /// Those of ITU-R BT.2020 and BT.2100.
    Bt2020,
}

/// To the primaries of sRGB, from those of BT.2020 and of P3 (SMPTE EG 432-1), both with the white D65.
const FROM_BT2020: [[f32; 3]; 3] =
    [[1.660_491, -0.587_641, -0.072_85], [-0.124_55, 1.132_9, -0.008_35], [-0.018_151, -0.100_579, 1.118_73]];
const FROM_P3: [[f32; 3]; 3] =
    [[1.224_94, -0.224_94, 0.0], [-0.042_057, 1.042_057, 0.0], [-0.019_638, -0.078_636, 1.098_274]];
const FROM_SRGB: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Shares of red, green and blue of sRGB in luminance (ITU-R BT.709-6).
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

impl Transfer {
    /// The curve of a code point of ITU-T H.273, table 3, if its range is high.
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            16 => Some(Self::Pq),
            18 => Some(Self::Hlg),
            _ => None,
        }
    }
}

impl Primaries {
    /// The primaries of a code point of ITU-T H.273, table 2.
    pub(crate) const fn from_code(code: u8) -> Self {
        match code {
            // ITU-R BT.2100 defines PQ and HLG for these, so they are likely where none are specified.
            2 | 9 => Self::Bt2020,
            11 | 12 => Self::P3,
            _ => Self::Srgb,
        }
    }
}

impl Source {
    /// Colours whose brightest light is `peak`, in cd/m², if that is stated.
    pub(crate) fn new(transfer: Transfer, primaries: Primaries, peak: Option<f32>) -> Self {
        let matrix = match primaries {
            Primaries::Bt2020 => FROM_BT2020,
            Primaries::P3 => FROM_P3,
            Primaries::Srgb => FROM_SRGB,
        };
        let peak = peak.filter(|peak| peak.is_finite()).map(|peak| peak.clamp(WHITE, PQ_PEAK));
        Self { transfer, peak, matrix }
    }

    /// Converts frames of 16 bits, grey or RGB with or without alpha, to sRGB in place.
    pub(crate) fn to_srgb(&self, frames: &mut [Frame]) {
        let light: &[f32] = match self.transfer {
            Transfer::Pq => &PQ,
            Transfer::Hlg => &HLG,
        };
        let peak = self.peak.unwrap_or_else(|| self.measured_peak(frames));
        let gains = gains(peak);
        let display = (self.transfer == Transfer::Hlg).then(|| Display::new(peak));
        for (samples, channels) in frames.iter_mut().flat_map(|frame| &mut frame.planes).filter_map(wide) {
            for pixel in samples.chunks_exact_mut(channels) {
                let (colour, _alpha) = pixel.split_at_mut(colours(channels));
                let mut rgb = [colour[0], colour[colour.len() / 2], colour[colour.len() - 1]]
                    .map(|sample| light[usize::from(sample)]);
                if let Some(display) = &display {
                    rgb = display.shown(rgb);
                }
                let gain = gains.at(rgb.into_iter().fold(0.0, f32::max));
                let mapped = inside(multiply(&self.matrix, rgb.map(|light| light * gain)));
                for (sample, level) in colour.iter_mut().zip(mapped) {
                    *sample = (srgb(level) * 65_535.0 + 0.5) as u16;
                }
            }
        }
    }

    /// The peak of a source that does not state it: the usual one, or of brighter PQ the light that one pixel in a
    /// thousand exceeds. A single pixel may be an error of the coding.
    fn measured_peak(&self, frames: &mut [Frame]) -> f32 {
        const EXCEEDED_BY: u64 = 1000;
        /// Samples are counted in sixteens.
        const SHIFT: u32 = 4;
        if self.transfer == Transfer::Hlg {
            return USUAL_PEAK;
        }
        let (mut counts, mut pixels) = (vec![0_u64; 1 << (u16::BITS - SHIFT)], 0_u64);
        for (samples, channels) in frames.iter_mut().flat_map(|frame| &mut frame.planes).filter_map(wide) {
            for pixel in samples.chunks_exact(channels) {
                let brightest = pixel[..colours(channels)].iter().fold(0, |most, sample| *sample.max(&most));
                counts[usize::from(brightest >> SHIFT)] += 1;
                pixels += 1;
            }
        }
        let mut above = 0;
        let is_exceeded = |count: &u64| {
            above += count;
            pixels < above * EXCEEDED_BY
        };
        let at = counts.iter().rev().position(is_exceeded).map_or(0, |from_end| counts.len() - 1 - from_end);
        // The largest sample that was counted there.
        PQ[((at + 1) << SHIFT) - 1].max(USUAL_PEAK)
    }
}

/// The samples of a plane of 16 bits, and its channels.
fn wide(plane: &mut Plane) -> Option<(&mut [u16], usize)> {
    match &mut plane.samples {
        Samples::U16(samples) => Some((samples, plane.channels.into())),
        Samples::U8(_) => None,
    }
}

/// The channels that are not alpha.
const fn colours(channels: usize) -> usize {
    if channels < 3 { 1 } else { 3 }
}

/// Returns the light of every sample: displayed light in cd/m² for PQ, light of the scene from 0 to 1 for HLG.
fn lights(curve: fn(f32) -> f32) -> Vec<f32> {
    (0..=u16::MAX).map(|sample| curve(f32::from(sample) / 65_535.0)).collect()
}

/// A display for light of a scene (ITU-R BT.2100-3, table 5, HLG OOTF).
struct Display {
    /// The factor from light of a scene to cd/m², over the luminance of the scene.
    gains: Octaves,
}

impl Display {
    /// A display that shows the brightest light as `peak` cd/m².
    fn new(peak: f32) -> Self {
        let gamma = 1.2 + 0.42 * (peak / 1000.0).log10();
        // Darker light is black.
        let gains = Octaves::new(f32::exp2(-24.0), 1.0, |luminance| peak * luminance.powf(gamma - 1.0));
        Self { gains }
    }

    /// The light in cd/m² that it shows.
    fn shown(&self, scene: [f32; 3]) -> [f32; 3] {
        let [r, g, b] = scene;
        let gain = self.gains.at(0.2627 * r + 0.6780 * g + 0.0593 * b);
        scene.map(|light| light * gain)
    }
}

/// The factor from light in cd/m² to the share of white, for a source of so much `peak`.
fn gains(peak: f32) -> Octaves {
    let (peak, white) = (to_pq(peak), to_pq(WHITE));
    // BT.2390-11, 5.4.1: positions on the curve are shares of that of the source's peak.
    let max = white / peak;
    let knee = 1.5 * max - 0.5;
    // The knee is at 23 cd/m² or above; below, the factor is the same for all light.
    Octaves::new(1.0, PQ_PEAK, |light| {
        let share = (to_pq(light) / peak).min(1.0);
        let mapped = if share < knee { share } else { hermite(share, knee, max) };
        from_pq(mapped * peak) / light / WHITE
    })
}

/// The roll-off above the knee (ITU-R BT.2390-11, 5.4.1).
fn hermite(value: f32, knee: f32, max: f32) -> f32 {
    let t = if knee < 1.0 { (value - knee) / (1.0 - knee) } else { 0.0 };
    let (square, cube) = (t * t, t * t * t);
    (2.0 * cube - 3.0 * square + 1.0) * knee
        + (cube - 2.0 * square + t) * (1.0 - knee)
        + (3.0 * square - 2.0 * cube) * max
}

fn multiply(matrix: &[[f32; 3]; 3], [r, g, b]: [f32; 3]) -> [f32; 3] {
    matrix.map(|[x, y, z]| x * r + y * g + z * b)
}

/// The nearest colour of the same luminance with all parts from 0 to 1, on the way to grey.
fn inside(colour: [f32; 3]) -> [f32; 3] {
    let luminance =
        colour.iter().zip(LUMINANCE).map(|(part, share)| part * share).sum::<f32>().clamp(0.0, 1.0);
    // The share of the distance to grey that remains.
    let keep = colour.into_iter().fold(1.0_f32, |keep, part| {
        let limit = if part < 0.0 { 0.0 } else { 1.0 };
        if (0.0..=1.0).contains(&part) { keep } else { keep.min((limit - luminance) / (part - luminance)) }
    });
    colour.map(|part| (luminance + (part - luminance) * keep).clamp(0.0, 1.0))
}

/// Light in cd/m² of a PQ value (SMPTE ST 2084; ITU-R BT.2100-3, table 4).
fn from_pq(value: f32) -> f32 {
    let root = value.clamp(0.0, 1.0).powf(1.0 / M2);
    PQ_PEAK * ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1)
}

/// The PQ value of light in cd/m².
fn to_pq(light: f32) -> f32 {
    let root = (light / PQ_PEAK).clamp(0.0, 1.0).powf(M1);
    ((C1 + C2 * root) / (1.0 + C3 * root)).powf(M2)
}

const M1: f32 = 2610.0 / 16_384.0;
const M2: f32 = 2523.0 / 4096.0 * 128.0;
const C1: f32 = 3424.0 / 4096.0;
const C2: f32 = 2413.0 / 4096.0 * 32.0;
const C3: f32 = 2392.0 / 4096.0 * 32.0;

/// Light of the scene, 0 to 1, of an HLG value (ITU-R BT.2100-3, table 5).
fn from_hlg(value: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 0.284_668_92;
    const C: f32 = 0.559_910_7;
    if value <= 0.5 { value * value / 3.0 } else { (((value - C) / A).exp() + B) / 12.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Size};

    fn source(transfer: Transfer, peak: f32) -> Source {
        Source::new(transfer, Primaries::Bt2020, Some(peak))
    }

    /// The samples of a row of pixels after the conversion.
    fn converted(source: &Source, model: Model, samples: Vec<u16>) -> Vec<u16> {
        let size = Size::new(samples.len() as u32 / u32::from(model.channels()), 1);
        let mut frames = [Frame::whole(size, model, Samples::U16(samples))];
        source.to_srgb(&mut frames);
        match &frames[0].planes[0].samples {
            Samples::U16(samples) => samples.clone(),
            Samples::U8(_) => panic!("16 bits went in"),
        }
    }

    /// The sRGB of a pixel, each channel from 0 to 1.
    fn map(source: &Source, pixel: [f32; 3]) -> [f32; 3] {
        let samples = pixel.map(|value| (value * 65_535.0).round() as u16);
        let samples = converted(source, Model::Rgb, samples.to_vec());
        [0, 1, 2].map(|channel| f32::from(samples[channel]) / 65_535.0)
    }

    #[test]
    fn curves_are_those_of_the_recommendation() {
        // ITU-R BT.2408-7, table 1: 203 cd/m² is 58 % of PQ and, of a display of 1000 cd/m², 75 % of HLG.
        assert!((to_pq(203.0) - 0.5807).abs() < 1e-3 && (from_pq(1.0) - 10_000.0).abs() < 1.0);
        let white = Display::new(1000.0).shown([from_hlg(0.75); 3]);
        assert!((white[0] - 203.0).abs() < 2.0, "{white:?}");
        for light in [0.1, 1.0, 100.0, 4000.0] {
            assert!((from_pq(to_pq(light)) / light - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn dark_light_is_unchanged_and_the_peak_is_white() {
        for peak in [400.0, 1000.0, 4000.0, 10_000.0] {
            let source = source(Transfer::Pq, peak);
            // Below the knee: as on a display whose white is at 203 cd/m².
            let dark = map(&source, [to_pq(2.0); 3]);
            assert!((dark[0] - srgb(2.0 / WHITE)).abs() < 0.004, "{peak}: {dark:?}");
            let white = map(&source, [to_pq(peak); 3]);
            assert!(white.iter().all(|part| 0.995 < *part), "{peak}: {white:?}");
            // Bright light is not clipped: steps stay apart up to the peak.
            let levels =
                [0.5, 0.6, 0.7, 0.8, 0.9, 1.0].map(|share| map(&source, [to_pq(share * peak); 3])[1]);
            assert!(levels.is_sorted() && levels[0] + 0.001 < levels[4], "{peak}: {levels:?}");
        }
    }

    #[test]
    fn hues_stay_and_nothing_leaves_the_range() {
        let source = source(Transfer::Pq, 1000.0);
        // Grey stays grey, pure BT.2020 green becomes a green.
        let [r, g, b] = map(&source, [0.6; 3]);
        assert!((r - g).abs() < 0.002 && (g - b).abs() < 0.002);
        let [r, g, b] = map(&source, [0.0, 0.7, 0.0]);
        assert!(r < 0.9 * g && b < 0.9 * g && 0.5 < g, "{r} {g} {b}");
        let grey = converted(&source, Model::GreyAlpha, vec![30_000, 1234, 65_535, 77]);
        assert_eq!((grey[1], grey[3]), (1234, 77), "alpha stays");
    }

    #[test]
    fn a_peak_that_is_not_stated_is_measured() {
        // One pixel in a hundred is of that light, and alpha is no light.
        let peak = |transfer, light: f32| {
            let source = Source::new(transfer, Primaries::Bt2020, None);
            let bright = (to_pq(light) * 65_535.0).round() as u16;
            let samples = (0..400).flat_map(|at| [if at % 100 == 7 { bright } else { 900 }, u16::MAX]);
            let size = Size::new(400, 1);
            let mut frames = [Frame::whole(size, Model::GreyAlpha, Samples::U16(samples.collect()))];
            source.measured_peak(&mut frames)
        };
        for (light, expected) in [(10.0, 1000.0), (900.0, 1000.0), (2500.0, 2500.0), (10_000.0, 10_000.0)] {
            let found = peak(Transfer::Pq, light);
            assert!((found / expected - 1.0).abs() < 0.003, "{light}: {found}");
        }
        assert!((peak(Transfer::Hlg, 10_000.0) - 1000.0).abs() < 0.1);
        // Errors of the coding are not measured.
        let source = Source::new(Transfer::Pq, Primaries::Bt2020, None);
        let mut samples = vec![900; 2000];
        samples[7] = u16::MAX;
        let mut frames = [Frame::whole(Size::new(2000, 1), Model::Grey, Samples::U16(samples))];
        assert!((source.measured_peak(&mut frames) - 1000.0).abs() < 0.1);
    }
}
