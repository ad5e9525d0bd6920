//! Loss of a few levels that makes lossless coding smaller.
//!
//! The crate builds libwebp without its own version of this.

use crate::rgb8::Rgb8;

/// Rounds levels to multiples of a power of two where neighbours differ, so that fewer levels occur. Smooth areas, in
/// which steps would be visible, are kept. From quality 100, which changes nothing, the power grows by one every 20.
pub(super) fn apply(image: &mut Rgb8, quality: u8) {
    // Coarse steps first: each pass looks at the result of the one before.
    for bits in (1..=bits(quality)).rev() {
        round(image, bits);
    }
}

/// Returns the number of low bits that the largest steps clear, at most 5.
fn bits(quality: u8) -> u32 {
    u32::from(100 - quality.min(100)).div_ceil(20)
}

fn round(image: &mut Rgb8, bits: u32) {
    let channels = image.channels();
    let row = image.size.w as usize * channels;
    let step = 1_u8 << bits;
    let before = image.samples.to_vec();
    let rows = image.samples.to_mut().chunks_exact_mut(row.max(1)).enumerate();
    for (y, out) in rows {
        let start = y * row;
        for (x, sample) in out.iter_mut().enumerate() {
            let at = start + x;
            // The border has no neighbours on one side, and is kept.
            let neighbours = [
                (channels <= x).then(|| at - channels),
                (x + channels < row).then_some(at + channels),
                at.checked_sub(row),
                Some(at + row),
            ];
            let mut is_smooth = true;
            let mut is_inside = true;
            for neighbour in neighbours {
                match neighbour.and_then(|at| before.get(at)) {
                    Some(level) => is_smooth &= level.abs_diff(before[at]) < step,
                    None => is_inside = false,
                }
            }
            if is_inside && !is_smooth {
                let rounded = (u32::from(*sample) + (1 << (bits - 1))) >> bits << bits;
                *sample = rounded.min(u8::MAX.into()) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Size;
    use std::collections::HashSet;

    fn image(level: impl Fn(usize, usize) -> u8) -> Rgb8<'static> {
        let samples = (0..40 * 30).flat_map(|at| [level(at % 40, at / 40); 3]).collect::<Vec<_>>();
        Rgb8 { size: Size::new(40, 30), has_alpha: false, samples: samples.into() }
    }

    #[test]
    fn smooth_areas_and_the_highest_quality_are_exact() {
        let gradient = |x: usize, y: usize| (x + y) as u8;
        let noise = |x: usize, y: usize| (x * 97 + y * 41) as u8;
        for (level, quality) in [(&gradient as &dyn Fn(usize, usize) -> u8, 60), (&noise, 100)] {
            let mut changed = image(level);
            apply(&mut changed, quality);
            assert_eq!(changed.samples, image(level).samples, "{quality}");
        }
    }

    #[test]
    fn noise_gets_fewer_levels_within_the_steps() {
        let noise = |x: usize, y: usize| (x * 97 + y * 41) as u8;
        for (quality, max_error, max_levels) in [(80, 1, 140), (60, 3, 80), (0, 31, 20)] {
            let (mut changed, before) = (image(noise), image(noise));
            apply(&mut changed, quality);
            let inside = |at: &usize| (1..39).contains(&(at / 3 % 40)) && (1..29).contains(&(at / 120));
            let levels: HashSet<u8> = (0..3600).filter(inside).map(|at| changed.samples[at]).collect();
            assert!(levels.len() <= max_levels, "{quality}: {} levels", levels.len());
            let errors = changed.samples.iter().zip(before.samples.iter()).map(|(a, b)| a.abs_diff(*b));
            assert!(errors.max() <= Some(max_error), "{quality}");
        }
    }
}
