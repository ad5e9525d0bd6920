//! L*a*b* of sRGB: CIE 15:2004, section 8.2.1, and IEC 61966-2-1.

/// A colour by its lightness and two differences, relative to the white of sRGB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lab {
    /// L*, from 0 to 1.
    pub(crate) lightness: f64,
    /// a*, in hundredths.
    pub(crate) a: f64,
    /// b*, in hundredths.
    pub(crate) b: f64,
}

/// Shares of red, green and blue light in X, Y and Z, each relative to white.
const SHARES: [[f64; 3]; 3] = [
    [0.412_456_4 / WHITE[0], 0.357_576_1 / WHITE[0], 0.180_437_5 / WHITE[0]],
    [0.212_672_9, 0.715_152_2, 0.072_175_0],
    [0.019_333_9 / WHITE[2], 0.119_192_0 / WHITE[2], 0.950_304_1 / WHITE[2]],
];

/// The inverse of the shares of X, Y and Z.
const INVERSE: [[f64; 3]; 3] = [
    [3.240_454_2, -1.537_138_5, -0.498_531_4],
    [-0.969_266_0, 1.876_010_8, 0.041_556_0],
    [0.055_643_4, -0.204_025_9, 1.057_225_2],
];

/// D65.
const WHITE: [f64; 3] = [0.950_470_0, 1.0, 1.088_830_0];

/// (6/29)³ and the slope below it.
const LIMIT: f64 = 216.0 / 24_389.0;
const SLOPE: f64 = 24_389.0 / 27.0;

impl From<[f64; 3]> for Lab {
    /// Converts from red, green and blue, 0 to 1.
    fn from(rgb: [f64; 3]) -> Self {
        let light = rgb.map(to_light);
        let [x, y, z] = SHARES.map(|row| root(row[0] * light[0] + row[1] * light[1] + row[2] * light[2]));
        Self { lightness: 1.16 * y - 0.16, a: 5.0 * (x - y), b: 2.0 * (y - z) }
    }
}

impl From<Lab> for [f64; 3] {
    /// Converts to red, green and blue; colours outside of sRGB are below 0 or above 1.
    fn from(Lab { lightness, a, b }: Lab) -> Self {
        let y = (lightness + 0.16) / 1.16;
        let xyz = [y + a / 5.0, y, y - b / 2.0];
        let xyz = [0, 1, 2].map(|i| WHITE[i] * cube(xyz[i]));
        INVERSE.map(|row| from_light(row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]))
    }
}

fn root(share: f64) -> f64 {
    if share > LIMIT { share.cbrt() } else { (SLOPE * share + 16.0) / 116.0 }
}

/// The inverse of [`root`].
fn cube(root: f64) -> f64 {
    if root.powi(3) > LIMIT { root.powi(3) } else { (116.0 * root - 16.0) / SLOPE }
}

fn to_light(level: f64) -> f64 {
    if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
}

fn from_light(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_their_known_coordinates_and_survive_the_round_trip() {
        // Computed with the formulas of the standard, for the white of sRGB.
        let check = |rgb: [f64; 3], [lightness, a, b]: [f64; 3]| {
            let lab = Lab::from(rgb);
            for (found, expected) in [(lab.lightness, lightness), (lab.a, a), (lab.b, b)] {
                assert!((100.0 * found - expected).abs() < 0.02, "{rgb:?}: {lab:?}");
            }
            let back = <[f64; 3]>::from(lab);
            assert!(back.iter().zip(rgb).all(|(found, was)| (found - was).abs() < 1e-4), "{back:?}");
        };
        check([0.0; 3], [0.0, 0.0, 0.0]);
        check([1.0; 3], [100.0, 0.0, 0.0]);
        check([1.0, 0.0, 0.0], [53.24, 80.09, 67.20]);
        check([0.0, 0.0, 1.0], [32.30, 79.19, -107.86]);
        check([0.5; 3], [53.39, 0.0, 0.0]);
    }
}
