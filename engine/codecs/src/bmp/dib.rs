//! The header of a device-independent bitmap: of a BMP file, and of an image in an ICO. The versions are those of Windows
//! GDI (`BITMAPCOREHEADER` to `BITMAPV5HEADER`), and of OS/2.

use crate::error::CodecError;
use safelight_core::{Format, Size};
use std::ops::Range;

/// A header and palette. Positions count from the first byte of the header.
pub(crate) struct Dib {
    pub(crate) size: Size,
    is_top_down: bool,
    pub(super) bits: u32,
    pub(super) coding: Coding,
    /// Masks of red, green, blue and alpha; 0 for a channel that is not there.
    pub(super) masks: [u32; 4],
    /// `[r, g, b]`; empty for pixels that are colours.
    pub(super) palette: Vec<[u8; 3]>,
    samples_at: usize,
    profile: Option<Range<usize>>,
}

/// The coding of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Rows that are padded to multiples of four bytes.
    Plain,
    /// Runs of pixels of 4, 8 or 24 bits.
    Runs,
}

/// The place of a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file, whose header states where the samples are.
    File { samples_at: usize },
    /// An ICO, in which the height includes a mask, and 32 bits include alpha.
    Icon,
}

const CORE_HEADER_BYTES: u32 = 12;
const INFO_HEADER_BYTES: u32 = 40;
/// The header with masks of red, green and blue, with one of alpha, and with a profile.
const V2_HEADER_BYTES: u32 = 52;
const V3_HEADER_BYTES: u32 = 56;
const V5_HEADER_BYTES: u32 = 124;
/// The header of OS/2 2.0, which may be cut after any field.
const OS2_HEADER_BYTES: u32 = 64;

const UNCOMPRESSED: u32 = 0;
const RLE8: u32 = 1;
const RLE4: u32 = 2;
const BITFIELDS: u32 = 3;
/// The number of OS/2.
const RLE24: u32 = 4;
/// `BITFIELDS` with a mask of alpha, of Windows CE.
const ALPHA_BITFIELDS: u32 = 6;

/// Masks of 16 bits, of 32, and of 32 with alpha.
const MASKS_16: [u32; 4] = [0x7C00, 0x03E0, 0x001F, 0];
const MASKS_32: [u32; 4] = [0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0];
const MASKS_ALPHA: [u32; 4] = [0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0xFF00_0000];

impl Dib {
    /// Reads the header at the start of `dib`; errors name `format`.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] and [`CodecError::Unsupported`].
    pub(crate) fn read(format: Format, dib: &[u8], place: Place) -> Result<Self, CodecError> {
        let damaged = |what: &'static str| CodecError::Damaged(format, what.into());
        let cut = || damaged("the header is cut short");
        let header = u32_at(dib, 0).ok_or_else(cut)?;
        // A field of a header that ends before it is 0.
        let field = |at: usize| if header as usize <= at { Some(0) } else { u32_at(dib, at) };
        let is_core = header == CORE_HEADER_BYTES;
        let (width, height, bits) = if is_core {
            let [width, height, bits] = [4, 6, 10].map(|at| u16_at(dib, at).map(i32::from));
            (width, height, bits)
        } else {
            let [width, height] = [4, 8].map(|at| u32_at(dib, at).map(u32::cast_signed));
            (width, height, u16_at(dib, 14).map(i32::from))
        };
        let (Some(width), Some(height), Some(bits)) = (width, height, bits) else { return Err(cut()) };
        let is_icon = place == Place::Icon;
        let rows = if is_icon { height / 2 } else { height };
        let width = u32::try_from(width).map_err(|_| damaged("a negative width"))?;
        let bits = bits.cast_unsigned();
        let (compression, stated) =
            if is_core { (0, 0) } else { (field(16).ok_or_else(cut)?, field(32).ok_or_else(cut)?) };
        let is_os2 = header == OS2_HEADER_BYTES || header < INFO_HEADER_BYTES;
        let coding = match (compression, bits) {
            (UNCOMPRESSED, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64) | (ALPHA_BITFIELDS, 16 | 32) => Coding::Plain,
            // The number of fax coding in OS/2.
            (BITFIELDS, 16 | 32) if !is_os2 => Coding::Plain,
            (RLE8, 8) | (RLE4, 4) => Coding::Runs,
            (RLE24, 24) if is_os2 => Coding::Runs,
            _ => {
                return Err(CodecError::Unsupported(
                    format,
                    "a coding or depth of BMP that few programs write",
                ));
            }
        };
        let (masks, mask_bytes) = masks(dib, header, (compression, bits), is_icon).ok_or_else(cut)?;
        let palette_at = header as usize + mask_bytes;
        let entry_bytes = if is_core { 3 } else { 4 };
        let (palette, palette_bytes) = if bits <= 8 {
            let count = if stated == 0 { 1 << bits } else { stated };
            let most = match place {
                Place::File { samples_at } if palette_at < samples_at => samples_at - palette_at,
                _ => usize::MAX,
            };
            let bytes = (count as usize).saturating_mul(entry_bytes).min(most);
            let entries = dib.get(palette_at..).unwrap_or_default();
            let entries = entries.get(..bytes.min(entry_bytes << bits)).unwrap_or(entries);
            let entries = entries.chunks_exact(entry_bytes).take(1 << bits);
            (entries.map(|entry| [entry[2], entry[1], entry[0]]).collect(), bytes)
        } else {
            (Vec::new(), (stated as usize).saturating_mul(entry_bytes))
        };
        let after = palette_at.saturating_add(palette_bytes);
        // Some programs state the end of the header, as if there were no palette.
        let samples_at = match place {
            Place::File { samples_at } if palette_at < samples_at => samples_at,
            Place::File { samples_at } if palette_at == samples_at && palette.is_empty() => samples_at,
            _ => after,
        };
        Ok(Self {
            size: Size::new(width, rows.unsigned_abs()),
            is_top_down: rows < 0,
            bits,
            coding,
            masks,
            palette,
            samples_at,
            profile: (header == V5_HEADER_BYTES).then(|| embedded_profile(dib)).flatten(),
        })
    }

    /// The ICC profile in `dib`, the bytes from the header on.
    pub(crate) fn profile<'a>(&self, dib: &'a [u8]) -> Option<&'a [u8]> {
        dib.get(self.profile.clone()?)
    }

    /// Whether each pixel has alpha.
    pub(crate) const fn has_alpha(&self) -> bool {
        self.masks[3] != 0 || self.bits == 64
    }

    /// The samples in `dib`.
    pub(super) fn samples<'a>(&self, dib: &'a [u8]) -> &'a [u8] {
        dib.get(self.samples_at..).unwrap_or_default()
    }

    /// The row of the image that is number `row` in the file, where the lowest is first.
    pub(super) const fn place_of(&self, row: u32) -> u32 {
        if self.is_top_down { row } else { self.size.h - 1 - row }
    }

    /// The position of the mask of an image of an ICO, one bit for each pixel, after its samples.
    pub(crate) fn mask_at(&self) -> Option<usize> {
        let samples = row_bytes(self.size.w, self.bits)?.checked_mul(self.size.h as usize)?;
        (self.coding == Coding::Plain).then(|| self.samples_at.checked_add(samples))?
    }
}

/// The masks of the channels, and the bytes that they take after the header.
fn masks(
    dib: &[u8],
    header: u32,
    (compression, bits): (u32, u32),
    is_icon: bool,
) -> Option<([u32; 4], usize)> {
    let at = |index: usize| u32_at(dib, INFO_HEADER_BYTES as usize + 4 * index);
    Some(match compression {
        BITFIELDS | ALPHA_BITFIELDS => {
            let has_alpha = compression == ALPHA_BITFIELDS || V3_HEADER_BYTES <= header;
            let bytes = match header {
                V2_HEADER_BYTES.. => 0,
                _ if has_alpha => 16,
                _ => 12,
            };
            ([at(0)?, at(1)?, at(2)?, if has_alpha { at(3)? } else { 0 }], bytes)
        }
        _ if bits == 16 => (MASKS_16, 0),
        _ if bits == 32 => (if is_icon { MASKS_ALPHA } else { MASKS_32 }, 0),
        _ => ([0; 4], 0),
    })
}

/// The bytes of a BMP file before its header.
pub(crate) const FILE_HEADER_BYTES: usize = 14;

/// The bytes of a row, which is padded to a multiple of four.
pub(crate) fn row_bytes(width: u32, bits: u32) -> Option<usize> {
    (width as usize).checked_mul(bits as usize).map(|bits| bits.div_ceil(32) * 4)
}

/// The position of the profile in a `BITMAPV5HEADER` that states an embedded one.
fn embedded_profile(dib: &[u8]) -> Option<Range<usize>> {
    /// `PROFILE_EMBEDDED`.
    const EMBEDDED: u32 = u32::from_be_bytes(*b"MBED");
    let is_embedded = u32_at(dib, 56)? == EMBEDDED;
    let start = u32_at(dib, 112)? as usize;
    let range = start..start.checked_add(u32_at(dib, 116)? as usize)?;
    is_embedded.then_some(range)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
