//! Conversion of planes of luma and chroma to those of VP8, without a conversion to RGB.

use safelight_core::{Frame, Model, Plane, Samples, Size};
use webpx::YuvPlanesRef;

/// Luma for each pixel, and the blue and red differences for each 2 × 2 pixels.
#[derive(Debug)]
pub(super) struct Planes {
    size: Size,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
}

impl Planes {
    /// Converts `frame`; `None` if its planes are not whole or have other resolutions than VP8.
    pub(super) fn of(frame: &Frame) -> Option<Self> {
        let (Model::Ycc { .. }, [luma, blue, red]) = (frame.model, frame.planes.as_slice()) else {
            return None;
        };
        let size = frame.geometry.size;
        let half = Size::new(size.w.div_ceil(2), size.h.div_ceil(2));
        Some(Self {
            size,
            luma: scaled(samples(luma, size, 1.0)?, &LUMA),
            blue: scaled(samples(blue, half, 2.0)?, &CHROMA),
            red: scaled(samples(red, half, 2.0)?, &CHROMA),
        })
    }

    pub(super) fn as_yuv(&self) -> YuvPlanesRef<'_> {
        let Size { w: width, h: height } = self.size;
        let half = width.div_ceil(2) as usize;
        YuvPlanesRef {
            y: &self.luma,
            y_stride: width as usize,
            u: &self.blue,
            u_stride: half,
            v: &self.red,
            v_stride: half,
            a: None,
            a_stride: 0,
            width,
            height,
        }
    }
}

/// The samples of `plane`, if it has 8 bits, one channel, and this size and step.
fn samples(plane: &Plane, size: Size, step: f64) -> Option<&[u8]> {
    let Samples::U8(samples) = &plane.samples else { return None };
    let is_expected = (plane.size, plane.channels, plane.step) == (size, 1, (step, step));
    (is_expected && samples.len() as u64 == size.pixels()).then_some(samples)
}

fn scaled(samples: &[u8], scale: &[u8; 256]) -> Vec<u8> {
    samples.iter().map(|sample| scale[usize::from(*sample)]).collect()
}

/// From 0–255 to 16–235 (ITU-R BT.601, section 2.5.3).
const LUMA: [u8; 256] = scale(219, 0, 16);

/// From 0–255 to 16–240, about 128.
const CHROMA: [u8; 256] = scale(224, 128, 128);

/// A table that scales 0–255 to `range` and maps `zero` to `middle`.
const fn scale(range: i32, zero: i32, middle: i32) -> [u8; 256] {
    let mut table = [0; 256];
    let mut sample: i32 = 0;
    while sample < 256 {
        let doubled = 2 * range * (sample - zero);
        table[sample as usize] = (middle + (doubled + 255).div_euclid(2 * 255)) as u8;
        sample += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_video() {
        assert_eq!([0, 1, 128, 254, 255].map(|sample: usize| LUMA[sample]), [16, 17, 126, 234, 235]);
        assert_eq!(
            [0, 1, 127, 128, 129, 255].map(|sample: usize| CHROMA[sample]),
            [16, 16, 127, 128, 129, 240]
        );
    }

    #[test]
    fn other_resolutions_are_rejected() {
        let size = Size::new(5, 3);
        let plane = |size: Size, step| Plane {
            size,
            channels: 1,
            samples: Samples::U8(vec![128; size.pixels() as usize]),
            step: (step, step),
        };
        let frame = |chroma: Plane| Frame {
            model: Model::Ycc { chroma: (2, 2) },
            planes: vec![plane(size, 1.0), chroma.clone(), chroma],
            ..Frame::whole(size, Model::Grey, Samples::U8(Vec::new()))
        };
        let half = frame(plane(Size::new(3, 2), 2.0));
        let planes = Planes::of(&half).unwrap();
        assert_eq!((planes.luma, planes.blue, planes.red), (vec![126; 15], vec![128; 6], vec![128; 6]));
        assert!(Planes::of(&frame(plane(size, 1.0))).is_none());
        assert!(Planes::of(&frame(plane(Size::new(2, 2), 2.0))).is_none());
        assert!(Planes::of(&half.into_rgb().unwrap()).is_none());
    }
}
