//! Tone mapping of high dynamic range: PQ and HLG (ITU-R BT.2100-3) to sRGB.
//!
//! Light is mapped by the curve of ITU-R BT.2390-11, section 5.4, from the peak of the source to diffuse white, 203 cd/m²
//! (ITU-R BT.2408-7), which becomes white. The curve applies to the largest of red, green and blue, and the others follow
//! in proportion, so that hues stay; colours outside of sRGB move towards their own grey until they are inside.

use jxl::api::{JxlColorEncoding, JxlPrimaries, JxlTransferFunction};

/// Diffuse white, in cd/m².
const WHITE: f32 = 203.0;
/// The light of the largest PQ value, in cd/m².
const PQ_PEAK: f32 = 10_000.0;
/// Light becomes a share of [`WHITE`] in steps of this many parts of the PQ curve.
const STEPS: usize = 4096;

/// The colours of a source.
#[derive(Clone, Debug)]
pub(super) struct Source {
    transfer: Transfer,
    /// The brightest light of the source, in cd/m².
    peak: f32,
    /// From the primaries of the source to those of sRGB, both with the white D65.
    matrix: [[f32; 3]; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transfer {
    Pq,
    Hlg,
}

/// To the primaries of sRGB, from those of BT.2020 and of P3 (SMPTE EG 432-1), both with the white D65.
const FROM_BT2020: [[f32; 3]; 3] =
    [[1.660_491, -0.587_641, -0.072_85], [-0.124_55, 1.132_9, -0.008_35], [-0.018_151, -0.100_579, 1.118_73]];
const FROM_P3: [[f32; 3]; 3] =
    [[1.224_94, -0.224_94, 0.0], [-0.042_057, 1.042_057, 0.0], [-0.019_638, -0.078_636, 1.098_274]];
const FROM_SRGB: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Shares of red, green and blue of sRGB in luminance (ITU-R BT.709-6).
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

impl Source {
    /// The colours of `encoding`, if their range is high. `intensity_target` is the brightest light, in cd/m².
    pub(super) fn new(encoding: &JxlColorEncoding, intensity_target: f32) -> Option<Self> {
        let (transfer_function, primaries) = match encoding {
            JxlColorEncoding::RgbColorSpace { transfer_function, primaries, .. } => {
                (transfer_function, Some(primaries))
            }
            JxlColorEncoding::GrayscaleColorSpace { transfer_function, .. } => (transfer_function, None),
            JxlColorEncoding::XYB { .. } => return None,
        };
        let transfer = match transfer_function {
            JxlTransferFunction::PQ => Transfer::Pq,
            JxlTransferFunction::HLG => Transfer::Hlg,
            _ => return None,
        };
        let matrix = match primaries {
            Some(JxlPrimaries::BT2100) => FROM_BT2020,
            Some(JxlPrimaries::P3) => FROM_P3,
            _ => FROM_SRGB,
        };
        let peak = if intensity_target.is_finite() { intensity_target } else { PQ_PEAK };
        Some(Self { transfer, peak: peak.clamp(WHITE, PQ_PEAK), matrix })
    }

    /// Converts samples, of one or three channels of colour and perhaps alpha, to sRGB in place.
    pub(super) fn to_srgb(&self, samples: &mut [u16], channels: usize) {
        let light: Vec<f32> = (0..=u16::MAX).map(|sample| self.light(f32::from(sample) / 65_535.0)).collect();
        let gains = self.gains();
        for pixel in samples.chunks_exact_mut(channels) {
            let (colour, _alpha) = pixel.split_at_mut(if channels < 3 { 1 } else { 3 });
            let mut rgb = [colour[0], colour[colour.len() / 2], colour[colour.len() - 1]]
                .map(|sample| light[usize::from(sample)]);
            if self.transfer == Transfer::Hlg {
                rgb = self.displayed(rgb);
            }
            let gain = gain(&gains, rgb.into_iter().fold(0.0, f32::max));
            let mapped = inside(multiply(&self.matrix, rgb.map(|light| light * gain)));
            for (sample, level) in colour.iter_mut().zip(mapped) {
                *sample = (encode(level) * 65_535.0 + 0.5) as u16;
            }
        }
    }

    /// The light of a sample from 0 to 1: displayed light in cd/m² for PQ, light of the scene from 0 to 1 for HLG.
    fn light(&self, value: f32) -> f32 {
        match self.transfer {
            Transfer::Pq => from_pq(value),
            Transfer::Hlg => from_hlg(value),
        }
    }

    /// The light in cd/m² that a display shows for light of a scene (ITU-R BT.2100-3, table 5, HLG OOTF).
    fn displayed(&self, scene: [f32; 3]) -> [f32; 3] {
        let gamma = 1.2 + 0.42 * (self.peak / 1000.0).log10();
        let [r, g, b] = scene;
        let luminance = 0.2627 * r + 0.6780 * g + 0.0593 * b;
        let gain = if luminance <= 0.0 { 0.0 } else { self.peak * luminance.powf(gamma - 1.0) };
        scene.map(|light| light * gain)
    }

    /// For each step of the PQ curve, the factor from its light to the share of white.
    fn gains(&self) -> Vec<f32> {
        let (peak, white) = (to_pq(self.peak), to_pq(WHITE));
        // BT.2390-11, 5.4.1: positions on the curve are shares of that of the source's peak.
        let max = white / peak;
        let knee = 1.5 * max - 0.5;
        let gain = |step: usize| {
            let value = step as f32 / STEPS as f32;
            let light = from_pq(value);
            let share = (value / peak).min(1.0);
            let mapped = if share < knee { share } else { hermite(share, knee, max) };
            if light <= 0.0 { 1.0 / WHITE } else { from_pq(mapped * peak) / light / WHITE }
        };
        (0..=STEPS).map(gain).collect()
    }
}

/// The factor for light in cd/m², between those of the two nearest steps.
fn gain(gains: &[f32], light: f32) -> f32 {
    let at = to_pq(light) * STEPS as f32;
    let below = (at as usize).min(STEPS - 1);
    let share = (at - below as f32).clamp(0.0, 1.0);
    gains[below] * (1.0 - share) + gains[below + 1] * share
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

/// The curve of sRGB, 0 to 1 (IEC 61966-2-1).
fn encode(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(transfer: Transfer, peak: f32) -> Source {
        Source { transfer, peak, matrix: FROM_BT2020 }
    }

    /// The sRGB of a pixel, each channel from 0 to 1.
    fn map(source: &Source, pixel: [f32; 3]) -> [f32; 3] {
        let mut samples = pixel.map(|value| (value * 65_535.0).round() as u16);
        source.to_srgb(&mut samples, 3);
        samples.map(|sample| f32::from(sample) / 65_535.0)
    }

    #[test]
    fn curves_are_those_of_the_recommendation() {
        // ITU-R BT.2408-7, table 1: 203 cd/m² is 58 % of PQ and, of a display of 1000 cd/m², 75 % of HLG.
        assert!((to_pq(203.0) - 0.5807).abs() < 1e-3 && (from_pq(1.0) - 10_000.0).abs() < 1.0);
        let hlg = source(Transfer::Hlg, 1000.0);
        let white = hlg.displayed([from_hlg(0.75); 3]);
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
            assert!((dark[0] - encode(2.0 / WHITE)).abs() < 0.004, "{peak}: {dark:?}");
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
        let mut grey = [30_000, 1234, 65_535, 77];
        source.to_srgb(&mut grey, 2);
        assert_eq!((grey[1], grey[3]), (1234, 77), "alpha stays");
    }
}
