//! Encoding of animations: each frame as the rectangle that differs from the previous one, which replaces the pixels there.

use super::FORMAT;
use super::animation::{SIGNATURE_BYTES, chunks};
use super::encode::{Content, Strength, not_encoded, set_palette, write};
use super::palette::{Palette, Table};
use crate::animation::{changed, cut, merged};
use crate::rgb8::Rgb8;
use png::{BitDepth, ColorType, Info};
use safelight_core::{Image, Rect, Result, Size, Stop};
use std::borrow::Cow;

/// The longest delay: 65 535 seconds.
const MAX_DELAY_MS: u32 = u16::MAX as u32 * 1000;

/// Encodes the frames of `image`, two or more; with its profile, if it has one. Frames of 16 bits become those of 8.
pub(super) fn encode(image: &Image, strength: Strength, stop: &Stop) -> Result<Vec<u8>> {
    let frames = image.frames.iter().map(|frame| Rgb8::from_frame(FORMAT, frame));
    let frames = frames.collect::<Result<Vec<_>>>()?;
    let shown = merged(FORMAT, &frames, &image.delays_ms, MAX_DELAY_MS)?;
    let (first, count) = (shown[0].0, shown.len() as u32);
    let channels = first.channels();
    let mut palette = shared(&shown, stop)?;
    let content = if palette.is_some() {
        Content::Drawing
    } else {
        Content::of(&first.samples, first.size.w as usize * channels, channels)
    };
    let mut writer = Writer::default();
    let mut before: Option<&Rgb8> = None;
    for (frame, delay_ms) in shown {
        let rect = before.map_or(Some(Rect { x: 0, y: 0, size: frame.size }), |before| {
            changed(&before.samples, &frame.samples, frame.size, channels)
        });
        // A frame that looks the same has a delay that could not be joined.
        let rect = rect.unwrap_or(Rect { x: 0, y: 0, size: Size::new(1, 1) });
        let samples = cut(&frame.samples, frame.size, channels, rect);
        let mut info = Info::with_size(rect.size.w, rect.size.h);
        // The first frame has the chunks that all frames share.
        info.icc_profile = image.profile.as_deref().filter(|_| before.is_none()).map(Cow::Borrowed);
        let file = if let Some((palette, table)) = &mut palette {
            set_palette(&mut info, table);
            let indices = palette.indices(&samples, channels);
            let indices = indices.ok_or_else(|| not_encoded("a colour that is not in the palette"))?;
            write(info, &table.pack(&indices, rect.size.w as usize), (content, strength), None, stop)?
        } else {
            info.color_type = if frame.has_alpha { ColorType::Rgba } else { ColorType::Rgb };
            info.bit_depth = BitDepth::Eight;
            write(info, &samples, (content, strength), None, stop)?
        };
        if before.is_none() {
            writer.begin(&file, count, image.plays);
        }
        writer.frame(&file, rect, delay_ms);
        before = Some(frame);
    }
    Ok(writer.finish())
}

/// The palette of all frames; `None` if they have too many colours.
fn shared(frames: &[(&Rgb8, u32)], stop: &Stop) -> Result<Option<(Palette, Table)>> {
    let mut palette = Palette::new();
    for (frame, _) in frames {
        stop.check()?;
        if palette.indices(&frame.samples, frame.channels()).is_none() {
            return Ok(None);
        }
    }
    let table = palette.table();
    Ok(Some((palette, table)))
}

/// A file of frames that were each encoded as a file.
#[derive(Default)]
struct Writer {
    file: Vec<u8>,
    /// The number of the next chunk of an animation (W3C PNG Third Edition, section 11.3.6.2).
    sequence: u32,
}

impl Writer {
    /// Writes the chunks before the data of the first frame.
    fn begin(&mut self, first: &[u8], frames: u32, plays: u32) {
        self.file.extend_from_slice(&first[..SIGNATURE_BYTES]);
        for (kind, data) in chunks(first).take_while(|(kind, _)| *kind != b"IDAT") {
            self.push(kind, &[data]);
            if kind == b"IHDR" {
                self.push(b"acTL", &[&frames.to_be_bytes(), &plays.to_be_bytes()]);
            }
        }
    }

    /// Writes the data of a frame in `rect`, which no later frame undoes.
    fn frame(&mut self, frame: &[u8], rect: Rect, delay_ms: u32) {
        let is_first = self.sequence == 0;
        let place = [rect.size.w, rect.size.h, rect.x, rect.y].map(u32::to_be_bytes).concat();
        let delay = delay(delay_ms).map(u16::to_be_bytes).concat();
        let sequence = self.next();
        // No disposal, and no blending.
        self.push(b"fcTL", &[&sequence, &place, &delay, &[0, 0]]);
        for (_, data) in chunks(frame).filter(|(kind, _)| *kind == b"IDAT") {
            if is_first {
                self.push(b"IDAT", &[data]);
            } else {
                let sequence = self.next();
                self.push(b"fdAT", &[&sequence, data]);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(b"IEND", &[]);
        self.file
    }

    fn next(&mut self) -> [u8; 4] {
        self.sequence += 1;
        (self.sequence - 1).to_be_bytes()
    }

    fn push(&mut self, kind: &[u8; 4], data: &[&[u8]]) {
        let length: usize = data.iter().map(|part| part.len()).sum();
        self.file.extend((length as u32).to_be_bytes());
        let start = self.file.len();
        self.file.extend_from_slice(kind);
        for part in data {
            self.file.extend_from_slice(part);
        }
        let checksum = crc32fast::hash(&self.file[start..]);
        self.file.extend(checksum.to_be_bytes());
    }
}

/// A delay as a fraction of seconds, as exact as its length allows.
fn delay(delay_ms: u32) -> [u16; 2] {
    let per_second =
        [1000, 100, 10].into_iter().find(|per_second| delay_ms / (1000 / per_second) <= u16::MAX.into());
    let per_second = per_second.unwrap_or(1);
    let unit_ms = 1000 / per_second;
    let count = delay_ms.saturating_add(unit_ms / 2) / unit_ms;
    [u16::try_from(count).unwrap_or(u16::MAX), per_second as u16]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_as_exact_as_they_can_be() {
        assert_eq!(delay(33), [33, 1000]);
        assert_eq!(delay(65_535), [65_535, 1000]);
        assert_eq!(delay(65_544), [6554, 100]);
        assert_eq!(delay(655_360), [6554, 10]);
        assert_eq!(delay(MAX_DELAY_MS), [65_535, 1]);
        assert_eq!(delay(u32::MAX), [65_535, 1]);
    }
}
