//! Colours that replace levels of grey.

use super::{
    STRIDE,
    luma::{into_grey, luma},
};
use crate::{channels::with_colours, sample::Sample};
use safelight_core::{Frame, Model, Result, Samples, Stop};

/// Replaces each colour by `colour` of its luma, both from 0 to 1. Alpha is unchanged. The result is RGB.
///
/// # Errors
/// Those of [`Stop::check`].
pub fn gradient(frame: Frame, colour: impl Fn(f64) -> [f64; 3], stop: &Stop) -> Result<Frame> {
    // Of luma and chroma, luma is all that matters.
    let is_planar = matches!(frame.model, Model::Ycc { .. });
    let frame = if is_planar { into_grey(frame, stop)? } else { frame };
    let mut frame = with_colours(frame);
    frame.encoding = None;
    for plane in &mut frame.planes {
        let channels = usize::from(plane.channels);
        match &mut plane.samples {
            Samples::U8(samples) => replace(samples, channels, &colour, stop)?,
            Samples::U16(samples) => replace(samples, channels, &colour, stop)?,
        }
    }
    Ok(frame)
}

fn replace<T: Sample>(
    samples: &mut [T],
    channels: usize,
    colour: impl Fn(f64) -> [f64; 3],
    stop: &Stop,
) -> Result<()> {
    let table: Vec<[T; 3]> = T::levels().map(|level| colour(level).map(T::from_unit)).collect();
    for part in samples.chunks_mut(STRIDE / channels * channels) {
        stop.check()?;
        for pixel in part.chunks_exact_mut(channels) {
            let colour = table[luma([pixel[0], pixel[1], pixel[2]])];
            pixel[..3].copy_from_slice(&colour);
        }
    }
    Ok(())
}
