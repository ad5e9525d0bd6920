//! What the headers of a source say of the picture.

mod jpeg;
mod png;
mod webp;
mod gif;
mod bmp;
mod ico;
mod tiff;
mod heif;
mod jpeg2000;
mod jxl;
mod psd;
mod bits;

use crate::piece::Piece;
use bytes::Bytes;
use safelight_containers::raw_preview;
use safelight_core::{Limits, Orientation};
use safelight_formats::Format;
use serde::Serialize;

/// What is known of a picture. Fields that the format does not have, or that were not read, are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facts {
    /// Columns and rows as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) height: Option<u32>,
    /// Columns and rows of the part that is shown, before the orientation, if it is not all.
    #[serde(skip)]
    pub(crate) part: Option<(u32, u32)>,
    /// EXIF orientation, 1 to 8, that the format itself states; EXIF may state another.
    #[serde(skip)]
    pub(crate) orientation: Option<Orientation>,
    /// Bits of a stored sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bit_depth: Option<u8>,
    /// `Gray`, `RGB`, `Palette`, `YCbCr`, `CMYK`, `YCCK` or `Lab`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) color_space: Option<&'static str>,
    /// Such as `4:2:0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chroma_subsampling: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_alpha: Option<bool>,
    /// Whether an image shows early and sharpens as more arrives: progressive or interlaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) progressive: Option<bool>,
    /// Frames of an animation; 1 for a still image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frames: Option<u32>,
    /// Images in the file that are no frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pages: Option<u32>,
    /// How often an animation plays; 0 for ever.
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub(crate) plays: Option<u32>,
    /// The sum of the frames' delays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u64>,
}

impl Facts {
    /// Adds what `piece` of a source of `format` says, which is of a format that streams.
    pub(crate) fn add(&mut self, format: Format, piece: &Piece) {
        let added = match format {
            Format::Jpeg => jpeg::add(self, &piece.head),
            Format::Png => png::add(self, &piece.head),
            Format::Webp => webp::add(self, &piece.head),
            Format::Gif => gif::add(self, &piece.head),
            _ => None,
        };
        // A header that is too short says nothing.
        let _ = added;
    }

    /// Reads a whole source of a format that does not stream.
    pub(crate) fn read(format: Format, source: &Bytes, limits: &Limits) -> Self {
        let facts = match format {
            Format::Bmp => bmp::read(source),
            Format::Ico => ico::read(source),
            Format::Tiff => tiff::read(source),
            Format::Heic | Format::Avif | Format::Heif => heif::read(source, format, limits),
            Format::Jpeg2000 => jpeg2000::read(source),
            Format::JpegXl => jxl::read(source),
            Format::Psd => psd::read(source),
            Format::Raw => raw(source),
            _ => None,
        };
        facts.unwrap_or_default()
    }

    /// Whether `format` is read while it arrives.
    pub(crate) const fn stream(format: Format) -> bool {
        matches!(format, Format::Jpeg | Format::Png | Format::Webp | Format::Gif)
    }

    /// The displayed columns and rows, for the orientation `orientation`.
    pub(crate) fn displayed(&self, orientation: Orientation) -> Option<(u32, u32)> {
        let (width, height) = self.part.or_else(|| self.width.zip(self.height))?;
        Some(if 5 <= orientation.get() { (height, width) } else { (width, height) })
    }
}

/// Camera raw files: what is decoded is their photo.
fn raw(source: &[u8]) -> Option<Facts> {
    let preview = raw_preview(source)?;
    let mut facts = jpeg::read(source.get(preview.jpeg)?)?;
    facts.orientation = preview.orientation;
    Some(facts)
}

fn be16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let &[a, b, c] = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
