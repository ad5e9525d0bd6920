//! AVIF: encoded by `ravif`, which is Rust, and decoded as every HEIF file, by [`crate::heif`].

use crate::error::CodecError;
use crate::heif;
use crate::rgb8::Rgb8;
use bytes::Bytes;
use ravif::{BitDepth, EncodedImage, Img, RGB8, RGBA8};
use safelight_core::{
    Cost, Decoder, Encode, Encoder, Format, Image, Isolation, Limits, Opened, Result, Size, Stop,
};

const DEFAULT_QUALITY: u8 = 50;
/// rav1e's speed without an effort, from 1 (slow) to 10.
const DEFAULT_SPEED: u8 = 9;
/// The speed for each effort. Slower ones take minutes for a photo.
const SPEEDS: [u8; Encode::MAX_EFFORT as usize + 1] = [10, 9, 8, 7, 7, 6, 6, 5, 5, 4];
/// The longest side that an AV1 sequence header can state (AV1 bitstream specification, section 5.5.1).
const MAX_SIDE: u32 = 1 << 16;

/// Decodes and encodes AVIF.
#[derive(Debug)]
pub struct Avif;

impl Decoder for Avif {
    fn format(&self) -> Format {
        Format::Avif
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        heif::open(Format::Avif, &source, None, limits)
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        heif::open(Format::Avif, &source, Some(page), limits)
    }
}

impl Encoder for Avif {
    fn format(&self) -> Format {
        Format::Avif
    }

    fn default_quality(&self) -> Option<u8> {
        Some(DEFAULT_QUALITY)
    }

    fn cost(&self, size: Size, _frames: u32, options: &Encode) -> Cost {
        /// Bytes for each pixel of noise, whose coefficients are kept until the end.
        const PIXEL_BYTES: u64 = 60;
        /// The same where nearly every coefficient is kept.
        const FINE_PIXEL_BYTES: u64 = 450;
        const FINE_QUALITY: u8 = 90;
        /// Nanoseconds for each pixel of a photo, at the two fastest speeds and at others.
        const PIXEL_NS: u64 = 1300;
        const SLOW_PIXEL_NS: u64 = 3000;
        const WORK_BYTES: u64 = 16 << 20;
        let is_fine = options.quality.is_some_and(|quality| FINE_QUALITY <= quality);
        let pixel_bytes = if is_fine { FINE_PIXEL_BYTES } else { PIXEL_BYTES };
        let pixel_ns = if speed(options) < DEFAULT_SPEED { SLOW_PIXEL_NS } else { PIXEL_NS };
        Cost::new(size.pixels() * pixel_bytes + WORK_BYTES, size.pixels() * pixel_ns)
    }

    /// The encoder cannot be stopped, its memory has no bound, and it has panicked.
    fn isolation(&self) -> Isolation {
        Isolation::Always
    }

    /// Encodes the first frame, in sRGB and without metadata. The encoder cannot be stopped once it runs.
    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        stop.check()?;
        let not_encoded = |cause| CodecError::NotEncoded(Format::Avif, cause);
        let mut frame = image.frames.first().ok_or_else(|| not_encoded("there is no frame".into()))?;
        let mut converted = None;
        if let Some(profile) = &image.profile {
            // The encoder writes no profile.
            let copy = converted.insert(frame.clone());
            profile.to_srgb(std::slice::from_mut(copy));
            frame = copy;
        }
        let pixels = Rgb8::from_frame(Format::Avif, frame)?;
        let size = pixels.size;
        if MAX_SIDE < size.w || MAX_SIDE < size.h {
            return Err(CodecError::TooLong { format: Format::Avif, size, max: MAX_SIDE }.into());
        }
        let quality = f32::from(options.quality.unwrap_or(DEFAULT_QUALITY));
        let encoder = ravif::Encoder::new()
            .with_quality(quality)
            .with_alpha_quality(options.alpha_quality.map_or(quality, f32::from).max(1.0))
            .with_speed(speed(options))
            .with_bit_depth(BitDepth::Eight)
            .with_num_threads(Some(1));
        let result =
            if pixels.has_alpha { encode_rgba(&encoder, &pixels) } else { encode_rgb(&encoder, &pixels) };
        Ok(result.map_err(|error| not_encoded(Box::new(error)))?.avif_file)
    }
}

/// Returns rav1e's speed.
fn speed(options: &Encode) -> u8 {
    options.effort.map_or(DEFAULT_SPEED, |effort| SPEEDS[usize::from(effort.min(Encode::MAX_EFFORT))])
}

fn encode_rgb(encoder: &ravif::Encoder, image: &Rgb8) -> Result<EncodedImage, ravif::Error> {
    let (pixels, _) = image.samples.as_chunks();
    let pixels: Vec<_> = pixels.iter().map(|[r, g, b]| RGB8::new(*r, *g, *b)).collect();
    let Size { w, h } = image.size;
    encoder.encode_rgb(Img::new(&pixels, w as usize, h as usize))
}

fn encode_rgba(encoder: &ravif::Encoder, image: &Rgb8) -> Result<EncodedImage, ravif::Error> {
    let (pixels, _) = image.samples.as_chunks();
    let pixels: Vec<_> = pixels.iter().map(|[r, g, b, a]| RGBA8::new(*r, *g, *b, *a)).collect();
    let Size { w, h } = image.size;
    encoder.encode_rgba(Img::new(&pixels, w as usize, h as usize))
}
