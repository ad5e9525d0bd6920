//! GIF: decoded and encoded by the `gif` crate, which is Rust without `unsafe`; frames are composed and
//! palettes are made here.

mod decode;
mod encode;
mod palette;

use crate::animation::{check_frames, frames_bytes};
use crate::colour;
use crate::header::check_pixels;
use safelight_core::{Codec, Decode, Encode, Geometry, Header, Image, Limits, Orientation, Result};

/// What errors call this codec.
const NAME: &str = "gif";

/// The canvas, what it was before a frame that leaves nothing behind, the indices of a frame, and what the
/// canvas looks like with it.
const PIXEL_BYTES: u32 = 4 + 4 + 1 + 4;

/// The GIF format.
#[derive(Debug)]
pub struct Gif;

impl Codec for Gif {
    fn mime(&self) -> &'static str {
        "image/gif"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")
    }

    fn is_animated(&self) -> bool {
        true
    }

    fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header> {
        let size = decode::canvas(bytes)?;
        check_pixels(NAME, size, limits)?;
        let frames = decode::count_frames(bytes, limits)?;
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        Ok(Header { geometry, is_animated: 1 < frames, frames, has_palette: true, pixel_bytes: PIXEL_BYTES })
    }

    fn decode_bytes(&self, _head: &[u8], header: &Header, decode: &Decode, limits: &Limits) -> u64 {
        // A profile and a packet of XMP are held, and grow by doubling.
        let metadata = limits.max_metadata_bytes.saturating_mul(4).saturating_add(colour::PROFILE_BYTES);
        frames_bytes(header, decode, limits).saturating_add(metadata)
    }

    fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image> {
        let size = decode::canvas(bytes)?;
        check_pixels(NAME, size, limits)?;
        if decode.all_frames {
            check_frames(NAME, size, decode::count_frames(bytes, limits)?, limits)?;
        }
        decode::image(bytes, size, decode, limits)
    }

    fn encode(&self, image: &Image, _options: &Encode) -> Result<Vec<u8>> {
        encode::image(image)
    }
}
