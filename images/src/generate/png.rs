//! The PNG samples.

use super::metadata::exif::Exif;
use super::metadata::{CREATOR, NOTE, c2pa, icc, xmp};
use super::{Picture, Result};
use png::chunk::ChunkType;
use png::{BitDepth, ColorType, Encoder, Info, PixelDimensions, Unit};
use std::fmt::Write;

/// Returns a PNG with every chunk that can contain text, before and after the pixels, and bytes after the
/// end.
pub(super) fn text_chunks(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(240, 160);
    let mut info = info(&picture);
    info.icc_profile = Some(icc::display_p3().into());
    info.pixel_dims = Some(PixelDimensions { xppu: 2835, yppu: 2835, unit: Unit::Meter });
    let exif = Exif { display_p3: true, ..Exif::new(&picture, 1) }.to_bytes()?;

    let mut out = Vec::new();
    let mut encoder = Encoder::with_info(&mut out, info)?;
    encoder.add_text_chunk("Author".to_owned(), CREATOR.to_owned())?;
    encoder.add_text_chunk("Creation Time".to_owned(), "Sun, 21 Jun 2026 20:41:07 +0200".to_owned())?;
    encoder.add_ztxt_chunk("Comment".to_owned(), NOTE.to_owned())?;
    encoder.add_ztxt_chunk("Raw profile type exif".to_owned(), raw_profile("exif", &exif))?;
    encoder.add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp::packet(""))?;
    encoder.add_itxt_chunk("Description".to_owned(), format!("Večer nad jezerom. {NOTE}"))?;
    let mut writer = encoder.write_header()?;
    writer.write_chunk(ChunkType(*b"eXIf"), &exif)?;
    writer.write_chunk(ChunkType(*b"slNt"), NOTE.as_bytes())?;
    writer.write_image_data(&picture.to_display_p3().rgb)?;
    // 2026-06-21, 18:41:07 UTC.
    let time = [2026u16.to_be_bytes().as_slice(), &[6, 21, 18, 41, 7]].concat();
    writer.write_chunk(ChunkType(*b"tIME"), &time)?;
    writer.write_chunk(ChunkType(*b"tEXt"), &[b"Warning\0", NOTE.as_bytes()].concat())?;
    writer.finish()?;
    Ok([&out, b"after the end: ".as_slice(), NOTE.as_bytes()].concat())
}

/// Returns an image that is stored rotated by a quarter turn.
pub(super) fn oriented(scene: &Picture) -> Result<Vec<u8>> {
    let picture = scene.shrunk(192, 128).with_up().stored(6);
    let mut info = info(&picture);
    let exif = Exif { big_endian: true, ..Exif::new(&picture, 6) };
    info.exif_metadata = Some(exif.to_bytes()?.into());
    let mut out = Vec::new();
    Encoder::with_info(&mut out, info)?.write_header()?.write_image_data(&picture.rgb)?;
    Ok(out)
}

/// Returns an APNG that pans over the lake; viewers without APNG show its first frame.
pub(super) fn animated(scene: &Picture) -> Result<Vec<u8>> {
    let frames = super::pan(scene, 3);
    let mut out = Vec::new();
    let mut encoder = Encoder::with_info(&mut out, info(&frames[0]))?;
    encoder.set_animated(frames.len() as u32, 0)?;
    encoder.set_frame_delay(1, 4)?;
    encoder.add_text_chunk("Author".to_owned(), CREATOR.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_chunk(ChunkType(*b"caBX"), &c2pa::manifest())?;
    for frame in &frames {
        writer.write_image_data(&frame.rgb)?;
    }
    writer.finish()?;
    Ok(out)
}

fn info(picture: &Picture) -> Info<'static> {
    let mut info = Info::with_size(picture.w as u32, picture.h as u32);
    info.color_type = ColorType::Rgb;
    info.bit_depth = BitDepth::Eight;
    info
}

/// Returns `block` in the text form of `ImageMagick`: name, length, and hexadecimal digits in lines of 72.
fn raw_profile(name: &str, block: &[u8]) -> String {
    let block = [b"Exif\0\0", block].concat();
    let mut text = format!("\n{name}\n{:8}", block.len());
    for (at, byte) in block.iter().enumerate() {
        let gap = if at % 36 == 0 { "\n" } else { "" };
        // Writing into a string cannot fail.
        let _ = write!(text, "{gap}{byte:02x}");
    }
    text + "\n"
}
