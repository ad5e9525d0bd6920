//! ICC profiles made from the numbers with which a source describes its colours.

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients,
    ToneReprCurve, TransferCharacteristics,
};

/// The transfer exponent that old programs write for sRGB: 1/2.2.
const GAMMA_OF_SRGB: f32 = 0.45455;

/// Chromaticities `(x, y)` of a set of primaries and their white (CIE 1931).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Primaries {
    /// White.
    pub(crate) white: (f32, f32),
    /// Red, green and blue.
    pub(crate) colours: [(f32, f32); 3],
}

impl Primaries {
    /// The primaries of sRGB and of ITU-R BT.709.
    pub(crate) const SRGB: Self =
        Self { white: (0.3127, 0.329), colours: [(0.64, 0.33), (0.3, 0.6), (0.15, 0.06)] };
}

/// The colours that code points describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coded {
    /// sRGB, which needs no profile.
    Srgb,
    /// The colours of this ICC profile.
    Profile(Vec<u8>),
    /// Unspecified values, and curves of high dynamic range (PQ, HLG): they need tone mapping, and such images carry an
    /// ICC profile for programs without it.
    Unknown,
}

/// The colours of the code points `primaries` and `transfer` of ITU-T H.273, tables 2 and 3.
///
/// Television curves are treated as the curve of sRGB, as browsers do: they describe how a camera encodes, not how a
/// screen displays.
pub(crate) fn from_cicp(primaries: u8, transfer: u8) -> Coded {
    let transfer_characteristics = match transfer {
        1 | 6 | 13 | 14 | 15 => TransferCharacteristics::Srgb,
        4 => TransferCharacteristics::Bt470M,
        5 => TransferCharacteristics::Bt470Bg,
        8 => TransferCharacteristics::Linear,
        _ => return Coded::Unknown,
    };
    let color_primaries = match CicpColorPrimaries::try_from(primaries) {
        Ok(CicpColorPrimaries::Reserved | CicpColorPrimaries::Unspecified) | Err(_) => return Coded::Unknown,
        Ok(color_primaries) => color_primaries,
    };
    if primaries == 1 && transfer_characteristics == TransferCharacteristics::Srgb {
        return Coded::Srgb;
    }
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    profile.encode().map_or(Coded::Unknown, Coded::Profile)
}

/// The profile of samples that were raised to `gamma` (PNG's `gAMA`) over `primaries` (its `cHRM`).
///
/// Returns `None` for sRGB, and for values that describe no colour space.
pub(crate) fn from_gamma(gamma: f32, primaries: Primaries) -> Option<Vec<u8>> {
    let is_near = |found: f32, other: f32, tolerance: f32| (found - other).abs() <= tolerance;
    let is_same = |found: (f32, f32), other: (f32, f32)| {
        is_near(found.0, other.0, 0.002) && is_near(found.1, other.1, 0.002)
    };
    let Primaries { white, colours } = primaries;
    let is_possible = |(x, y): (f32, f32)| (0.0..=1.0).contains(&x) && (0.01..=1.0).contains(&y);
    let [(rx, ry), (gx, gy), (bx, by)] = colours;
    // Primaries on one line span no space.
    let area = ((rx - bx) * (gy - by) - (gx - bx) * (ry - by)).abs();
    let is_possible = is_possible(white) && colours.into_iter().all(is_possible) && 0.001 < area;
    if !(0.05..=20.0).contains(&gamma) || !is_possible {
        return None;
    }
    let mut profile = ColorProfile::new_srgb();
    if !is_near(gamma, GAMMA_OF_SRGB, 0.005) {
        let curve = ToneReprCurve::Parametric(vec![1.0 / gamma]);
        profile.red_trc = Some(curve.clone());
        profile.green_trc = Some(curve.clone());
        profile.blue_trc = Some(curve);
    } else if is_same(white, Primaries::SRGB.white)
        && colours.iter().zip(Primaries::SRGB.colours).all(|(found, other)| is_same(*found, other))
    {
        return None;
    }
    let point = |(x, y)| Chromaticity { x, y };
    let [red, green, blue] = colours.map(point);
    profile.update_rgb_colorimetry(point(white).to_xyyb(), ColorPrimaries { red, green, blue });
    profile.encode().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn srgb_needs_no_profile() {
        assert_eq!(from_cicp(1, 13), Coded::Srgb);
        assert_eq!(from_cicp(1, 1), Coded::Srgb);
        assert_eq!(from_gamma(0.45455, Primaries::SRGB), None);
    }

    #[test]
    fn unspecified_or_impossible_values_give_no_profile() {
        for (primaries, transfer) in [(2, 13), (0, 13), (255, 13), (12, 2), (9, 16), (9, 18), (1, 255)] {
            assert_eq!(from_cicp(primaries, transfer), Coded::Unknown, "{primaries}/{transfer}");
        }
        assert_eq!(from_gamma(0.0, Primaries::SRGB), None);
        let line = Primaries { colours: [(0.3, 0.3), (0.4, 0.4), (0.5, 0.5)], ..Primaries::SRGB };
        assert_eq!(from_gamma(0.4, line), None);
    }

    #[test]
    fn other_colours_give_a_profile() {
        for (primaries, transfer) in [(12, 13), (9, 1), (1, 8), (5, 5)] {
            let Coded::Profile(icc) = from_cicp(primaries, transfer) else {
                panic!("{primaries}/{transfer} has no profile")
            };
            assert!(ColorProfile::new_from_slice(&icc).is_ok(), "{primaries}/{transfer}");
        }
        assert!(from_gamma(1.0, Primaries::SRGB).is_some());
        let wide = Primaries { colours: [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)], ..Primaries::SRGB };
        assert!(from_gamma(0.45455, wide).is_some());
    }
}
