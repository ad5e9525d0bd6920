//! The header of a device-independent bitmap: of a BMP file, and of an image in an ICO.
//!
//! The `image` crate decodes the samples. It rejects some headers that every viewer accepts, so those are stated in the
//! form that it knows, without a change of any length.

use bytes::Bytes;
use std::ops::Range;

/// A header of `BITMAPINFOHEADER` or a later version, whose positions count from its first byte.
pub(crate) struct Dib {
    /// The length of the header without masks and palette that follow it.
    header_bytes: u32,
    pub(crate) width: u32,
    /// Negative if the first row is at the top.
    pub(crate) height: i32,
    pub(crate) bits: u16,
    compression: u32,
    /// Entries of the palette; 0 for as many as the bits allow.
    palette: u32,
    profile: Option<Range<usize>>,
}

const INFO_HEADER_BYTES: u32 = 40;
/// The header with masks of red, green, blue and alpha.
const V3_HEADER_BYTES: u32 = 56;
const V5_HEADER_BYTES: u32 = 124;

/// The field of the length of the header, and others (Windows GDI, `BITMAPV5HEADER`).
const AT_HEADER_BYTES: usize = 0;
const AT_HEIGHT: usize = 8;
const AT_COMPRESSION: usize = 16;
const AT_PALETTE: usize = 32;
const AT_MASKS: usize = 40;

const UNCOMPRESSED: u32 = 0;
const BITFIELDS: u32 = 3;
/// `BITFIELDS` with a mask of alpha, of Windows CE.
const ALPHA_BITFIELDS: u32 = 6;

impl Dib {
    /// Reads the header at the start of `dib`; `None` if it is cut short, or older.
    pub(crate) fn read(dib: &[u8]) -> Option<Self> {
        let header_bytes = u32_le(dib, AT_HEADER_BYTES)?;
        if header_bytes < INFO_HEADER_BYTES {
            return None;
        }
        let profile = (header_bytes == V5_HEADER_BYTES).then(|| embedded_profile(dib)).flatten();
        Some(Self {
            header_bytes,
            width: u32_le(dib, 4)?,
            height: u32_le(dib, AT_HEIGHT)?.cast_signed(),
            bits: u16_le(dib, 14)?,
            compression: u32_le(dib, AT_COMPRESSION)?,
            palette: u32_le(dib, AT_PALETTE)?,
            profile,
        })
    }

    /// The ICC profile in `dib`, the bytes from the header on.
    pub(crate) fn profile<'a>(&self, dib: &'a [u8]) -> Option<&'a [u8]> {
        dib.get(self.profile.clone()?)
    }

    /// The first bytes of the BMP file `file`, as the `image` crate accepts them.
    pub(crate) fn file_head(&self, file: &[u8]) -> Option<Vec<u8>> {
        let mut head = file.get(..FILE_HEADER_BYTES + V3_HEADER_BYTES as usize)?.to_vec();
        let dib = &mut head[FILE_HEADER_BYTES..];
        if self.compression == ALPHA_BITFIELDS {
            // After an older header there are four masks, which are fields of this version.
            set(dib, AT_HEADER_BYTES, self.header_bytes.max(V3_HEADER_BYTES));
            set(dib, AT_COMPRESSION, BITFIELDS);
        }
        if let Some(max) = self.max_palette() {
            set(dib, AT_PALETTE, self.palette.min(max));
        }
        Some(head)
    }

    /// A BMP file of the image `dib` of an ICO, as two parts: its head, and the bytes of `dib` from the position that is
    /// returned with it. In an ICO, the height includes the mask.
    pub(crate) fn icon_head(&self, dib: &[u8]) -> Option<(Vec<u8>, usize)> {
        let header = self.header_bytes as usize;
        let mut head = dib.get(..header)?.to_vec();
        set(&mut head, AT_HEIGHT, (self.height / 2).cast_unsigned());
        if let Some(max) = self.max_palette() {
            set(&mut head, AT_PALETTE, self.palette.min(max));
        }
        if self.has_alpha() {
            // Only a header with masks has alpha, from this version on.
            const MASKS: [u32; 4] = [0x00FF_0000, 0x0000_FF00, 0x0000_00FF, 0xFF00_0000];
            head.truncate(AT_MASKS);
            head.extend(MASKS.iter().flat_map(|mask| mask.to_le_bytes()));
            set(&mut head, AT_HEADER_BYTES, V3_HEADER_BYTES);
            set(&mut head, AT_COMPRESSION, BITFIELDS);
        }
        let samples = FILE_HEADER_BYTES + head.len() + self.samples_at().checked_sub(header)?;
        let file_header = [b"BM", &[0; 8][..], &(samples as u32).to_le_bytes()].concat();
        Some(([file_header, head].concat(), header))
    }

    /// Whether each pixel has 8 bits of alpha, by the convention of ICO.
    pub(crate) const fn has_alpha(&self) -> bool {
        self.bits == 32 && self.compression == UNCOMPRESSED
    }

    /// The position of the mask of the image `dib` of an ICO, one bit for each pixel, after its samples.
    pub(crate) fn mask_at(&self) -> Option<usize> {
        let rows = (self.height / 2).unsigned_abs() as usize;
        let row_bytes = row_bytes(self.width, self.bits.into())?;
        let is_plain = matches!(self.compression, UNCOMPRESSED | BITFIELDS);
        is_plain.then(|| self.samples_at().checked_add(row_bytes.checked_mul(rows)?))?
    }

    /// The position of the samples where nothing states it: after the masks and the palette.
    fn samples_at(&self) -> usize {
        let is_short = self.header_bytes == INFO_HEADER_BYTES;
        let masks = if is_short && self.compression == BITFIELDS { 12 } else { 0 };
        let palette = match self.max_palette() {
            Some(max) if self.palette == 0 => max,
            _ => self.palette,
        };
        (self.header_bytes as usize + masks).saturating_add((palette as usize).saturating_mul(4))
    }

    /// The most entries of a palette that pixels can use; `None` for pixels without a palette.
    const fn max_palette(&self) -> Option<u32> {
        if self.bits <= 8 { Some(1 << self.bits) } else { None }
    }
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
    let is_embedded = u32_le(dib, 56)? == EMBEDDED;
    let start = u32_le(dib, 112)? as usize;
    let range = start..start.checked_add(u32_le(dib, 116)? as usize)?;
    is_embedded.then_some(range)
}

/// `source` with its first bytes replaced by `head`, which takes the place of the bytes up to `rest`.
pub(crate) fn replaced(head: Vec<u8>, source: &Bytes, rest: usize) -> Vec<Bytes> {
    vec![Bytes::from(head), source.slice(rest.min(source.len())..)]
}

fn set(header: &mut [u8], at: usize, value: u32) {
    if let Some(field) = header.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_le_bytes());
    }
}

fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
