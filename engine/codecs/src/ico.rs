//! ICO: the directory is read here; its images are PNG files, or bitmaps with a mask.

use crate::bmp::{Bitmap, Place, row_bytes};
use crate::error::CodecError;
use crate::png::Png;
use crate::{colour, guard};
use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened, Result, Samples,
    Size, Stop, no_page,
};

/// The format in errors.
const FORMAT: Format = Format::Ico;

/// Decodes an image of an ICO: a page in the order of the directory, or the largest; of several, the deepest; of several,
/// the first.
#[derive(Debug)]
pub struct Ico;

impl Decoder for Ico {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        // Of equal ones, `max_by_key` returns the last.
        let largest = entries(&source)?.iter().rev().max_by_key(|entry| rank(entry));
        open_image(&source, largest.ok_or_else(no_image)?, limits)
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        let entries = entries(&source)?;
        let entry = entries.get(page as usize).ok_or_else(|| no_page(page, entries.len() as u32))?;
        open_image(&source, entry, limits)
    }
}

/// Opens the image of an entry.
///
/// The directory only says where it is: programs write wrong sizes and depths there, and viewers believe the image.
fn open_image(source: &Bytes, entry: &[u8; 16], limits: &Limits) -> Result<Box<dyn Opened>> {
    let [.., length, start] = entry.as_chunks::<4>().0 else { return Err(no_image().into()) };
    let [length, start] = [length, start].map(|bytes| u32::from_le_bytes(*bytes) as usize);
    if source.len() <= start {
        return Err(no_image().into());
    }
    let image = source.slice(start..start.saturating_add(length).min(source.len()));
    if image.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Png.open(image, limits);
    }
    guard::open(FORMAT, || OpenedIcon::new(&image, limits))
}

/// The entries of the directory; at least one.
fn entries(source: &[u8]) -> Result<&[[u8; 16]], CodecError> {
    const HEADER_BYTES: usize = 6;
    let [.., low, high] = *source.first_chunk::<HEADER_BYTES>().ok_or_else(no_image)?;
    let entries = source[HEADER_BYTES..].as_chunks::<16>().0;
    let count = entries.len().min(u16::from_le_bytes([low, high]).into());
    if count == 0 { Err(no_image()) } else { Ok(&entries[..count]) }
}

fn no_image() -> CodecError {
    CodecError::Damaged(FORMAT, "no image in the directory".into())
}

/// The pixels of an entry, and the bits of each.
fn rank(entry: &[u8; 16]) -> (u32, u32) {
    let [w, h, colours, _, _, _, low, high, ..] = *entry;
    // A side of 256 does not fit.
    let side = |side: u8| if side == 0 { 256 } else { u32::from(side) };
    let bits = match (u16::from_le_bytes([low, high]), colours) {
        // All the colours that there can be.
        (0, 0) => u32::MAX,
        (0, colours) => u32::from(colours).next_power_of_two().ilog2(),
        (bits, _) => bits.into(),
    };
    (side(w) * side(h), bits)
}

/// A bitmap, and its mask.
struct OpenedIcon {
    bitmap: Bitmap,
    header: Header,
    mask: Bytes,
}

impl OpenedIcon {
    fn new(image: &Bytes, limits: &Limits) -> Result<Self> {
        let bitmap = Bitmap::new(FORMAT, image.clone(), Place::Icon, limits)?;
        let mask_at = bitmap.dib.mask_at().unwrap_or(image.len()).min(image.len());
        Ok(Self { header: bitmap.header(), bitmap, mask: image.slice(mask_at..) })
    }
}

impl Opened for OpenedIcon {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// The bitmap with alpha.
        const PIXEL_BYTES: u64 = 4;
        self.bitmap.cost(PIXEL_BYTES)
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { bitmap, mask, header: Header { geometry: Geometry { size, .. }, .. } } = *self;
        let (model, samples) = bitmap.samples(stop)?;
        let (has_alpha, icc) = (bitmap.dib.has_alpha(), bitmap.icc);
        let mut rgba = match model {
            Model::Rgba => samples,
            Model::Grey => samples.iter().flat_map(|&grey| [grey, grey, grey, u8::MAX]).collect(),
            _ => samples.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, u8::MAX]).collect(),
        };
        // The mask counts only where there is no alpha; programs without alpha leave the byte at 0, as in Chrome's
        // reader.
        if !has_alpha || rgba.iter().skip(3).step_by(4).all(|alpha| *alpha == 0) {
            rgba.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = u8::MAX);
            apply_mask(&mut rgba, size, &mask);
        }
        let mut frames = vec![Frame::whole(size, Model::Rgba, Samples::U8(rgba))];
        let profile = colour::to_srgb(&mut frames, icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

/// Makes the pixels transparent whose bit in `mask` is 1. The first row is the lowest; a mask may be cut short.
fn apply_mask(rgba: &mut [u8], size: Size, mask: &[u8]) {
    let Some(row_bytes) = row_bytes(size.w, 1).filter(|bytes| 0 < *bytes) else { return };
    let rows = rgba.chunks_exact_mut(size.w as usize * 4).rev();
    for (row, bits) in rows.zip(mask.chunks(row_bytes)) {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            if bits.get(x / 8).is_some_and(|byte| byte >> (7 - x % 8) & 1 == 1) {
                pixel[3] = 0;
            }
        }
    }
}
