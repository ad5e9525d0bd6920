//! Rotation by any angle.

use safelight_core::{Colour, Frame, Geometry, Plane, Result, Samples, Size, Stop, View};
use safelight_filters::with_channels_of;

/// Returns the size of the upright box around a rotated image, rounded half up as in libvips.
pub(crate) fn around(size: Size, degrees: f64) -> Size {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = (f64::from(size.w), f64::from(size.h));
    let rounded = |length: f64| (length + 0.5).floor().max(1.0) as u32;
    Size::new(rounded(w * cos.abs() + h * sin.abs()), rounded(w * sin.abs() + h * cos.abs()))
}

/// Rotates a whole image of one plane clockwise, around its centre, onto a canvas of the colour `background`.
///
/// Samples are interpolated by a cubic of Catmull and Rom, with colours weighted by alpha; beyond its edges the image
/// continues with its last samples. A pixel at an edge mixes image and background by the part of it that is inside.
pub(crate) fn rotated(frame: Frame, degrees: f64, background: Colour, stop: &Stop) -> Result<Frame> {
    let frame = with_channels_of(frame, background);
    let size = around(frame.geometry.size, degrees);
    let has_alpha = frame.model.has_alpha();
    let rotation = |plane: &Plane, max: f32| {
        let channels = usize::from(plane.channels);
        let [r, g, b] = background.rgb.map(|sample| f32::from(sample) / 255.0 * max);
        let alpha = f32::from(background.alpha) / 255.0;
        let colour = if channels < 3 { [r, 0.0, 0.0] } else { [r, g, b] };
        Rotation { from: plane.size, to: size, channels, has_alpha, degrees, max, colour, alpha }
    };
    let mut planes = Vec::with_capacity(1);
    for plane in &frame.planes {
        let samples = match &plane.samples {
            Samples::U8(samples) => {
                Samples::U8(rotation(plane, 255.0).apply(samples, |it| it as u8, stop)?)
            }
            Samples::U16(samples) => {
                Samples::U16(rotation(plane, 65_535.0).apply(samples, |it| it as u16, stop)?)
            }
        };
        planes.push(Plane { size, samples, ..*plane });
    }
    let geometry = Geometry { size, ..frame.geometry };
    Ok(Frame { geometry, view: View::whole(size), planes, encoding: None, ..frame })
}

struct Rotation {
    from: Size,
    to: Size,
    channels: usize,
    has_alpha: bool,
    degrees: f64,
    /// The largest sample.
    max: f32,
    /// The background, in samples, and its alpha from 0 to 1.
    colour: [f32; 3],
    alpha: f32,
}

impl Rotation {
    fn apply<T: Copy + Into<f32>>(
        &self,
        samples: &[T],
        to_sample: fn(f32) -> T,
        stop: &Stop,
    ) -> Result<Vec<T>> {
        let (sin, cos) = self.degrees.to_radians().sin_cos();
        let (from_w, from_h) = (f64::from(self.from.w), f64::from(self.from.h));
        let mut rotated = Vec::with_capacity(self.to.pixels() as usize * self.channels);
        for y in 0..self.to.h {
            stop.check()?;
            let down = f64::from(y) + 0.5 - f64::from(self.to.h) / 2.0;
            for x in 0..self.to.w {
                let along = f64::from(x) + 0.5 - f64::from(self.to.w) / 2.0;
                // The position in the image: rotated back.
                let u = cos * along + sin * down + from_w / 2.0;
                let v = cos * down - sin * along + from_h / 2.0;
                let part = covered(u, from_w) * covered(v, from_h);
                let pixel = if part <= 0.0 { [0.0; 4] } else { self.sample(samples, u, v) };
                self.put(pixel, part as f32, to_sample, &mut rotated);
            }
        }
        Ok(rotated)
    }

    /// Returns colours times alpha, and alpha from 0 to 1, at a position.
    fn sample<T: Copy + Into<f32>>(&self, samples: &[T], u: f64, v: f64) -> [f32; 4] {
        let (columns, across) = taps(u, self.from.w);
        let (rows, down) = taps(v, self.from.h);
        let colours = self.channels - usize::from(self.has_alpha);
        let mut sum = [0.0; 4];
        for (row, down) in rows.into_iter().zip(down) {
            for (column, across) in columns.into_iter().zip(across) {
                let at = (row * self.from.w as usize + column) * self.channels;
                let pixel = &samples[at..at + self.channels];
                let alpha = if self.has_alpha { pixel[colours].into() / self.max } else { 1.0 };
                let weight = across * down * alpha;
                for (sum, sample) in sum.iter_mut().zip(&pixel[..colours]) {
                    *sum += weight * (*sample).into();
                }
                sum[3] += weight;
            }
        }
        sum
    }

    /// Appends a pixel, `part` of which is `pixel` and the rest background.
    fn put<T>(&self, pixel: [f32; 4], part: f32, to_sample: fn(f32) -> T, rotated: &mut Vec<T>) {
        let colours = self.channels - usize::from(self.has_alpha);
        // The cubic overshoots a little.
        let own = part * pixel[3].clamp(0.0, 1.0);
        let behind = self.alpha * (1.0 - own);
        let alpha = own + behind;
        for (sum, colour) in pixel.iter().zip(self.colour).take(colours) {
            let sum = part * sum.clamp(0.0, self.max) + behind * colour;
            let straight = if alpha <= 0.0 { 0.0 } else { sum / alpha };
            rotated.push(to_sample(straight.min(self.max) + 0.5));
        }
        if self.has_alpha {
            rotated.push(to_sample(alpha * self.max + 0.5));
        }
    }
}

/// Returns the part, 0 to 1, of a pixel around `position` that is between 0 and `side` on one axis of the image.
fn covered(position: f64, side: f64) -> f64 {
    (0.5 + position.min(side - position)).clamp(0.0, 1.0)
}

/// Returns the four samples around a position, and their weights: E. Catmull and R. Rom, "A class of local interpolating
/// splines", 1974.
fn taps(position: f64, side: u32) -> ([usize; 4], [f32; 4]) {
    let centre = position - 0.5;
    let first = centre.floor();
    let t = (centre - first) as f32;
    let last = i64::from(side) - 1;
    let at = |offset: i64| (first as i64 + offset).clamp(0, last) as usize;
    let weights = [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ];
    ([at(-1), at(0), at(1), at(2)], weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Model;

    const WHITE: Colour = Colour::WHITE;

    fn bytes(frame: &Frame) -> &[u8] {
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("8 bits stay") };
        samples
    }

    #[test]
    fn sizes_are_those_of_sharp() {
        // Expected sizes of sharp's own tests.
        let check = |w, h, degrees, expected: (u32, u32)| {
            assert_eq!(around(Size::new(w, h), degrees), Size::new(expected.0, expected.1), "{degrees}");
        };
        check(320, 240, 45.0, (396, 396));
        check(320, 240, 330.0, (397, 368));
        check(320, 240, 225.0, (396, 396));
        check(1, 1, 1.0, (1, 1));
    }

    #[test]
    fn quarter_turns_move_samples() {
        let frame = Frame::whole(Size::new(3, 2), Model::Grey, Samples::U8(b"abcdef".to_vec()));
        let turned = rotated(frame, 90.0, WHITE, &Stop::default()).unwrap();
        assert_eq!((turned.geometry.size, bytes(&turned)), (Size::new(2, 3), &b"daebfc"[..]));
    }

    #[test]
    fn an_image_keeps_its_area_and_colour() {
        let frame = Frame::whole(Size::new(60, 40), Model::Rgb, Samples::U8([10, 60, 200].repeat(2400)));
        for degrees in [1.0, 13.0, 45.0, 100.0, 359.0] {
            let found = rotated(frame.clone(), degrees, Colour::TRANSPARENT, &Stop::default()).unwrap();
            assert_eq!((found.model, found.geometry.size), (Model::Rgba, around(Size::new(60, 40), degrees)));
            let pixels = bytes(&found).as_chunks::<4>().0;
            let area: f64 = pixels.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum();
            assert!((area - 2400.0).abs() < 12.0, "{degrees}: {area}");
            for pixel in pixels.iter().filter(|pixel| 0 < pixel[3]) {
                assert_eq!(pixel[..3], [10, 60, 200], "{degrees}");
            }
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp_and_corners_have_the_background() {
        let samples = (0..100 * 100).map(|i| (i % 100 * 2) as u8).collect();
        let frame = Frame::whole(Size::new(100, 100), Model::Grey, Samples::U8(samples));
        let found = rotated(frame, 30.0, WHITE, &Stop::default()).unwrap();
        let size = found.geometry.size;
        let (sin, cos) = 30_f64.to_radians().sin_cos();
        let at = |x: u32, y: u32| f64::from(bytes(&found)[(y * size.w + x) as usize]);
        assert_eq!(at(0, 0).total_cmp(&255.0), std::cmp::Ordering::Equal);
        for (x, y) in [(68, 68), (50, 80), (90, 60), (70, 30)] {
            let [along, down] = [x, y].map(|i: u32| f64::from(i) + 0.5 - f64::from(size.w) / 2.0);
            let expected = (cos * along + sin * down + 50.0 - 0.5) * 2.0;
            assert!((at(x, y) - expected).abs() < 0.6, "{x}, {y}: {}, not {expected}", at(x, y));
        }
    }
}
