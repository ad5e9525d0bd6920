//! Decompression of strips and tiles.

use super::error::{damaged, not_decoded, unsupported};
use super::fax::{self, Fax};
use super::jpeg_tables::{self, Tables};
use super::{FORMAT, jpeg, zstd};
use crate::error::CodecError;
use crate::pack_bits::pack_bits;
use fdeflate::Decompressor;
use safelight_containers::TiffFields;
use safelight_core::{Result, Size, Stop};
use weezl::{BitOrder, LzwStatus, decode::Configuration};

/// A compression (TIFF 6.0, sections 9 to 13 and 22; Adobe Photoshop TIFF Technical Notes; TIFF Technical Note 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    None,
    PackBits,
    Lzw,
    Deflate,
    /// RFC 8878; libtiff's number.
    Zstd,
    Fax(Fax),
    Jpeg {
        /// Whether the components are luma and chroma, which the decoder converts to RGB.
        is_ycbcr: bool,
        shared: Shared,
    },
}

/// What the JPEG files of all pieces share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shared {
    /// A JPEG file without a scan.
    Abbreviated(Vec<u8>),
    /// Tables of the directory.
    Tables(Tables),
    /// Nothing: all of the image is one JPEG file.
    Whole,
}

mod tag {
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const T4_OPTIONS: u16 = 292;
    pub(super) const JPEG_TABLES: u16 = 347;
}

/// The most bytes of tables that JPEG files share: four of each kind (T.81 B.2.4).
const MAX_TABLES_BYTES: usize = 4096;

impl Coding {
    /// Reads the fields of the coding of this number, of an image in `source`.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] and [`CodecError::Unsupported`].
    pub(super) fn read(fields: &TiffFields, source: &[u8], number: u64) -> Result<Self, CodecError> {
        const YCBCR: u64 = 6;
        let first = |tag: u16| fields.get(tag).and_then(|field| field.get(0));
        Ok(match number {
            1 => Self::None,
            2 => Self::Fax(Fax::Rows),
            3 => Self::Fax(Fax::Group3 { is_two_dimensional: first(tag::T4_OPTIONS).unwrap_or(0) & 1 == 1 }),
            4 => Self::Fax(Fax::Group4),
            5 => Self::Lzw,
            6 if jpeg_tables::is_whole(fields, source) => {
                Self::Jpeg { is_ycbcr: false, shared: Shared::Whole }
            }
            6 => {
                let tables = Tables::read(fields, source)?;
                Self::Jpeg { is_ycbcr: false, shared: Shared::Tables(tables) }
            }
            7 => {
                let tables = fields.bytes(tag::JPEG_TABLES).unwrap_or_default();
                if MAX_TABLES_BYTES < tables.len() {
                    return Err(damaged("JPEG tables of more bytes than there can be"));
                }
                let is_ycbcr = first(tag::PHOTOMETRIC) == Some(YCBCR);
                Self::Jpeg { is_ycbcr, shared: Shared::Abbreviated(tables.to_vec()) }
            }
            8 | 32946 => Self::Deflate,
            32773 => Self::PackBits,
            50000 => Self::Zstd,
            _ => return Err(unsupported("coding")),
        })
    }

    pub(super) const fn is_compressed(&self) -> bool {
        !matches!(self, Self::None)
    }

    pub(super) const fn is_jpeg(&self) -> bool {
        matches!(self, Self::Jpeg { .. })
    }

    /// Whether the decoder returns luma and chroma with a sample for each pixel.
    pub(super) const fn is_upsampled(&self) -> bool {
        matches!(self, Self::Jpeg { is_ycbcr: false, .. })
    }

    /// Whether the decoder returns RGB for luma and chroma.
    pub(super) const fn is_converted(&self) -> bool {
        matches!(self, Self::Jpeg { is_ycbcr: true, .. })
    }

    pub(super) const fn is_fax(&self) -> bool {
        matches!(self, Self::Fax(_))
    }

    /// Whether all of the image is one piece, whatever the fields of strips and tiles state.
    pub(super) const fn is_whole(&self) -> bool {
        matches!(self, Self::Jpeg { shared: Shared::Whole, .. })
    }

    /// Whether the `Predictor` field applies.
    pub(super) const fn has_predictor(&self) -> bool {
        matches!(self, Self::Lzw | Self::Deflate | Self::Zstd)
    }

    /// The most bytes that a decode of a piece of this size, of `raw` bytes and `coded` bytes, allocates besides its result.
    pub(super) const fn work_bytes(&self, size: Size, samples: u64, raw: u64, coded: u64) -> u64 {
        /// Tables of codes.
        const TABLES: u64 = 256 << 10;
        match self {
            Self::None | Self::PackBits => 0,
            Self::Lzw | Self::Deflate => TABLES,
            Self::Zstd => zstd::work_bytes(raw),
            Self::Fax(_) => fax::work_bytes(size.w),
            Self::Jpeg { .. } => {
                jpeg::work_bytes(size, samples).saturating_add(coded).saturating_add(MAX_TABLES_BYTES as u64)
            }
        }
    }

    /// Decodes `coded` to `raw`, the rows of a piece of `size` with `samples` in a pixel. A strip at the end of an
    /// image may have fewer rows, so a shorter result is the caller's to judge: returns the decoded bytes.
    pub(super) fn decode(
        &self,
        coded: &[u8],
        raw: &mut [u8],
        size: Size,
        samples: usize,
        stop: &Stop,
    ) -> Result<usize> {
        match self {
            Self::None => {
                let length = coded.len().min(raw.len());
                raw[..length].copy_from_slice(&coded[..length]);
                Ok(length)
            }
            Self::PackBits => Ok(pack_bits(coded, raw)),
            Self::Lzw => lzw(coded, raw, stop),
            Self::Deflate => deflate(coded, raw, stop),
            Self::Zstd => zstd::decode(coded, raw, stop),
            Self::Fax(fax) => fax::decode(*fax, coded, raw, size.w, stop),
            Self::Jpeg { is_ycbcr, shared } => {
                let file = match shared {
                    Shared::Abbreviated(tables) => jpeg::join(tables, coded),
                    Shared::Tables(tables) => tables.file(coded, size, samples)?,
                    Shared::Whole => coded.to_vec(),
                };
                Ok(jpeg::decode(&file, raw, size, samples, *is_ycbcr)?)
            }
        }
    }
}

/// Bytes that are decoded between two checks whether to stop: a file may be a single strip.
pub(super) const CHECKED_BYTES: usize = 1 << 20;

/// Section 13; or as libtiff wrote it before 1992, with the lowest bit first and codes that grow one code later, which
/// shows in the first code, as in libtiff.
fn lzw(mut coded: &[u8], raw: &mut [u8], stop: &Stop) -> Result<usize> {
    let is_old = matches!(coded, [0, second, ..] if second & 1 == 1);
    let configuration = if is_old {
        Configuration::new(BitOrder::Lsb, 8)
    } else {
        Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    // Codes after the samples need not be valid.
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let mut at = 0;
    while at < raw.len() {
        stop.check()?;
        let end = raw.len().min(at + CHECKED_BYTES);
        let result = decoder.decode_bytes(coded, &mut raw[at..end]);
        at += result.consumed_out;
        coded = &coded[result.consumed_in..];
        match result.status.map_err(not_decoded)? {
            LzwStatus::Ok => (),
            LzwStatus::NoProgress | LzwStatus::Done => break,
        }
    }
    Ok(at)
}

/// Adobe Photoshop TIFF Technical Notes: RFC 1950.
fn deflate(mut coded: &[u8], raw: &mut [u8], stop: &Stop) -> Result<usize> {
    let mut decompressor = Decompressor::new();
    decompressor.ignore_adler32();
    let mut at = 0;
    while at < raw.len() && !decompressor.is_done() {
        stop.check()?;
        let end = raw.len().min(at + CHECKED_BYTES);
        let (used, made) = decompressor
            .read(coded, &mut raw[..end], at, true)
            .map_err(|error| CodecError::Damaged(FORMAT, format!("{error:?}").into()))?;
        coded = &coded[used..];
        at += made;
        if used == 0 && made == 0 {
            break;
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzw_of_both_kinds_is_decoded() {
        let text: Vec<u8> = (0..20_000_u32).map(|i| (i * i / 7 % 251) as u8).collect();
        let new = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&text).unwrap();
        let old = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&text).unwrap();
        for coded in [new, old] {
            let mut raw = vec![0; text.len()];
            assert_eq!(lzw(&coded, &mut raw, &Stop::default()).unwrap(), text.len());
            assert!(raw == text);
            // Whatever follows the samples is ignored, and a lack of them shows in the count.
            assert_eq!(lzw(&coded, &mut raw[..9], &Stop::default()).unwrap(), 9);
            assert!(lzw(&coded[..100], &mut raw, &Stop::default()).unwrap() < text.len());
        }
    }
}
