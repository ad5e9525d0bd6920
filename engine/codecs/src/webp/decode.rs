//! Decoding of images to frames.
//!
//! `image-webp` decodes each image; the frames of an animation are composed here, because `image-webp` does not
//! clear the rectangle of a frame that requests it.

use super::FORMAT;
use super::file::{Bitstream, File};
use crate::animation::{Frames, drop_opaque_alpha};
use crate::canvas::{After, Composer};
use crate::colour;
use crate::error::CodecError;
use crate::segments::Segments;
use image_webp::WebPDecoder;
use safelight_core::{Decode, Frame, Geometry, Image, Limits, Model, Result, Samples, Stop};
use std::borrow::Cow;

/// Composes frames of an image of this geometry. The caller has checked their pixels against the limits.
pub(super) fn image(
    file: &File,
    (geometry, wanted): (Geometry, Frames),
    decode: &Decode,
    limits: &Limits,
    stop: &Stop,
) -> Result<Image> {
    let Composed { samples, delays_ms, model } = compose(file, wanted, stop)?;
    let frame = |samples| Frame { geometry, ..Frame::whole(file.canvas, model, Samples::U8(samples)) };
    let mut frames: Vec<_> = samples.into_iter().map(frame).collect();
    let icc = file.profile.as_deref().filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
    let profile = colour::to_srgb(&mut frames, icc.map(<[u8]>::to_vec), decode);
    let is_animated = 1 < frames.len();
    let (delays_ms, plays) = if is_animated { (delays_ms, file.plays) } else { (Vec::new(), 0) };
    Ok(Image { frames, delays_ms, plays, profile })
}

/// The successive states of a canvas.
struct Composed {
    samples: Vec<Vec<u8>>,
    /// The delay after each; empty for a still image.
    delays_ms: Vec<u32>,
    model: Model,
}

/// Draws the parts of `file` in order, as far as they are `wanted`.
fn compose(file: &File, wanted: Frames, stop: &Stop) -> Result<Composed> {
    let (mut frames, mut delays_ms) = (Vec::new(), Vec::new());
    let mut composer = None;
    for (index, part) in (0..wanted.composed()).zip(file.parts()) {
        stop.check()?;
        let part = part?;
        let (samples, has_alpha) = decode_bitstream(&part.bitstream)?;
        if !file.is_animated {
            return Ok(Composed { samples: vec![samples], delays_ms, model: model(has_alpha) });
        }
        let composer = composer.get_or_insert_with(|| Composer::new(file.canvas));
        let after = if part.is_cleared { After::Clear } else { After::Keep };
        composer.begin(part.rect, after).draw(part.rect, &samples, model(has_alpha), part.blends);
        if wanted.has(index) {
            frames.push(composer.canvas().rgba.clone());
            delays_ms.push(part.delay_ms);
        }
    }
    if frames.is_empty() {
        return Err(CodecError::Damaged(FORMAT, "the animation has no frame".into()).into());
    }
    let is_opaque = drop_opaque_alpha(&mut frames);
    Ok(Composed { samples: frames, delays_ms, model: model(!is_opaque) })
}

const fn model(has_alpha: bool) -> Model {
    if has_alpha { Model::Rgba } else { Model::Rgb }
}

/// Decodes one image to RGB or RGBA, and returns whether it has alpha.
fn decode_bitstream(bitstream: &Bitstream) -> Result<(Vec<u8>, bool), CodecError> {
    let damaged = |error| CodecError::Damaged(FORMAT, Box::new(error));
    let mut decoder = WebPDecoder::new(Segments::new(single(bitstream))).map_err(damaged)?;
    let has_alpha = decoder.has_alpha();
    let channels = if has_alpha { 4 } else { 3 };
    let mut samples = vec![0; bitstream.size.pixels() as usize * channels];
    decoder.read_image(&mut samples).map_err(damaged)?;
    Ok((samples, has_alpha))
}

/// A file with only this image, as input of the decoder: RFC 9649, section 2.
fn single<'a>(bitstream: &Bitstream<'a>) -> Vec<Cow<'a, [u8]>> {
    let head = |kind: [u8; 4], bytes: usize| [kind, (bytes as u32).to_le_bytes()].concat();
    let mut body = Vec::new();
    if let Some(alpha) = bitstream.alpha {
        let [w, h] = [bitstream.size.w - 1, bitstream.size.h - 1].map(u32::to_le_bytes);
        let extended = [head(*b"VP8X", 10), vec![0x10, 0, 0, 0], w[..3].to_vec(), h[..3].to_vec()].concat();
        let padding = &[0][..alpha.len() & 1];
        body.push(Cow::Owned([extended, head(*b"ALPH", alpha.len())].concat()));
        body.push(Cow::Borrowed(alpha));
        body.push(Cow::Owned([padding, &head(bitstream.kind, bitstream.coded.len())].concat()));
    } else {
        body.push(Cow::Owned(head(bitstream.kind, bitstream.coded.len())));
    }
    body.push(Cow::Borrowed(bitstream.coded));
    let bytes = 4 + body.iter().map(|segment| segment.len()).sum::<usize>();
    body.insert(0, Cow::Owned([head(*b"RIFF", bytes), b"WEBP".to_vec()].concat()));
    body
}
