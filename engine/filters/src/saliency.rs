//! The part of an image that a crop should keep: as `vips_smartcrop` of libvips 8.18 finds it.

mod miniature;
mod attention;
mod entropy;

use miniature::Miniature;
use safelight_core::{Frame, Gravity, Result, Stop};

/// Returns the position for `gravity` of a part that has these shares, from 0 to 1, of the width and the height of an
/// image. A position that does not depend on content is returned as it is.
///
/// The image is examined at a small size, so that a native scale of the decoder is enough.
///
/// # Errors
/// Those of [`Stop::check`].
pub fn salient(gravity: Gravity, frame: &Frame, part: (f64, f64), stop: &Stop) -> Result<Gravity> {
    let start = match gravity {
        Gravity::Attention => attention::start(&Miniature::of(frame, attention::SIDE, stop)?, part),
        Gravity::Entropy => entropy::start(&Miniature::of(frame, entropy::SIDE, stop)?, part),
        Gravity::At { .. } | Gravity::Focus { .. } => return Ok(gravity),
    };
    let share = |start: f64, part: f64| if part < 1.0 { (start / (1.0 - part)).clamp(0.0, 1.0) } else { 0.5 };
    Ok(Gravity::At { x: share(start.0, part.0), y: share(start.1, part.1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples, Size};

    /// Returns a flat image with a patch at `x`, `y` of 24 by 24 pixels, whose samples are `patch` of its positions.
    fn image(x: u32, y: u32, patch: impl Fn(u32, u32) -> [u8; 3]) -> Frame {
        let size = Size::new(300, 200);
        let pixel = |i: u32| {
            let (column, row) = (i % size.w, i / size.w);
            let is_inside = (x..x + 24).contains(&column) && (y..y + 24).contains(&row);
            if is_inside { patch(column - x, row - y) } else { [90, 90, 90] }
        };
        Frame::whole(size, Model::Rgb, Samples::U8((0..size.w * size.h).flat_map(pixel).collect()))
    }

    fn position(gravity: Gravity, frame: &Frame, part: (f64, f64)) -> (f64, f64) {
        match salient(gravity, frame, part, &Stop::default()).unwrap() {
            Gravity::At { x, y } => (x, y),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_part_contains_what_stands_out() {
        let noise = |x: u32, y: u32| [((x * 7919 + y * 104_729) % 251) as u8; 3];
        let red = |_: u32, _: u32| [200, 40, 30];
        let skin = |_: u32, _: u32| [222, 171, 138];
        for (x, y) in [(10, 10), (250, 160), (140, 90), (30, 150)] {
            for (gravity, frame) in [
                (Gravity::Attention, image(x, y, noise)),
                (Gravity::Attention, image(x, y, red)),
                (Gravity::Attention, image(x, y, skin)),
                (Gravity::Entropy, image(x, y, noise)),
            ] {
                let (left, top) = position(gravity, &frame, (0.3, 0.4));
                let (left, top) = (left * 210.0, top * 120.0);
                let has = |start: f64, length: f64, at: u32| {
                    start <= f64::from(at) + 6.0 && f64::from(at) + 18.0 <= start + length
                };
                assert!(has(left, 90.0, x) && has(top, 80.0, y), "{gravity:?} of {x}, {y}: {left}, {top}");
            }
        }
    }

    #[test]
    fn a_side_that_is_kept_whole_has_no_position() {
        let frame = image(10, 10, |x, y| [((x * 7 + y * 13) % 200) as u8; 3]);
        let (_, y) = position(Gravity::Attention, &frame, (0.5, 1.0));
        assert!((y - 0.5).abs() < 1e-9);
        let fixed = Gravity::At { x: 0.1, y: 0.2 };
        assert_eq!(salient(fixed, &frame, (0.5, 0.5), &Stop::default()).unwrap(), fixed);
    }
}
