//! ICO: the directory is read here; its images are PNG files, or bitmaps with a mask.

use crate::bmp::{self, Bitmap, Dib, replaced, row_bytes};
use crate::error::CodecError;
use crate::png::Png;
use crate::{colour, guard};
use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened, Orientation,
    Result, Samples, Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Ico;

/// Decodes the largest image of an ICO; of several, the deepest; of several, the first.
#[derive(Debug)]
pub struct Ico;

impl Decoder for Ico {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        let image = largest(&source)?;
        if image.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Png.open(image, limits);
        }
        guard::open(FORMAT, || OpenedIcon::new(&image, limits))
    }
}

/// The bytes of the image that is shown.
///
/// The directory only chooses it: programs write wrong sizes and depths there, and viewers believe the image.
fn largest(source: &Bytes) -> Result<Bytes, CodecError> {
    const HEADER_BYTES: usize = 6;
    let damaged = || CodecError::Damaged(FORMAT, "no image in the directory".into());
    let [.., low, high] = *source.first_chunk::<HEADER_BYTES>().ok_or_else(damaged)?;
    let count = usize::from(u16::from_le_bytes([low, high]));
    let entries = source[HEADER_BYTES..].as_chunks::<16>().0.iter().take(count);
    // Of equal ones, `max_by_key` returns the last.
    let entry = entries.rev().max_by_key(|entry| rank(entry)).ok_or_else(damaged)?;
    let [.., length, start] = entry.as_chunks::<4>().0 else { return Err(damaged()) };
    let [length, start] = [length, start].map(|bytes| u32::from_le_bytes(*bytes) as usize);
    if source.len() <= start {
        return Err(damaged());
    }
    Ok(source.slice(start..start.saturating_add(length).min(source.len())))
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
    /// Whether the bitmap has an alpha of its own.
    has_alpha: bool,
    mask: Bytes,
    icc: Option<Vec<u8>>,
}

impl OpenedIcon {
    fn new(image: &Bytes, limits: &Limits) -> Result<Self> {
        let damaged = || CodecError::Damaged(FORMAT, "the header of a bitmap is cut short".into());
        let dib = Dib::read(image).ok_or_else(damaged)?;
        let (head, rest) = dib.icon_head(image).ok_or_else(damaged)?;
        let bitmap = Bitmap::new(FORMAT, replaced(head, image, rest), limits)?;
        let mask_at = dib.mask_at().unwrap_or(image.len()).min(image.len());
        let geometry = Geometry { size: bitmap.size, orientation: Orientation::UPRIGHT };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes: 1 };
        let icc = dib.profile(image).filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
        let (has_alpha, mask, icc) = (dib.has_alpha(), image.slice(mask_at..), icc.map(<[u8]>::to_vec));
        Ok(Self { bitmap, header, has_alpha, mask, icc })
    }
}

impl Opened for OpenedIcon {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// The bitmap, and the same with alpha.
        const PIXEL_BYTES: u64 = 4 + 4;
        bmp::cost(self.bitmap.size, PIXEL_BYTES, self.icc.as_ref().map_or(0, Vec::len))
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let Self { bitmap, has_alpha, mask, icc, .. } = *self;
        let (size, model) = (bitmap.size, bitmap.model);
        let samples = bitmap.samples()?;
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
