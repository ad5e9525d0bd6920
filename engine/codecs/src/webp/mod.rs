//! WebP, still and animated: decoded by `image-webp`, which is Rust without `unsafe`, encoded by
//! libwebp, which sees only our own samples.

mod decode;
mod encode;
mod file;
mod planes;
mod segments;

use crate::animation::{check_frames, frames_bytes};
use crate::colour;
use crate::header::{check_pixels, orientation};
use file::File;
use safelight_core::{Codec, Decode, Encode, Geometry, Header, Image, Limits, Result};

/// What errors call this codec.
const NAME: &str = "webp";

/// The WebP format.
#[derive(Debug)]
pub struct Webp;

impl Codec for Webp {
    fn mime(&self) -> &'static str {
        "image/webp"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(head, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..])
    }

    fn is_animated(&self) -> bool {
        true
    }

    fn carries_profile(&self) -> bool {
        true
    }

    fn chroma(&self, options: &Encode) -> Option<(u8, u8)> {
        // RFC 6386, section 5; lossless pictures have colours.
        (!options.lossless).then_some((2, 2))
    }

    fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header> {
        let file = File::from_bytes(bytes)?;
        check_pixels(NAME, file.canvas, limits)?;
        let frames = file.count_frames(limits);
        let geometry = Geometry { size: file.canvas, orientation: orientation(bytes, limits) };
        let is_animated = 1 < frames;
        Ok(Header {
            geometry,
            is_animated,
            frames,
            has_palette: false,
            pixel_bytes: file.pixel_bytes(limits),
        })
    }

    fn decode_bytes(&self, _head: &[u8], header: &Header, decode: &Decode, limits: &Limits) -> u64 {
        let metadata = limits.max_metadata_bytes.saturating_mul(2).saturating_add(colour::PROFILE_BYTES);
        frames_bytes(header, decode, limits).saturating_add(file::SPARE_BYTES).saturating_add(metadata)
    }

    fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image> {
        let file = File::from_bytes(bytes)?;
        check_pixels(NAME, file.canvas, limits)?;
        if decode.all_frames {
            check_frames(NAME, file.canvas, file.count_frames(limits), limits)?;
        }
        decode::image(&file, orientation(bytes, limits), decode, limits)
    }

    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>> {
        encode::image(image, options)
    }
}
