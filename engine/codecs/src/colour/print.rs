//! CMYK without a profile, as it looks in print.

use std::array;

/// The colours of the sixteen overprints of solid process colours, in sRGB from 0 to 255; cyan is bit 0 of the index, magenta bit 1,
/// yellow bit 2 and black bit 3. Values outside of the range are colours that sRGB does not have.
const SOLIDS: [[f32; 3]; 16] = [
    [255.0, 255.0, 255.0],
    [-104.1, 158.0, 224.1],
    [228.0, 5.5, 125.5],
    [36.4, 47.8, 129.0],
    [259.8, 238.0, 0.7],
    [-52.2, 149.2, 69.1],
    [224.1, 26.2, 24.7],
    [50.2, 53.6, 51.6],
    [30.0, 29.1, 28.6],
    [-14.6, 14.5, 32.0],
    [38.6, 1.6, 3.2],
    [10.0, 0.7, 10.6],
    [27.6, 30.8, 1.5],
    [-3.5, 21.8, 2.7],
    [33.7, 4.2, 0.2],
    [2.7, 1.9, 1.5],
];
/// For cyan, magenta, yellow and black, the exponents with which a tint covers red, green and blue.
const TINTS: [[f32; 3]; 4] =
    [[1.3167, 0.9041, 0.723], [0.6932, 1.2468, 1.0131], [0.5693, 0.3365, 1.2003], [1.0496, 1.1124, 1.1355]];

/// Offset printing on coated paper: a Neugebauer model in sRGB, whose constants were fitted to the 1617 patches of ANSI
/// CGATS/GRACoL TR 006-2007, relative to paper and with black point compensation. Its root mean square error is 4.8
/// of 255 there, and 2.5 for solid colours; that of the product of the complements is 29.
///
/// `docs/decisions/0068-cmyk-without-a-profile.md` has the method.
pub(super) struct Print {
    /// The part of the area that a tint covers, shape `[4, 256, 3]`.
    covers: Vec<[[f32; 3]; 256]>,
}

impl Print {
    pub(super) fn new() -> Self {
        let cover = |exponents: [f32; 3]| {
            array::from_fn(|level| exponents.map(|exponent| (level as f32 / 255.0).powf(exponent)))
        };
        Self { covers: TINTS.map(cover).to_vec() }
    }

    /// Converts a pixel, channels from 0 (none) to 255.
    pub(super) fn convert(&self, cmyk: [u8; 4]) -> [u8; 3] {
        let mut colours = SOLIDS;
        let mut count = SOLIDS.len();
        // From black on, each channel halves the number of colours.
        for (cover, level) in self.covers.iter().zip(cmyk).rev() {
            let cover = cover[usize::from(level)];
            count /= 2;
            for index in 0..count {
                let printed = colours[index + count];
                for (channel, colour) in colours[index].iter_mut().enumerate() {
                    *colour += cover[channel] * (printed[channel] - *colour);
                }
            }
        }
        colours[0].map(|value| (value + 0.5) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cmyk_looks_like_print() {
        let print = Print::new();
        let check = |percents: [u16; 4], expected: [u8; 3], tolerance: u8| {
            let found = print.convert(percents.map(|percent| ((percent * 255 + 50) / 100) as u8));
            let is_near =
                found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= tolerance);
            assert!(is_near, "{percents:?}: {found:?}, not {expected:?}");
        };
        check([0, 0, 0, 0], [255, 255, 255], 0);
        // Patches of TR 006, converted by the formulae of the profile connection space.
        check([100, 0, 0, 0], [0, 159, 227], 14);
        check([0, 100, 0, 0], [229, 0, 126], 14);
        check([0, 0, 100, 0], [255, 237, 0], 14);
        check([100, 100, 0, 0], [36, 46, 132], 14);
        check([0, 100, 100, 0], [229, 14, 22], 14);
        check([100, 0, 100, 0], [0, 152, 70], 14);
        check([0, 0, 0, 100], [29, 28, 27], 14);
        check([0, 0, 0, 40], [171, 172, 173], 14);
        check([40, 27, 27, 0], [164, 172, 175], 14);
        check([40, 40, 40, 10], [152, 138, 134], 14);
        check([20, 70, 70, 20], [169, 87, 67], 14);
        check([100, 85, 85, 60], [21, 35, 35], 14);
        check([70, 20, 40, 0], [79, 159, 156], 14);
        check([10, 40, 70, 0], [228, 163, 91], 14);
        // More black is never lighter.
        for level in 1..=255 {
            let [less, more] = [level - 1, level].map(|level| print.convert([0, 0, 0, level]));
            assert!(less.iter().zip(more).all(|(less, more)| more <= *less), "{level}");
        }
    }
}
