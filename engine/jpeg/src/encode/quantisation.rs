//! The quantisation tables of a quality.

use crate::dct::Thresholds;

/// The quantisation steps of the 64 coefficients, row by row.
pub(super) type Quantisation = [u16; 64];

/// The fraction of a step in which the tables below are.
const PARTS: u32 = 16;

/// The steps of luma at quality 50, in sixteenths. The tables are flatter than those of T.81 Annex K: fitted to photos by
/// SSIMULACRA2 and MS-SSIM together with the dead zones, and scaled so that a quality has the score that the tables of
/// Annex K had. `docs/decisions/0071-jpeg-quantisation.md` has the measurement.
#[rustfmt::skip]
const LUMA: Quantisation = [
     145,  184,  245,  327,  425,  539,  666,  805,
     184,  212,  271,  353,  451,  565,  693,  833,
     245,  271,  327,  405,  502,  615,  742,  882,
     327,  353,  405,  480,  574,  685,  810,  949,
     425,  451,  502,  574,  666,  774,  897, 1034,
     539,  565,  615,  685,  774,  879, 1000, 1135,
     666,  693,  742,  810,  897, 1000, 1118, 1251,
     805,  833,  882,  949, 1034, 1135, 1251, 1381,
];

/// The steps of chroma, likewise.
#[rustfmt::skip]
const CHROMA: Quantisation = [
     225,  306,  467,  683,  944, 1137, 1137, 1137,
     306,  399,  569,  794, 1065, 1137, 1137, 1137,
     467,  569,  742,  971, 1137, 1137, 1137, 1137,
     683,  794,  971, 1137, 1137, 1137, 1137, 1137,
     944, 1065, 1137, 1137, 1137, 1137, 1137, 1137,
    1137, 1137, 1137, 1137, 1137, 1137, 1137, 1137,
    1137, 1137, 1137, 1137, 1137, 1137, 1137, 1137,
    1137, 1137, 1137, 1137, 1137, 1137, 1137, 1137,
];

/// How far beyond half a step a coefficient of luma, and of chroma, becomes zero, in steps.
const ZONES: [f32; 2] = [0.174, 0.241];
/// The further zone of isolated coefficients.
const ISOLATED_ZONE: f32 = 0.25;
/// The sum of horizontal and vertical frequency from which on the zones are full. Lower frequencies have less, since
/// errors there are seen.
const ZONE_RAMP: f32 = 11.5;
/// The further zone of the highest frequency, the sum 14, and in proportion of all others.
const HIGH_ZONE: f32 = 0.09;

/// Returns the tables of luma and chroma for `quality`, 1 to 100: those above at 50, all ones at 100.
///
/// The scale is that of libjpeg's `jpeg_quality_scaling`, so a quality means about the same as in other programs.
/// Steps are clamped to 8 bits, which baseline requires.
pub(super) fn tables(quality: u8) -> [Quantisation; 2] {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    let scaled = |step: u16| {
        let step = (u32::from(step) * percent + 50 * PARTS) / (100 * PARTS);
        step.clamp(1, 255) as u16
    };
    [LUMA, CHROMA].map(|table| table.map(scaled))
}

/// Returns the limits of coefficients for the quantised steps of luma, table 0, or chroma, table 1.
pub(super) fn thresholds(steps: &Quantisation, table: usize) -> Thresholds {
    let zones = std::array::from_fn(|at| {
        let frequency = (at % 8 + at / 8) as f32;
        let part = (frequency / ZONE_RAMP).min(1.0);
        let kept = if at == 0 { 0.5 } else { 0.5 + ZONES[table] * part + HIGH_ZONE * frequency / 14.0 };
        [kept, kept + ISOLATED_ZONE * part]
    });
    Thresholds::new(steps, &zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_scale_tables() {
        let check = |quality, first: u16, last: u16, chroma: [u16; 2]| {
            let [luma, other] = tables(quality);
            assert_eq!((luma[0], luma[63], [other[0], other[63]]), (first, last, chroma), "{quality}");
        };
        check(1, 255, 255, [255, 255]);
        check(50, 9, 86, [14, 71]);
        check(80, 4, 35, [6, 28]);
        check(95, 1, 9, [1, 7]);
        check(100, 1, 1, [1, 1]);
        assert_eq!((tables(0), tables(255)), (tables(1), tables(100)));
    }

    #[test]
    fn tables_are_symmetric_and_grow_with_frequency() {
        for table in [LUMA, CHROMA] {
            for at in 0..64 {
                let (u, v) = (at % 8, at / 8);
                assert_eq!(table[at], table[u * 8 + v]);
                assert!(u == 7 || table[at] <= table[at + 1], "{u}, {v}");
            }
        }
    }

    #[test]
    fn dead_zones_spare_the_mean_and_leave_larger_coefficients() {
        let steps = [16; 64];
        for table in [0, 1] {
            let Thresholds { kept, strong } = thresholds(&steps, table);
            assert_eq!((kept[0], strong[0]), (64, 64), "half a step of 16, 8 times");
            assert!(kept.iter().zip(&strong).all(|(kept, strong)| kept <= strong && *strong < 3 * 64));
        }
    }
}
