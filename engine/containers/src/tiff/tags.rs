//! The treatment of the fields of a directory, by tag.

use super::{Entry, TiffReader, layout::SampleLayout};
use crate::Class;

pub(super) const NEW_SUBFILE_TYPE: u16 = 254;
pub(super) const SUBFILE_TYPE: u16 = 255;
pub(super) const WIDTH: u16 = 256;
pub(super) const HEIGHT: u16 = 257;
pub(super) const BITS_PER_SAMPLE: u16 = 258;
pub(super) const COMPRESSION: u16 = 259;
pub(super) const PHOTOMETRIC: u16 = 262;
pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
pub(super) const ROWS_PER_STRIP: u16 = 278;
pub(super) const PLANAR_CONFIGURATION: u16 = 284;
const GREY_CURVE: u16 = 291;
const TRANSFER_FUNCTION: u16 = 301;
const COLOUR_MAP: u16 = 320;
pub(super) const TILE_WIDTH: u16 = 322;
pub(super) const TILE_HEIGHT: u16 = 323;
const TRANSFER_RANGE: u16 = 342;
/// Tables of JPEG strips and tiles, as a stream (TIFF technical note 2).
pub(super) const JPEG_TABLES: u16 = 347;
pub(super) const SUBSAMPLING: u16 = 530;
pub(super) const STRIPS: [u16; 2] = [273, 279];
pub(super) const TILES: [u16; 2] = [324, 325];
pub(super) const SUB_IFDS: u16 = 330;
/// Offset and length of a whole JPEG file, of the JPEG compression of TIFF 6.0 section 22.
pub(super) const JPEG_INTERCHANGE: [u16; 2] = [513, 514];
pub(super) const JPEG_Q_TABLES: u16 = 519;
pub(super) const JPEG_DC_TABLES: u16 = 520;
pub(super) const JPEG_AC_TABLES: u16 = 521;
pub(super) const ICC_PROFILE: u16 = 34675;
const LERC_PARAMETERS: u16 = 50674;
pub(super) const EXIF_IFD: u16 = 34665;
pub(super) const GPS_IFD: u16 = 34853;
pub(super) const INTEROPERABILITY_IFD: u16 = 40965;
const DNG_VERSION: u16 = 50706;
const CFA_PATTERNS: [u16; 3] = [33421, 33422, 50710];

/// Compressions whose data contain only samples, or other known data.
const COMPRESSIONS: &[u64] = &[
    1, 2, 3, 4, 5, JPEG_OLD, JPEG, 8, 9, 10, 32766, 32771, 32773, 32809, 32946, 34661, 34676, 34677, 34887,
    34925, 50000, WEBP,
];
const JPEG_OLD: u64 = 6;
const JPEG: u64 = 7;
const WEBP: u64 = 50001;

/// Colour filter arrays and linear sensor data (TIFF/EP, DNG).
const RAW_PHOTOMETRICS: [u64; 2] = [32803, 34892];

/// The values that a field may have.
#[derive(Clone, Copy, Debug)]
enum Values {
    /// Integers, at most so many. Decoders ignore further ones.
    Integers(u64),
    /// Fractions, exactly so many: decoders ignore the field otherwise.
    Fractions(u64),
    /// Numbers of any type, at most so many.
    Numbers(u64),
    /// Bytes with a structure of their own.
    Bytes,
}

/// The number of the values of a field that are kept: those that an image cannot be decoded, or looks different,
/// without. 0 for a field that is not kept.
pub(super) fn kept(entry: &Entry, reader: &TiffReader, layout: Option<&SampleLayout>) -> u64 {
    let is_there = reader.bytes(entry.value.clone()).is_some();
    let (is_of_type, most) = match values(entry.tag, layout) {
        Some(Values::Integers(most)) => (is_integer(entry.kind), most),
        Some(Values::Fractions(count)) => (is_fraction(entry.kind) && entry.count == count, count),
        Some(Values::Numbers(most)) => (is_integer(entry.kind) || is_fraction(entry.kind), most),
        Some(Values::Bytes) => (matches!(entry.kind, 1 | 7), u64::MAX),
        None => return 0,
    };
    if is_of_type && is_there { entry.count.min(most) } else { 0 }
}

/// BYTE, SHORT, LONG and LONG8, with and without sign, and offsets.
const fn is_integer(kind: u16) -> bool {
    matches!(kind, 1 | 3 | 4 | 6 | 8 | 9 | 13 | 16..=18)
}

/// RATIONAL, FLOAT and DOUBLE, and the integers that some writers use for them.
const fn is_fraction(kind: u16) -> bool {
    matches!(kind, 3 | 4 | 5 | 10..=12)
}

/// The values of a field that is kept, in a directory of this layout.
fn values(tag: u16, layout: Option<&SampleLayout>) -> Option<Values> {
    use Values::{Bytes, Fractions, Integers, Numbers};
    /// Two to this power is the most entries of a curve.
    const MAX_CURVE_BITS: u64 = 16;
    let samples = layout.map_or(1, |layout| layout.samples);
    let curve = 1 << layout.map_or(MAX_CURVE_BITS, |layout| layout.bits.min(MAX_CURVE_BITS));
    let pieces = layout.map_or(u64::MAX, SampleLayout::pieces);
    Some(match tag {
        // Baseline TIFF 6.0: kind, size, coding, strips, orientation.
        254..=257 | 259 | 262..=266 | 274 | 277 | 278 | 284 | 290 | 296
        // Its extensions: fax, prediction, tiles, halftones, CMYK, JPEG, YCbCr.
        | 292 | 293 | 300 | 317 | 322 | 323 | 332 | 334 | 512..=515 | 531
        // Technical notes 1 and 2, the fax profiles of RFC 2301, and tags of libtiff: transparency and depth by SGI.
        | 326..=328 | 346 | 435 | 32995 | 32997 | 32998 => Integers(1),
        297 | 321 | 530 => Integers(2),
        TRANSFER_RANGE => Integers(6),
        LERC_PARAMETERS => Integers(3),
        // Numbers for each sample: bits, extra samples, formats, prediction, tables, colours.
        258 | 280 | 281 | 338 | 339 | 434 | 517..=521 | 32996 => Integers(samples),
        336 => Integers(2 * samples),
        340 | 341 => Numbers(samples),
        433 => Numbers(2 * samples),
        GREY_CURVE => Integers(curve),
        COLOUR_MAP | TRANSFER_FUNCTION => Integers(3 * curve),
        273 | 279 | 324 | 325 | 559 => Integers(pieces),
        // Resolution, position, LogLuv.
        282 | 283 | 286 | 287 | 37439 => Fractions(1),
        // White point, reference black and white, primaries, luma.
        318 => Fractions(2),
        529 => Fractions(3),
        319 | 532 => Fractions(6),
        JPEG_TABLES | ICC_PROFILE => Bytes,
        _ => return None,
    })
}

/// The class of a field that is not kept; `None` if the tag is unknown or has no bytes of its own.
pub(super) fn dropped(tag: u16) -> Option<Class> {
    Some(match tag {
        269..=272 | 285 | 305 | 315 | 316 | 333 | 337 | 33432 | 40091..=40095 => Class::Text,
        306 => Class::Time,
        700 => Class::Xmp,
        33723 | 34377 => Class::Iptc,
        37500 | 37724 => Class::Vendor,
        _ => return None,
    })
}

/// Whether a field shows that a file is a camera raw file.
pub(super) fn is_raw(entry: &Entry, reader: &TiffReader) -> bool {
    let value = || reader.uints(entry).next();
    match entry.tag {
        DNG_VERSION => true,
        PHOTOMETRIC => value().is_some_and(|value| RAW_PHOTOMETRICS.contains(&value)),
        tag => CFA_PATTERNS.contains(&tag),
    }
}

pub(super) fn is_known_compression(compression: u64) -> bool {
    COMPRESSIONS.contains(&compression)
}

/// Whether samples are coded in a format that may carry metadata of its own.
pub(super) fn is_container(compression: u64) -> bool {
    matches!(compression, JPEG_OLD | JPEG | WEBP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tag_is_both_kept_and_removed() {
        let is_kept = |tag| values(tag, None).is_some();
        assert!((0..=u16::MAX).all(|tag| !is_kept(tag) || dropped(tag).is_none()));
        for tag in STRIPS.into_iter().chain(TILES).chain(JPEG_INTERCHANGE) {
            assert!(is_kept(tag), "{tag}");
        }
        for tag in [270, 285, 288, 306, 315, 333, 700, SUB_IFDS, EXIF_IFD, GPS_IFD, DNG_VERSION, 42113] {
            assert!(!is_kept(tag), "{tag}");
        }
    }
}
