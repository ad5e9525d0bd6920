//! Encoding of frames to blocks: each frame as its difference from the previous one.

use super::FORMAT;
use super::palette::{self, Counted, Indexed, Shared};
use crate::animation::{changed, cut, joined_delay, region};
use crate::canvas::rows;
use crate::error::CodecError;
use crate::rgb8::Rgb8;
use gif::{DisposalMethod, Encoder, EncodingError, Frame, Repeat};
use safelight_core::{Cost, Image, Rect, Result, Size, Stop};

/// Bytes of a pixel while frames are compared.
const CHANNELS: usize = 4;
/// The longest delay of a frame (section 23).
const MAX_DELAY_MS: u32 = 10 * u16::MAX as u32;

/// The cost of an encode of `frames` frames of this size.
pub(super) fn cost(size: Size, frames: u32) -> Cost {
    /// Three frames of RGBA, the colours of one in floating point and their indices.
    const PIXEL_BYTES: u64 = 44;
    const WORK_BYTES: u64 = 4 << 20;
    /// Bytes of a pixel in the file.
    const FILE_BYTES: u64 = 2;
    /// Nanoseconds for each pixel.
    const PIXEL_NS: u64 = 130;
    let frames = u64::from(frames.max(1));
    let bytes = size.pixels().saturating_mul(PIXEL_BYTES + FILE_BYTES * frames) + WORK_BYTES;
    Cost::new(bytes, size.pixels() * PIXEL_NS * frames)
}

/// Encodes all frames, in sRGB: viewers read no profile from a GIF.
pub(super) fn image(image: &Image, stop: &Stop) -> Result<Vec<u8>> {
    let Some(first) = image.frames.first() else { return Err(not_encoded("there is no frame").into()) };
    let size = first.geometry.size;
    let (Ok(w @ 1..), Ok(h @ 1..)) = (u16::try_from(size.w), u16::try_from(size.h)) else {
        return Err(CodecError::TooLong { format: FORMAT, size, max: u16::MAX.into() }.into());
    };
    let delay_ms = |index: usize| image.delays_ms.get(index).copied().unwrap_or(0);
    let mut clock = Clock::default();
    let shared = shared(image, size, stop)?;
    let palette = shared.as_ref().map_or(&[][..], |shared| &shared.palette);
    let mut encoder = start(image, (w, h), palette)?;
    let mut before: Option<Vec<u8>> = None;
    let mut now = Some((to_binary_alpha(image, 0, size)?, delay_ms(0)));
    let mut next_frame = 1;
    while let Some((mut samples, mut shown_ms)) = now {
        let next = loop {
            stop.check()?;
            if next_frame == image.frames.len() {
                break None;
            }
            let next = to_binary_alpha(image, next_frame, size)?;
            let next_ms = delay_ms(next_frame);
            next_frame += 1;
            match joined_delay(shown_ms, next_ms, MAX_DELAY_MS).filter(|_| next == samples) {
                Some(joined_ms) => shown_ms = joined_ms,
                None => break Some((next, next_ms)),
            }
        };
        // A painted pixel cannot become transparent again, so the rectangle of a frame is cleared before one in which
        // a pixel does.
        let uncovered = next
            .as_ref()
            .and_then(|(next, _)| region(&samples, next, size, CHANNELS, |now, next| next[3] < now[3]));
        let (rect, pixels) = difference(before.as_deref(), &samples, size, uncovered);
        let indexed = shared.as_ref().and_then(|shared| shared.index(&pixels));
        let indexed = indexed.unwrap_or_else(|| palette::index(&pixels, rect.size));
        let mut frame = frame(rect, indexed, uncovered.is_some());
        frame.delay = clock.advance(shown_ms);
        encoder.write_frame(&frame).map_err(failed)?;
        if uncovered.is_some() {
            rows(&mut samples, size, rect).for_each(|row| row.fill(0));
        }
        before = Some(samples);
        now = next;
    }
    Ok(encoder.into_inner().map_err(|error| CodecError::NotEncoded(FORMAT, Box::new(error)))?)
}

/// The table of colours of all frames, with one for pixels that do not change; `None` if they have too many.
fn shared(image: &Image, size: Size, stop: &Stop) -> Result<Option<Shared>> {
    let mut counted = Counted::default();
    let mut has_transparent = 1 < image.frames.len();
    for index in 0..image.frames.len() {
        stop.check()?;
        let samples = to_binary_alpha(image, index, size)?;
        has_transparent |= samples.chunks_exact(CHANNELS).any(|pixel| pixel[3] == 0);
        if !counted.add(&samples) {
            return Ok(None);
        }
    }
    Ok(counted.shared(has_transparent))
}

/// Starts a file with this table of colours.
fn start(image: &Image, (w, h): (u16, u16), palette: &[u8]) -> Result<Encoder<Vec<u8>>, CodecError> {
    let mut encoder = Encoder::new(Vec::new(), w, h, palette).map_err(failed)?;
    match image.plays {
        _ if image.frames.len() == 1 => (),
        0 => encoder.set_repeat(Repeat::Infinite).map_err(failed)?,
        // The extension states the repetitions; the encoder writes none for 0, and the animation is played once.
        plays => {
            let repeats = u16::try_from(plays - 1).unwrap_or(u16::MAX);
            encoder.set_repeat(Repeat::Finite(repeats)).map_err(failed)?;
        }
    }
    Ok(encoder)
}

/// The rectangle that changes the canvas from `before` to `now`, and its pixels; `before` is `None` for an empty canvas.
/// The rectangle contains `uncovered`, whose pixels are cleared after the frame.
fn difference(before: Option<&[u8]>, now: &[u8], size: Size, uncovered: Option<Rect>) -> (Rect, Vec<u8>) {
    let whole = Rect { x: 0, y: 0, size };
    let one_pixel = Rect { size: Size::new(1, 1), ..whole };
    let rect = match before {
        None => whole,
        Some(before) => match (changed(before, now, size, CHANNELS), uncovered) {
            (Some(changed), Some(uncovered)) => union(changed, uncovered),
            (rect, None) | (None, rect) => rect.unwrap_or(one_pixel),
        },
    };
    let mut samples = cut(now, size, CHANNELS, rect);
    if let Some(before) = before {
        // Unchanged pixels become transparent.
        let old = cut(before, size, CHANNELS, rect);
        let pixels = samples.chunks_exact_mut(CHANNELS).zip(old.chunks_exact(CHANNELS));
        pixels.filter(|(new, old)| new == old).for_each(|(new, _)| new.fill(0));
    }
    (rect, samples)
}

/// A block with `indexed` at `rect`; without a table of its own if that is empty.
fn frame(rect: Rect, indexed: Indexed, is_cleared: bool) -> Frame<'static> {
    let Indexed { indices, palette, transparent } = indexed;
    let [left, top, w, h] = [rect.x, rect.y, rect.size.w, rect.size.h].map(|side| side as u16);
    Frame {
        left,
        top,
        dispose: if is_cleared { DisposalMethod::Background } else { DisposalMethod::Keep },
        palette: (!palette.is_empty()).then_some(palette),
        ..Frame::from_indexed_pixels(w, h, indices, transparent)
    }
}

/// The smallest rectangle that contains both.
fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let [right, bottom] = [(a.x + a.size.w).max(b.x + b.size.w), (a.y + a.size.h).max(b.y + b.size.h)];
    Rect { x, y, size: Size::new(right - x, bottom - y) }
}

/// RGBA in sRGB of the frame at `index`, whose alpha is 0 or 255; transparent pixels are all zero.
fn to_binary_alpha(image: &Image, index: usize, size: Size) -> Result<Vec<u8>> {
    let frame = image.frames.get(index).ok_or_else(|| not_encoded("there is no frame"))?;
    let mut converted = None;
    if let Some(profile) = &image.profile {
        let frame = converted.insert(frame.clone());
        profile.to_srgb(std::slice::from_mut(frame));
    }
    let pixels = Rgb8::from_frame(FORMAT, converted.as_ref().unwrap_or(frame))?;
    if pixels.size != size {
        return Err(not_encoded("the frames differ in size").into());
    }
    let binary = |pixel: &[u8]| match *pixel {
        [_, _, _, 0..128] => [0; 4],
        [r, g, b, ..] => [r, g, b, u8::MAX],
        _ => [0; 4],
    };
    Ok(pixels.samples.chunks_exact(pixels.channels()).flat_map(binary).collect())
}

/// The time at which a frame is shown, for delays in hundredths of a second whose rounding errors do not add up.
#[derive(Default)]
struct Clock {
    shown_ms: u64,
}

impl Clock {
    /// Returns the delay for `delay_ms`.
    fn advance(&mut self, delay_ms: u32) -> u16 {
        let before = (self.shown_ms + 5) / 10;
        self.shown_ms += u64::from(delay_ms);
        u16::try_from((self.shown_ms + 5) / 10 - before).unwrap_or(u16::MAX)
    }
}

fn not_encoded(what: &'static str) -> CodecError {
    CodecError::NotEncoded(FORMAT, what.into())
}

fn failed(error: EncodingError) -> CodecError {
    CodecError::NotEncoded(FORMAT, Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_delays_do_not_add_up() {
        let mut clock = Clock::default();
        let delays = [33, 33, 33, 100, 0, 7_000_000, 0].map(|delay_ms| clock.advance(delay_ms));
        assert_eq!(delays, [3, 4, 3, 10, 0, u16::MAX, 0]);
    }
}
