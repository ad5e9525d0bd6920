//! Decompression of strips and tiles.

use super::layout::{damaged, unsupported};
use super::{FORMAT, jpeg};
use crate::error::CodecError;
use fax::Color;
use fax::decoder::{decode_g4, pels};
use fdeflate::Decompressor;
use safelight_core::{Result, Size, Stop};
use weezl::{BitOrder, LzwStatus, decode::Configuration};

/// A compression (TIFF 6.0, sections 9 to 13 and 22; Adobe Photoshop TIFF Technical Notes; TIFF Technical Note 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    None,
    PackBits,
    Lzw,
    Deflate,
    /// ITU-T T.6.
    Group4,
    Jpeg {
        /// Whether the components are luma and chroma.
        is_ycbcr: bool,
        /// Tables that all pieces share: a JPEG file without a scan.
        tables: Vec<u8>,
    },
}

/// The most bytes of tables that JPEG files share: four of each kind (T.81 B.2.4).
const MAX_TABLES_BYTES: usize = 4096;

impl Coding {
    /// The coding of this number; its samples are YCbCr or not, and share the JPEG tables `tables`.
    pub(super) fn new(number: u64, is_ycbcr: bool, tables: Option<&[u8]>) -> Result<Self, CodecError> {
        Ok(match number {
            1 => Self::None,
            4 => Self::Group4,
            5 => Self::Lzw,
            7 => {
                let tables = tables.unwrap_or_default();
                if MAX_TABLES_BYTES < tables.len() {
                    return Err(damaged("JPEG tables of more bytes than there can be"));
                }
                Self::Jpeg { is_ycbcr, tables: tables.to_vec() }
            }
            8 | 32946 => Self::Deflate,
            32773 => Self::PackBits,
            2 | 3 => return Err(unsupported("fax coding of Group 3")),
            6 => return Err(unsupported("the JPEG coding of TIFF 6.0, which Technical Note 2 replaced")),
            _ => return Err(unsupported("coding")),
        })
    }

    pub(super) const fn is_compressed(&self) -> bool {
        !matches!(self, Self::None)
    }

    pub(super) const fn is_jpeg(&self) -> bool {
        matches!(self, Self::Jpeg { .. })
    }

    /// Whether the `Predictor` field applies.
    pub(super) const fn has_predictor(&self) -> bool {
        matches!(self, Self::Lzw | Self::Deflate)
    }

    /// The most bytes that a decode of a piece of `pixels` and `coded` bytes allocates besides its result.
    pub(super) const fn work_bytes(&self, width: u32, pixels: u64, samples: u64, coded: u64) -> u64 {
        /// Tables of codes.
        const TABLES: u64 = 256 << 10;
        match self {
            Self::None | Self::PackBits => 0,
            Self::Lzw | Self::Deflate => TABLES,
            // A change of colour takes at least a byte and is stored in two lists of 16 bits, which grow.
            Self::Group4 => coded.saturating_mul(12),
            Self::Jpeg { .. } => jpeg::work_bytes(width, pixels, samples).saturating_add(coded),
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
            Self::Group4 => Ok(group4(coded, raw, size)?),
            Self::Jpeg { is_ycbcr, tables } => {
                Ok(jpeg::decode(coded, raw, size, samples, *is_ycbcr, tables)?)
            }
        }
    }
}

/// Bytes that are decoded between two checks whether to stop: a file may be a single strip.
const CHECKED_BYTES: usize = 1 << 20;

/// Section 9.
fn pack_bits(mut coded: &[u8], raw: &mut [u8]) -> usize {
    let mut at = 0;
    while let Some((head, rest)) = coded.split_first() {
        let room = &mut raw[at..];
        let (made, used) = match head.cast_signed() {
            i8::MIN => (0, 0),
            literal @ 0.. => {
                let length = (literal as usize + 1).min(rest.len());
                let made = length.min(room.len());
                room[..made].copy_from_slice(&rest[..made]);
                (made, length)
            }
            repeat => {
                let Some(value) = rest.first() else { break };
                let made = (1 - isize::from(repeat)).unsigned_abs().min(room.len());
                room[..made].fill(*value);
                (made, 1)
            }
        };
        at += made;
        coded = &rest[used..];
        if at == raw.len() {
            break;
        }
    }
    at
}

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

/// Black is 1 (section 11).
fn group4(coded: &[u8], raw: &mut [u8], Size { w, h }: Size) -> Result<usize, CodecError> {
    let (Ok(w), Ok(h)) = (u16::try_from(w), u16::try_from(h)) else {
        return Err(unsupported("fax coding of more than 65535 columns or rows in a strip"));
    };
    let mut rows = raw.chunks_exact_mut(usize::from(w).div_ceil(8));
    let mut count = 0;
    let decoded = decode_g4(coded.iter().copied(), w, Some(h), |transitions| {
        let Some(row) = rows.next() else { return };
        count += row.len();
        row.fill(0);
        for (x, pel) in pels(transitions, w).enumerate() {
            row[x / 8] |= u8::from(pel == Color::Black) << (7 - x % 8);
        }
    });
    decoded.ok_or_else(|| damaged("an invalid fax code"))?;
    Ok(count)
}

fn not_decoded(error: impl std::error::Error + Send + Sync + 'static) -> CodecError {
    CodecError::Damaged(FORMAT, Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_are_unpacked() {
        // The example of section 9, then a literal that is cut short.
        let coded = b"\xFE\xAA\x02\x80\x00\x2A\xFD\xAA\x03\x80\x00\x2A\x22\xF7\xAA\x80\x03\x07";
        let expected = b"\xAA\xAA\xAA\x80\x00\x2A\xAA\xAA\xAA\xAA\x80\x00\x2A\x22\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA\xAA\x07";
        let mut raw = [0; 30];
        let made = pack_bits(coded, &mut raw);
        assert_eq!(&raw[..made], expected);
        assert_eq!(pack_bits(coded, &mut [0; 5]), 5);
        assert_eq!(pack_bits(b"\xFE", &mut [0; 5]), 0);
    }

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
