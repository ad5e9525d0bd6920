//! Samples of a frame, converted for encoders.

use safelight_core::{Frame, Model, Plane, Samples};
use std::borrow::Cow;

/// The only plane of `frame`, if it is whole: it covers the frame, and has a sample for each pixel and channel.
pub(crate) fn whole(frame: &Frame) -> Option<&Plane> {
    let [plane] = frame.planes.as_slice() else { return None };
    let count = match &plane.samples {
        Samples::U8(samples) => samples.len(),
        Samples::U16(samples) => samples.len(),
    };
    let channels = frame.model.channels();
    let expected = plane.size.pixels() * u64::from(channels);
    let is_whole =
        plane.channels == channels && plane.size == frame.geometry.size && count as u64 == expected;
    is_whole.then_some(plane)
}

/// Converts `samples` to 8 bits, rounded to the nearest.
pub(crate) fn to_u8(samples: &Samples) -> Cow<'_, [u8]> {
    match samples {
        Samples::U8(samples) => Cow::Borrowed(samples),
        // 65 535 is 255 times 257.
        Samples::U16(samples) => {
            samples.iter().map(|sample| ((u32::from(*sample) + 128) / 257) as u8).collect()
        }
    }
}

/// Composites `samples` of `model` over `background`, and returns them with their new model.
///
/// Blends sRGB values, not linear light, as browsers do.
pub(crate) fn composite_over(
    samples: Cow<'_, [u8]>,
    model: Model,
    background: [u8; 3],
) -> (Cow<'_, [u8]>, Model) {
    let [red, green, blue] = background;
    match model {
        Model::Grey | Model::Rgb | Model::Ycc { .. } => (samples, model),
        Model::GreyAlpha if red == green && green == blue => {
            let grey = samples.chunks_exact(2).map(|pixel| over(pixel[0], pixel[1], red));
            (grey.collect(), Model::Grey)
        }
        Model::GreyAlpha => {
            let colour = |pixel: &[u8]| background.map(|below| over(pixel[0], pixel[1], below));
            (samples.chunks_exact(2).flat_map(colour).collect(), Model::Rgb)
        }
        Model::Rgba => {
            let colour = |pixel: &[u8]| {
                [
                    over(pixel[0], pixel[3], red),
                    over(pixel[1], pixel[3], green),
                    over(pixel[2], pixel[3], blue),
                ]
            };
            (samples.chunks_exact(4).flat_map(colour).collect(), Model::Rgb)
        }
    }
}

fn over(colour: u8, alpha: u8, below: u8) -> u8 {
    let [colour, alpha, below] = [colour, alpha, below].map(u32::from);
    ((colour * alpha + below * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Size;

    #[test]
    fn sixteen_bits_are_rounded() {
        let wide = Samples::U16(vec![0, 128, 129, 257, 0x7FFF, 0xFF7E, 0xFF7F, 0xFFFF]);
        assert_eq!(*to_u8(&wide), [0, 0, 1, 1, 127, 254, 255, 255]);
    }

    #[test]
    fn transparent_pixels_show_the_background() {
        let check = |samples: &[u8], model, background, expected: &[u8], flat| {
            let (found, model) = composite_over(Cow::Borrowed(samples), model, background);
            assert_eq!((&*found, model), (expected, flat));
        };
        check(&[9, 255, 9, 0, 100, 51], Model::GreyAlpha, [200; 3], &[9, 200, 180], Model::Grey);
        check(&[9, 255, 9, 0], Model::GreyAlpha, [1, 2, 3], &[9, 9, 9, 1, 2, 3], Model::Rgb);
        check(&[10, 20, 30, 255, 7, 7, 7, 0], Model::Rgba, [1, 2, 3], &[10, 20, 30, 1, 2, 3], Model::Rgb);
        check(&[10, 20, 30], Model::Rgb, [1, 2, 3], &[10, 20, 30], Model::Rgb);
    }

    #[test]
    fn only_whole_planes_are_encoded() {
        let frame = Frame::whole(Size::new(2, 1), Model::Rgb, Samples::U8(vec![0; 6]));
        assert!(whole(&frame).is_some());
        let short = Frame::whole(Size::new(2, 2), Model::Rgb, Samples::U8(vec![0; 6]));
        assert!(whole(&short).is_none());
    }
}
