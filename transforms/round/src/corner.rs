//! The part of each pixel that is inside.

use crate::Shape;
use safelight_core::{Plane, Result, Samples, Size, Stop};

/// Returns the horizontal and the vertical radius of the corners for an image.
pub(crate) fn radii(shape: Shape, dpr: f64, size: Size) -> (f64, f64) {
    let (w, h) = (f64::from(size.w) / 2.0, f64::from(size.h) / 2.0);
    let radius = match shape {
        Shape::Ellipse => return (w, h),
        Shape::Max => w.min(h),
        Shape::Radius(radius) => (f64::from(radius) * dpr).min(w).min(h),
    };
    (radius, radius)
}

/// Multiplies alpha, the last channel, with the part of each pixel that is within rounded corners.
pub(crate) fn cut(plane: &mut Plane, (rx, ry): (f64, f64), stop: &Stop) -> Result<()> {
    let (w, h) = (plane.size.w as usize, plane.size.h as usize);
    let channels = usize::from(plane.channels);
    let (columns, lines) = (rx.ceil() as usize, ry.ceil() as usize);
    for y in (0..h).filter(|y| y.min(&(h - 1 - y)) < &lines) {
        stop.check()?;
        let down = ry - (y.min(h - 1 - y) as f64 + 0.5);
        for x in (0..w).filter(|x| x.min(&(w - 1 - x)) < &columns) {
            let along = rx - (x.min(w - 1 - x) as f64 + 0.5);
            let part = inside(along.max(0.0) / rx, down.max(0.0) / ry, rx, ry);
            let alpha = (y * w + x) * channels + channels - 1;
            match &mut plane.samples {
                Samples::U8(samples) => samples[alpha] = (f64::from(samples[alpha]) * part).round() as u8,
                Samples::U16(samples) => samples[alpha] = (f64::from(samples[alpha]) * part).round() as u16,
            }
        }
    }
    Ok(())
}

/// Returns the part of a pixel, 0 to 1, that is inside an ellipse of these radii. Its centre is at `u` and `v` radii from
/// the centre of the ellipse.
fn inside(u: f64, v: f64, rx: f64, ry: f64) -> f64 {
    let distance = u.hypot(v);
    if distance == 0.0 {
        return 1.0;
    }
    let slope = (u / rx).hypot(v / ry) / distance;
    (0.5 - (distance - 1.0) / slope).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the alpha of an opaque plane of 16 bits after the cut, from 0 to 1.
    fn alpha(size: Size, radii: (f64, f64)) -> Vec<f64> {
        let samples = Samples::U16(vec![u16::MAX; size.pixels() as usize * 2]);
        let mut plane = Plane { size, channels: 2, samples, step: (1.0, 1.0) };
        cut(&mut plane, radii, &Stop::default()).unwrap();
        let Samples::U16(samples) = &plane.samples else { panic!("16 bits stay") };
        samples.iter().skip(1).step_by(2).map(|alpha| f64::from(*alpha) / 65_535.0).collect()
    }

    #[test]
    fn the_area_is_that_of_the_shape() {
        let check = |w: u32, h: u32, shape, dpr, expected: f64| {
            let size = Size::new(w, h);
            let found: f64 = alpha(size, radii(shape, dpr, size)).iter().sum();
            assert!(
                (found - expected).abs() < 0.004 * expected,
                "{shape:?} of {w} × {h}: {found}, not {expected}"
            );
        };
        let pi = std::f64::consts::PI;
        check(100, 100, Shape::Max, 1.0, pi * 2500.0);
        check(100, 60, Shape::Ellipse, 1.0, pi * 50.0 * 30.0);
        check(100, 60, Shape::Max, 1.0, 6000.0 - (4.0 - pi) * 900.0);
        check(101, 75, Shape::Radius(20), 1.0, 7575.0 - (4.0 - pi) * 400.0);
        check(101, 75, Shape::Radius(10), 2.0, 7575.0 - (4.0 - pi) * 400.0);
        check(90, 60, Shape::Radius(9999), 3.0, 5400.0 - (4.0 - pi) * 900.0);
    }

    #[test]
    fn a_shape_is_symmetric_and_smooth() {
        let size = Size::new(31, 22);
        let found = alpha(size, radii(Shape::Radius(9), 1.0, size));
        for (i, alpha) in found.iter().enumerate() {
            let (x, y) = (i % 31, i / 31);
            for other in [y * 31 + 30 - x, (21 - y) * 31 + x] {
                assert!(alpha.total_cmp(&found[other]).is_eq(), "{x}, {y}");
            }
        }
        assert!(found[0] <= 0.0 && found[15] >= 1.0 && found[10 * 31] >= 1.0);
        assert!(found.iter().any(|alpha| (0.2..0.8).contains(alpha)));
    }
}
