//! Decoding of blocks to composed frames.

use super::FORMAT;
use crate::animation::{Canvas, drop_opaque_alpha};
use crate::colour;
use crate::error::CodecError;
use gif::{DecodeOptions, Decoder, DecodingError, DisposalMethod, MemoryLimit, Repeat};
use safelight_core::{Decode, Frame, Image, Limits, Model, Rect, Result, Samples, Size, Stop};
use std::num::NonZeroU64;

/// The size of the logical screen (GIF89a, section 18).
pub(super) fn canvas(bytes: &[u8]) -> Result<Size, CodecError> {
    let [.., a, b, c, d] = *bytes.first_chunk::<10>().ok_or_else(|| damaged("there is no header"))?;
    Ok(Size::new(u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into()))
}

/// Counts the frames without decoding them, up to one more than `limits` allow.
pub(super) fn count_frames(bytes: &[u8], limits: &Limits) -> Result<u32, CodecError> {
    let mut decoder = decoder(bytes, canvas(bytes)?, limits, true)?;
    let mut frames = 0;
    while frames <= limits.max_frames && decoder.next_frame_info().map_err(not_decoded)?.is_some() {
        frames += 1;
    }
    Ok(frames)
}

/// Decodes the first frame or all of them. The caller has checked their pixels against the limits.
pub(super) fn image(
    bytes: &[u8],
    size: Size,
    decode: &Decode,
    limits: &Limits,
    stop: &Stop,
) -> Result<Image> {
    let mut decoder = decoder(bytes, size, limits, false)?;
    let mut composer = Composer { canvas: Canvas::new(size), disposal: None, indices: Vec::new() };
    let (mut frames, mut delays_ms) = (Vec::new(), Vec::new());
    while let Some(delay_ms) = composer.draw_next(&mut decoder, size)? {
        stop.check()?;
        frames.push(composer.canvas.rgba.clone());
        delays_ms.push(delay_ms);
        if !decode.all_frames {
            break;
        }
    }
    drop(composer);
    if frames.is_empty() {
        return Err(damaged("there is no frame").into());
    }
    let model = if drop_opaque_alpha(&mut frames) { Model::Rgb } else { Model::Rgba };
    let mut frames: Vec<_> =
        frames.into_iter().map(|samples| Frame::whole(size, model, Samples::U8(samples))).collect();
    let profile = colour::to_srgb(&mut frames, decoder.icc_profile().map(<[u8]>::to_vec), decode);
    if frames.len() == 1 {
        return Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile });
    }
    // The Netscape extension states the repetitions after the animation was played once.
    let plays = match decoder.repeat() {
        Repeat::Infinite => 0,
        Repeat::Finite(repeats) => u32::from(repeats) + 1,
    };
    Ok(Image { frames, delays_ms, plays, profile })
}

fn decoder<'a>(
    bytes: &'a [u8],
    size: Size,
    limits: &Limits,
    skip: bool,
) -> Result<Decoder<&'a [u8]>, CodecError> {
    let mut options = DecodeOptions::new();
    options.skip_frame_decoding(skip);
    // The limit applies to a frame of indices, and to a profile or packet of metadata.
    let max = NonZeroU64::new(size.pixels().max(limits.max_metadata_bytes)).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(max));
    options.read_info(bytes).map_err(not_decoded)
}

/// Draws frames one over the other (GIF89a, sections 20 and 23).
struct Composer {
    canvas: Canvas,
    /// The change to the canvas before the next frame is drawn.
    disposal: Option<Disposal>,
    indices: Vec<u8>,
}

enum Disposal {
    /// The frame's rectangle becomes transparent. No viewer shows the background colour of the format.
    Clear(Rect),
    /// The canvas is restored to its state before the frame.
    Restore(Vec<u8>),
}

impl Composer {
    /// Draws the next frame and returns its delay in milliseconds; `None` if there are no more frames.
    fn draw_next(&mut self, decoder: &mut Decoder<&[u8]>, size: Size) -> Result<Option<u32>, CodecError> {
        let Some(frame) = decoder.next_frame_info().map_err(not_decoded)? else { return Ok(None) };
        let rect = Rect {
            x: frame.left.into(),
            y: frame.top.into(),
            size: Size::new(frame.width.into(), frame.height.into()),
        };
        let (dispose, transparent, delay_ms) =
            (frame.dispose, frame.transparent, u32::from(frame.delay) * 10);
        // The buffer has the frame's own size, not that of the canvas.
        if !size.covers(rect.size) || rect.size.pixels() == 0 {
            return Err(damaged("a frame is empty, or larger than the screen"));
        }
        self.indices.resize(rect.size.pixels() as usize, 0);
        decoder.read_into_buffer(&mut self.indices).map_err(not_decoded)?;

        match self.disposal.take() {
            Some(Disposal::Clear(rect)) => self.canvas.clear(rect),
            Some(Disposal::Restore(rgba)) => self.canvas.rgba = rgba,
            None => (),
        }
        self.disposal = match dispose {
            DisposalMethod::Background => Some(Disposal::Clear(rect)),
            DisposalMethod::Previous => Some(Disposal::Restore(self.canvas.rgba.clone())),
            DisposalMethod::Any | DisposalMethod::Keep => None,
        };
        let (colours, _) = decoder.palette().map_err(not_decoded)?.as_chunks::<3>();
        let rows = self.indices.chunks_exact(rect.size.w as usize);
        for (row, indices) in self.canvas.rows(rect).zip(rows) {
            for (pixel, &index) in row.chunks_exact_mut(4).zip(indices) {
                // An index outside the table draws nothing.
                if let Some([r, g, b]) = colours.get(usize::from(index))
                    && transparent != Some(index)
                {
                    pixel.copy_from_slice(&[*r, *g, *b, u8::MAX]);
                }
            }
        }
        Ok(Some(delay_ms))
    }
}

fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged(FORMAT, what.into())
}

fn not_decoded(error: DecodingError) -> CodecError {
    CodecError::Damaged(FORMAT, Box::new(error))
}
