//! Encoding of frames to a file: libwebp encodes the images, the chunks around them are written here.
//!
//! libwebp's own encoder of animations is not used: its wrapper loses the delay of the last frame.

use super::{FORMAT, near_lossless, planes::Planes};
use crate::animation::{changed, cut, merged};
use crate::error::CodecError;
use crate::rgb8::Rgb8;
use safelight_core::{Compression, Cost, Encode, Image, Rect, Result, Size, Stop};
use std::collections::HashSet;
use webpx::{Encoder, EncoderConfig};

/// The longest side of an image (RFC 9649, section 3.4).
const MAX_SIDE: u32 = (1 << 14) - 1;
/// The method for each effort. Method 3 begins to search by rate and distortion: 2.4 times the time of method 2 for 0.6
/// % fewer bytes.
const METHODS: [u8; Encode::MAX_EFFORT as usize + 1] = [0, 1, 1, 2, 3, 4, 4, 5, 5, 6];
const DEFAULT_METHOD: u8 = 2;
/// Without loss, method 4 takes 2 % fewer bytes than 2 for a tenth more time.
const DEFAULT_LOSSLESS_METHOD: u8 = 4;
pub(super) const DEFAULT_QUALITY: u8 = 80;
/// As in libwebp's tools: levels change by 3 at most.
const DEFAULT_NEAR_QUALITY: u8 = 60;
/// The longest delay of a frame (RFC 9649, section 2.7.1.1).
const MAX_DELAY_MS: u32 = (1 << 24) - 1;

/// Flags of `VP8X` (RFC 9649, section 2.7).
const ICC: u8 = 0x20;
const ALPHA: u8 = 0x10;
const ANIMATION: u8 = 0x02;

/// The cost of an encode of `frames` frames of this size.
pub(super) fn cost(size: Size, frames: u32, options: &Encode) -> Cost {
    /// Planes of the encoder and the file; lossless, the samples in 32 bits and the tables of repetitions.
    const LOSSY_BYTES: u64 = 16;
    const LOSSLESS_BYTES: u64 = 48;
    const WORK_BYTES: u64 = 2 << 20;
    /// Nanoseconds for each pixel with each method.
    const LOSSY_NS: [u64; 7] = [50, 50, 60, 140, 140, 160, 320];
    /// Nanoseconds for each pixel without loss; methods above the default take half as much again.
    const LOSSLESS_NS: u64 = 1400;
    /// Frames of few colours are encoded in both ways.
    const FLAT_NS: u64 = 300;
    /// Further bytes of the methods that search by rate and distortion: they keep the tokens of noise.
    const SEARCH_BYTES: u64 = 64;
    let method = method(options, DEFAULT_METHOD);
    let lossy_ns = LOSSY_NS[usize::from(method.min(6))];
    let search_bytes = if DEFAULT_METHOD < method { SEARCH_BYTES } else { 0 };
    let (bytes, ns) = match (is_lossy(options), frames) {
        (false, _) => (LOSSLESS_BYTES, LOSSLESS_NS),
        (true, 0 | 1) => (LOSSY_BYTES + search_bytes, lossy_ns),
        (true, _) => (LOSSLESS_BYTES + search_bytes, lossy_ns + FLAT_NS),
    };
    // Frames are converted to RGB before the first one is encoded, and the file has all of them.
    let frames = u64::from(frames.max(1));
    let converted = if frames == 1 { 0 } else { frames * 8 };
    Cost::new(size.pixels().saturating_mul(bytes + converted) + WORK_BYTES, size.pixels() * ns * frames)
}

/// Encodes all frames; with the colour profile, if the image has one, and no other metadata.
pub(super) fn image(image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
    let config = config(options);
    let rgb = |frame| {
        let mut pixels = Rgb8::from_frame(FORMAT, frame)?;
        if options.compression == Some(Compression::NearLossless) {
            near_lossless::apply(&mut pixels, options.quality.unwrap_or(DEFAULT_NEAR_QUALITY));
        }
        Ok(pixels)
    };
    match image.frames.as_slice() {
        [] => Err(not_encoded("there is no frame").into()),
        [frame] => {
            let planes = if is_lossy(options) { Planes::of(frame) } else { None };
            let bitstream = match &planes {
                Some(planes) => coded(Encoder::new_yuv(planes.as_yuv()), frame.geometry.size, &config, stop)?,
                None => encode_rgb(&rgb(frame)?, &config, stop)?,
            };
            Ok(still(&bitstream, frame.geometry.size, image.profile.as_deref()))
        }
        [first, ..] if first.geometry.size.pixels() == 0 => Err(no_pixels().into()),
        frames => {
            let frames = frames.iter().map(rgb).collect::<Result<Vec<_>>>()?;
            animation(&frames, image, &config, stop)
        }
    }
}

fn config(options: &Encode) -> EncoderConfig {
    let config = EncoderConfig::new();
    if is_lossy(options) {
        let quality = options.quality.unwrap_or(DEFAULT_QUALITY);
        let alpha_quality = options.alpha_quality.unwrap_or(100).min(100);
        return config
            .method(method(options, DEFAULT_METHOD))
            .quality(quality.into())
            .alpha_quality(alpha_quality);
    }
    // Here libwebp's `quality` means effort; `exact` keeps the colours of transparent pixels.
    config.method(method(options, DEFAULT_LOSSLESS_METHOD)).lossless(true).quality(75.0).exact(true)
}

/// Returns libwebp's method.
fn method(options: &Encode, default: u8) -> u8 {
    options.effort.map_or(default, |effort| METHODS[usize::from(effort.min(Encode::MAX_EFFORT))])
}

/// Whether images are coded with the loss of [`Compression::Lossy`].
pub(super) fn is_lossy(options: &Encode) -> bool {
    matches!(options.compression, None | Some(Compression::Lossy))
}

/// The file of one encoded image.
fn still(bitstream: &[u8], size: Size, profile: Option<&[u8]>) -> Vec<u8> {
    // A profile, or alpha in a chunk of its own, requires the extended format.
    if profile.is_none() && !bitstream.starts_with(b"ALPH") {
        return riff(bitstream);
    }
    let flags = if profile.is_some() { ICC } else { 0 } | if is_translucent(bitstream) { ALPHA } else { 0 };
    let icc = profile.map(|icc| chunk(b"ICCP", icc)).unwrap_or_default();
    riff(&[&*extended(flags, size), &icc, bitstream].concat())
}

/// Encodes each frame as the rectangle that differs from the previous one, which replaces the pixels there.
fn animation(frames: &[Rgb8], image: &Image, config: &EncoderConfig, stop: &Stop) -> Result<Vec<u8>> {
    let mut has_alpha = false;
    let mut parts = Vec::new();
    let mut before: Option<&Rgb8> = None;
    let shown = merged(FORMAT, frames, &image.delays_ms, MAX_DELAY_MS)?;
    let size = shown[0].0.size;
    for (frame, delay_ms) in shown {
        let rect = match before {
            None => Rect { x: 0, y: 0, size: frame.size },
            Some(before) => {
                let rect = changed(&before.samples, &frame.samples, frame.size, frame.channels());
                even(rect.unwrap_or(Rect { x: 0, y: 0, size: Size::new(1, 1) }))
            }
        };
        let samples = cut(&frame.samples, frame.size, frame.channels(), rect);
        let part = Rgb8 { size: rect.size, has_alpha: frame.has_alpha, samples: samples.into() };
        let place = [rect.x / 2, rect.y / 2, rect.size.w - 1, rect.size.h - 1, delay_ms.min(MAX_DELAY_MS)];
        // The rectangle replaces the pixels there, and nothing is cleared.
        let head = [place.map(u24).concat(), vec![0x02]].concat();
        let bitstream = encode_smaller(&part, config, stop)?;
        has_alpha |= is_translucent(&bitstream);
        parts.extend(chunk(b"ANMF", &[head, bitstream].concat()));
        before = Some(frame);
    }
    let icc = image.profile.as_deref();
    let flags = ANIMATION | if has_alpha { ALPHA } else { 0 } | if icc.is_some() { ICC } else { 0 };
    // A transparent background, which no viewer shows, and the number of plays.
    let plays = u16::try_from(image.plays).unwrap_or(u16::MAX).to_le_bytes();
    let icc = icc.map(|icc| chunk(b"ICCP", icc)).unwrap_or_default();
    let animation = chunk(b"ANIM", &[[0; 4].as_slice(), &plays].concat());
    Ok(riff(&[extended(flags, size), icc, animation, parts].concat()))
}

/// Encodes a frame as `config` says, or losslessly if it has few colours and becomes no larger.
fn encode_smaller(frame: &Rgb8, config: &EncoderConfig, stop: &Stop) -> Result<Vec<u8>> {
    /// More colours are those of photos, which lossless coding makes larger.
    const MAX_FLAT_COLOURS: usize = 128;
    let coded = encode_rgb(frame, config, stop)?;
    let mut colours = HashSet::new();
    let mut pixels = frame.samples.chunks_exact(frame.channels());
    let is_flat = pixels.all(|pixel| {
        colours.insert(pixel);
        colours.len() <= MAX_FLAT_COLOURS
    });
    if !is_flat {
        return Ok(coded);
    }
    let exact = encode_rgb(
        frame,
        &self::config(&Encode { compression: Some(Compression::Lossless), ..Encode::default() }),
        stop,
    )?;
    Ok(if exact.len() <= coded.len() { exact } else { coded })
}

/// Whether the chunks of an encoded image contain alpha: a chunk of its own, or a flag after the sides (RFC 9649,
/// sections 2.7.1.2 and 3.4).
fn is_translucent(bitstream: &[u8]) -> bool {
    bitstream.starts_with(b"ALPH")
        || bitstream.starts_with(b"VP8L") && bitstream.get(12).is_some_and(|byte| byte & 0x10 != 0)
}

/// Extends a rectangle so that it starts at even coordinates, as frames must.
const fn even(Rect { x, y, size }: Rect) -> Rect {
    Rect { x: x & !1, y: y & !1, size: Size::new(size.w + (x & 1), size.h + (y & 1)) }
}

/// Encodes RGB or RGBA to the chunks of an image.
fn encode_rgb(frame: &Rgb8, config: &EncoderConfig, stop: &Stop) -> Result<Vec<u8>> {
    let Size { w, h } = frame.size;
    let new = if frame.has_alpha { Encoder::new_rgba } else { Encoder::new_rgb };
    coded(new(&frame.samples, w, h), frame.size, config, stop)
}

/// The chunks of the image of this size in `encoder`.
fn coded(encoder: Encoder<'_>, size: Size, config: &EncoderConfig, stop: &Stop) -> Result<Vec<u8>> {
    if size.pixels() == 0 {
        return Err(no_pixels().into());
    }
    if MAX_SIDE < size.w.max(size.h) {
        return Err(CodecError::TooLong { format: FORMAT, size, max: MAX_SIDE }.into());
    }
    let file = encoder.config(config.clone()).encode(Signal(stop));
    stop.check()?;
    let file = file.map_err(|error| CodecError::NotEncoded(FORMAT, error.decompose().0.into()))?;
    // The headers of the file and of the extended format are replaced by our own.
    let chunks = file.get(12..).ok_or_else(|| not_encoded("libwebp wrote no header"))?;
    Ok(if chunks.starts_with(b"VP8X") { chunks.get(18..).unwrap_or_default() } else { chunks }.to_vec())
}

/// The signal to stop, as libwebp's wrapper takes it.
struct Signal<'a>(&'a Stop);

impl webpx::Stop for Signal<'_> {
    fn check(&self) -> Result<(), webpx::StopReason> {
        if self.0.reason().is_some() { Err(webpx::StopReason::Cancelled) } else { Ok(()) }
    }
}

fn extended(flags: u8, canvas: Size) -> Vec<u8> {
    let sides = [canvas.w.saturating_sub(1), canvas.h.saturating_sub(1)].map(u24).concat();
    chunk(b"VP8X", &[&[flags, 0, 0, 0], sides.as_slice()].concat())
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    chunk(b"RIFF", &[b"WEBP", chunks].concat())
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = &[0][..content.len() & 1];
    [kind, (content.len() as u32).to_le_bytes().as_slice(), content, padding].concat()
}

/// The three low bytes of `value`, least significant first.
fn u24(value: u32) -> [u8; 3] {
    let [low, middle, high, _] = value.to_le_bytes();
    [low, middle, high]
}

fn no_pixels() -> CodecError {
    not_encoded("the image has no pixels")
}

fn not_encoded(what: &'static str) -> CodecError {
    CodecError::NotEncoded(FORMAT, what.into())
}
