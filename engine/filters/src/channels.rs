//! Channels that a frame gains.

use crate::canvas::including;
use safelight_core::{Colour, Frame, Model, Samples};

/// Returns grey as RGB, with its alpha; other models are unchanged.
pub(crate) fn with_colours(frame: Frame) -> Frame {
    match frame.model {
        Model::Grey => extended(frame, Model::Rgb),
        Model::GreyAlpha => extended(frame, Model::Rgba),
        _ => frame,
    }
}

/// Returns an image of one plane with an alpha channel: its own, or one that is opaque everywhere.
#[must_use]
pub fn with_alpha(frame: Frame) -> Frame {
    match frame.model {
        Model::Grey => extended(frame, Model::GreyAlpha),
        Model::Rgb => extended(frame, Model::Rgba),
        _ => frame,
    }
}

/// Returns an image of one plane with the channels that `colour` has and it lacks: RGB, alpha, or both.
#[must_use]
pub fn with_channels_of(frame: Frame, colour: Colour) -> Frame {
    let model = including(frame.model, colour);
    if model == frame.model { frame } else { extended(frame, model) }
}

/// Adds the channels of `model` that the frame lacks: grey is repeated, alpha is opaque.
fn extended(mut frame: Frame, model: Model) -> Frame {
    let from = frame.model;
    for plane in &mut frame.planes {
        plane.samples = match &plane.samples {
            Samples::U8(samples) => Samples::U8(pixels(samples, from, model, u8::MAX)),
            Samples::U16(samples) => Samples::U16(pixels(samples, from, model, u16::MAX)),
        };
        plane.channels = model.channels();
    }
    Frame { model, encoding: None, ..frame }
}

fn pixels<T: Copy>(samples: &[T], from: Model, to: Model, max: T) -> Vec<T> {
    let (own, channels) = (usize::from(from.channels()), usize::from(to.channels()));
    let colours = |model: Model| usize::from(model.channels()) - usize::from(model.has_alpha());
    let mut pixels = Vec::with_capacity(samples.len() / own * channels);
    for pixel in samples.chunks_exact(own) {
        let (colour, alpha) = pixel.split_at(colours(from));
        pixels.extend(colour.iter().cycle().take(colours(to)));
        if to.has_alpha() {
            pixels.push(alpha.first().copied().unwrap_or(max));
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Size;

    #[test]
    fn missing_channels_are_added() {
        let check = |model, samples: &[u8], change: fn(Frame) -> Frame, after, expected: &[u8]| {
            let frame = Frame::whole(Size::new(1, 1), model, Samples::U8(samples.to_vec()));
            let expected = Frame::whole(Size::new(1, 1), after, Samples::U8(expected.to_vec()));
            assert_eq!(change(frame), expected);
        };
        check(Model::Grey, &[7], with_alpha, Model::GreyAlpha, &[7, 255]);
        check(Model::Rgb, &[1, 2, 3], with_alpha, Model::Rgba, &[1, 2, 3, 255]);
        check(Model::Rgba, &[1, 2, 3, 4], with_alpha, Model::Rgba, &[1, 2, 3, 4]);
        check(Model::Grey, &[7], with_colours, Model::Rgb, &[7, 7, 7]);
        check(Model::GreyAlpha, &[7, 8], with_colours, Model::Rgba, &[7, 7, 7, 8]);
    }
}
