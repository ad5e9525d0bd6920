//! AVIF: encoded by `ravif`, which is Rust; not decoded, for reasons that the README gives.

use crate::error::CodecError;
use crate::rgb8::Rgb8;
use ravif::{BitDepth, EncodedImage, Encoder, Img, RGB8, RGBA8};
use safelight_core::{Codec, Decode, Encode, Header, Image, Limits, Result, Size};

/// What errors call this codec.
const NAME: &str = "avif";
const DEFAULT_QUALITY: u8 = 50;
/// Of 1, slow, to 10.
const SPEED: u8 = 9;
/// The longest side that an AV1 sequence header can state (AV1 bitstream specification, section 5.5.1).
const MOST_SIDE: u32 = 1 << 16;

/// The AVIF format: encoded only.
#[derive(Debug)]
pub struct Avif;

impl Codec for Avif {
    fn mime(&self) -> &'static str {
        "image/avif"
    }

    /// Whether the brands of the file name AVIF (AV1 Image File Format, section 6).
    fn sniff(&self, head: &[u8]) -> bool {
        let Some(([a, b, c, d, b'f', b't', b'y', b'p'], rest)) = head.split_first_chunk::<8>() else {
            return false;
        };
        let bytes = u32::from_be_bytes([*a, *b, *c, *d]).saturating_sub(8) as usize;
        let brands = rest.get(..bytes).unwrap_or(rest).chunks_exact(4);
        // The second is not a brand but the version of the first.
        brands.enumerate().any(|(at, brand)| at != 1 && matches!(brand, b"avif" | b"avis"))
    }

    fn header(&self, _bytes: &[u8], _limits: &Limits) -> Result<Header> {
        Err(CodecError::Unsupported(NAME, "AVIF").into())
    }

    fn decode_bytes(&self, _head: &[u8], _header: &Header, _decode: &Decode, _limits: &Limits) -> u64 {
        0
    }

    fn decode(&self, _bytes: &[u8], _decode: &Decode, _limits: &Limits) -> Result<Image> {
        Err(CodecError::Unsupported(NAME, "AVIF").into())
    }

    /// Encodes the first frame, in sRGB and without metadata.
    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>> {
        let not_encoded = |cause| CodecError::NotEncoded(NAME, cause);
        let mut frame = image.frames.first().ok_or_else(|| not_encoded("there is no frame".into()))?;
        let mut converted = None;
        if let Some(profile) = &image.profile {
            // The encoder writes no profile.
            let copy = converted.insert(frame.clone());
            profile.to_srgb(std::slice::from_mut(copy));
            frame = copy;
        }
        let picture = Rgb8::from_frame(NAME, frame)?;
        let size = picture.size;
        if MOST_SIDE < size.w || MOST_SIDE < size.h {
            return Err(CodecError::TooLong { codec: NAME, size, max: MOST_SIDE }.into());
        }
        let quality = f32::from(options.quality.unwrap_or(DEFAULT_QUALITY));
        let encoder = Encoder::new()
            .with_quality(quality)
            .with_alpha_quality(quality)
            .with_speed(SPEED)
            .with_bit_depth(BitDepth::Eight)
            .with_num_threads(Some(1));
        let result =
            if picture.has_alpha { encode_rgba(&encoder, &picture) } else { encode_rgb(&encoder, &picture) };
        Ok(result.map_err(|error| not_encoded(Box::new(error)))?.avif_file)
    }
}

fn encode_rgb(encoder: &Encoder, picture: &Rgb8) -> Result<EncodedImage, ravif::Error> {
    let (pixels, _) = picture.samples.as_chunks();
    let pixels: Vec<_> = pixels.iter().map(|[r, g, b]| RGB8::new(*r, *g, *b)).collect();
    let Size { w, h } = picture.size;
    encoder.encode_rgb(Img::new(&pixels, w as usize, h as usize))
}

fn encode_rgba(encoder: &Encoder, picture: &Rgb8) -> Result<EncodedImage, ravif::Error> {
    let (pixels, _) = picture.samples.as_chunks();
    let pixels: Vec<_> = pixels.iter().map(|[r, g, b, a]| RGBA8::new(*r, *g, *b, *a)).collect();
    let Size { w, h } = picture.size;
    encoder.encode_rgba(Img::new(&pixels, w as usize, h as usize))
}
