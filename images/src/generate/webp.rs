//! The WebP samples.

use super::metadata::exif::Exif;
use super::metadata::{icc, xmp};
use super::{GenerateError, Picture, Result};
use bytes::Bytes;
use img_parts::riff::{RiffChunk, RiffContent};
use img_parts::webp::{
    CHUNK_ANIM, CHUNK_ANMF, CHUNK_EXIF, CHUNK_ICCP, CHUNK_VP8, CHUNK_VP8X, CHUNK_XMP, WebP,
};

/// Flags of `VP8X` (WebP container specification, "Extended File Format").
const ICC: u8 = 0x20;
const EXIF: u8 = 0x08;
const XMP: u8 = 0x04;
const ANIMATION: u8 = 0x02;

/// Returns a lossy image with all three kinds of metadata.
pub(super) fn still(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(640, 427);
    let exif = Exif { display_p3: true, ..Exif::new(&picture, 1) };
    container(
        &picture,
        ICC | EXIF | XMP,
        vec![
            (CHUNK_ICCP, icc::display_p3()),
            (CHUNK_VP8, lossy(&picture.to_display_p3())?),
            (CHUNK_EXIF, exif.to_bytes()?),
            (CHUNK_XMP, xmp::packet("").into_bytes()),
        ],
    )
}

/// Returns an image that is stored rotated by a quarter turn.
pub(super) fn oriented(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(320, 214).with_up().stored(6);
    let exif = Exif { big_endian: true, ..Exif::new(&picture, 6) };
    container(&picture, EXIF, vec![(CHUNK_VP8, lossy(&picture)?), (CHUNK_EXIF, exif.to_bytes()?)])
}

/// Returns a pan over the lake. Its EXIF chunk starts with the six bytes that precede the block in JPEG.
pub(super) fn animated(scene: &Picture) -> Result<Vec<u8>> {
    let frames = super::pan(scene, 4);
    let exif = Exif::new(&frames[0], 1);
    // Background colour, then 0 for an endless loop.
    let mut chunks = vec![(CHUNK_ANIM, vec![0; 6])];
    for frame in &frames {
        chunks.push((CHUNK_ANMF, animation_frame(frame)?));
    }
    chunks.push((CHUNK_EXIF, [b"Exif\0\0".to_vec(), exif.to_bytes()?].concat()));
    chunks.push((CHUNK_XMP, xmp::packet("").into_bytes()));
    container(&frames[0], ANIMATION | EXIF | XMP, chunks)
}

/// Returns the content of an `ANMF` chunk: position at the top left, 250 ms, no blending, then the image.
fn animation_frame(frame: &Picture) -> Result<Vec<u8>> {
    let place = [0, 0, frame.w as u32 - 1, frame.h as u32 - 1, 250].map(u24).concat();
    let picture = chunk((CHUNK_VP8, lossy(frame)?)).encoder().bytes();
    Ok([place.as_slice(), &[0x02], &picture[..]].concat())
}

/// Returns the content of the `VP8 ` chunk that libwebp encodes from `picture`.
fn lossy(picture: &Picture) -> Result<Vec<u8>> {
    let encoder = webpx::Encoder::new_rgb(&picture.rgb, picture.w as u32, picture.h as u32);
    let file = encoder.quality(75.0).encode(webpx::Unstoppable);
    let file = file.map_err(|error| GenerateError::Webp(error.to_string()))?;
    let webp = WebP::from_bytes(Bytes::from(file))?;
    let content = webp.chunk_by_id(CHUNK_VP8).and_then(|chunk| chunk.content().data().cloned());
    content.map(Vec::from).ok_or_else(|| GenerateError::Webp("no VP8 chunk".to_owned()))
}

/// Returns a file in the extended format: `VP8X` for a canvas with the size of `picture`, then `chunks`.
fn container(picture: &Picture, flags: u8, chunks: Vec<([u8; 4], Vec<u8>)>) -> Result<Vec<u8>> {
    let canvas = [picture.w as u32 - 1, picture.h as u32 - 1].map(u24).concat();
    let head = (CHUNK_VP8X, [&[flags, 0, 0, 0], canvas.as_slice()].concat());
    let subchunks = std::iter::once(head).chain(chunks).map(chunk).collect();
    let riff = RiffChunk::new(*b"RIFF", RiffContent::List { kind: Some(*b"WEBP"), subchunks });
    Ok(WebP::new(riff)?.encoder().bytes().to_vec())
}

fn chunk((id, content): ([u8; 4], Vec<u8>)) -> RiffChunk {
    RiffChunk::new(id, RiffContent::Data(Bytes::from(content)))
}

/// Returns the three low bytes of `value`, least significant first.
fn u24(value: u32) -> [u8; 3] {
    let [low, middle, high, _] = value.to_le_bytes();
    [low, middle, high]
}
