//! L\*a\*b\* of the CIE and of the ICC, for the white D50 (TIFF 6.0, section 23; Adobe Photoshop TIFF Technical Notes).

use crate::tone::srgb;
use safelight_core::Samples;

/// The encoding of L\*a\*b\*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lab {
    /// a\* and b\* are signed.
    Cie,
    /// a\* and b\* are unsigned, with 0 in the middle, and 16 bits of L\* end at 0xFF00 (ICC.1:2010, 6.3.4.2, legacy).
    Icc,
}

impl Lab {
    /// Converts pixels of `channels` samples, of which the first three are L\*, a\* and b\*, to sRGB in place.
    pub(crate) fn to_rgb(self, samples: &mut Samples, channels: usize) {
        match samples {
            Samples::U8(samples) => {
                for pixel in samples.chunks_exact_mut(channels) {
                    let middle = |value: u8| match self {
                        Self::Cie => f32::from(value.cast_signed()),
                        Self::Icc => f32::from(value) - 128.0,
                    };
                    let lab = [f32::from(pixel[0]) / 2.55, middle(pixel[1]), middle(pixel[2])];
                    let levels = to_srgb(lab).map(|level| (level * 255.0).round() as u8);
                    pixel[..3].copy_from_slice(&levels);
                }
            }
            Samples::U16(samples) => {
                let white = if self == Self::Cie { 65_535.0 } else { 65_280.0 };
                for pixel in samples.chunks_exact_mut(channels) {
                    let middle = |value: u16| match self {
                        Self::Cie => f32::from(value.cast_signed()) / 256.0,
                        Self::Icc => f32::from(value) / 256.0 - 128.0,
                    };
                    let lab = [f32::from(pixel[0]) * 100.0 / white, middle(pixel[1]), middle(pixel[2])];
                    let levels = to_srgb(lab).map(|level| (level * 65_535.0).round() as u16);
                    pixel[..3].copy_from_slice(&levels);
                }
            }
        }
    }
}

/// sRGB, 0 to 1, of L\*, a\* and b\*. Colours outside of sRGB are clamped.
pub(crate) fn to_srgb(lab: [f32; 3]) -> [f32; 3] {
    // CIE 15:2004, 8.2.1, with the white of the ICC's connection space.
    let part = |f: f32| if f > 6.0 / 29.0 { f * f * f } else { (f - 4.0 / 29.0) * 108.0 / 841.0 };
    let middle = (lab[0] + 16.0) / 116.0;
    let x = part(middle + lab[1] / 500.0) * 0.964_22;
    let y = part(middle);
    let z = part(middle - lab[2] / 200.0) * 0.825_21;
    // XYZ of D50 to linear sRGB, adapted as the ICC profile of sRGB is (Bradford).
    let linear = [
        3.133_856 * x - 1.616_866_7 * y - 0.490_614_6 * z,
        -0.978_768_4 * x + 1.916_141_5 * y + 0.033_454 * z,
        0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z,
    ];
    linear.map(srgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_are_converted() {
        // Neutral axis, and sRGB's red, whose L*a*b* for D50 is 54.29, 80.81, 69.89.
        let check = |lab: Lab, pixel: [u8; 3], expected: [u8; 3]| {
            let mut samples = Samples::U8(pixel.to_vec());
            lab.to_rgb(&mut samples, 3);
            let Samples::U8(found) = samples else { panic!("8 bits stay 8") };
            let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 2);
            assert!(is_near, "{lab:?} {pixel:?}: {found:?}, not {expected:?}");
        };
        check(Lab::Cie, [255, 0, 0], [255, 255, 255]);
        check(Lab::Cie, [0, 0, 0], [0, 0, 0]);
        check(Lab::Cie, [137, 0, 0], [128, 128, 128]);
        check(Lab::Cie, [138, 81, 70], [255, 0, 0]);
        check(Lab::Icc, [138, 209, 198], [255, 0, 0]);
        check(Lab::Cie, [75, 68, 144], [0, 0, 255]);
        let mut samples = Samples::U16(vec![65_535, 0, 0, 7, 35_579, 20_687, 17_892, 8]);
        Lab::Cie.to_rgb(&mut samples, 4);
        let Samples::U16(found) = samples else { panic!("16 bits stay 16") };
        assert!(found[..3].iter().all(|level| 65_500 < *level) && found[3] == 7, "{found:?}");
        assert!(65_300 < found[4] && found[5] < 1500 && found[6] < 1500 && found[7] == 8, "{found:?}");
        let mut samples = Samples::U16(vec![65_280, 32_768, 32_768]);
        Lab::Icc.to_rgb(&mut samples, 3);
        assert!(matches!(samples, Samples::U16(white) if white.iter().all(|level| 65_500 < *level)));
    }
}
