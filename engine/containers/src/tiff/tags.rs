//! The treatment of the fields of a directory, by tag.

use super::{Entry, TiffReader};
use crate::Class;

pub(super) const NEW_SUBFILE_TYPE: u16 = 254;
pub(super) const SUBFILE_TYPE: u16 = 255;
pub(super) const COMPRESSION: u16 = 259;
pub(super) const PHOTOMETRIC: u16 = 262;
pub(super) const STRIPS: [u16; 2] = [273, 279];
pub(super) const TILES: [u16; 2] = [324, 325];
pub(super) const SUB_IFDS: u16 = 330;
/// Offset and length of a whole JPEG file, of the JPEG compression of TIFF 6.0 section 22.
pub(super) const JPEG_INTERCHANGE: [u16; 2] = [513, 514];
pub(super) const JPEG_Q_TABLES: u16 = 519;
pub(super) const JPEG_DC_TABLES: u16 = 520;
pub(super) const JPEG_AC_TABLES: u16 = 521;
const ICC_PROFILE: u16 = 34675;
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

/// The class of a field that is kept; `None` for others.
///
/// Only numbers are kept: no field that display needs is text.
pub(super) fn kept(entry: &Entry, reader: &TiffReader) -> Option<Class> {
    let is_number = matches!(entry.kind, 1 | 3..=12 | 16..=17);
    let is_there = 0 < entry.count && reader.bytes(entry.value.clone()).is_some();
    let is_kept = is_number && is_there && is_needed(entry.tag);
    is_kept.then_some(if entry.tag == ICC_PROFILE { Class::Icc } else { Class::Structure })
}

/// Whether an image cannot be decoded, or looks different, without a field.
const fn is_needed(tag: u16) -> bool {
    matches!(
        tag,
        // Baseline TIFF 6.0: kind, size, samples, strips, orientation, resolution, grey curve, colours.
        254..=259 | 262..=266 | 273 | 274 | 277..=284 | 290 | 291 | 296 | 320 | 338
        // Its extensions: position, fax, pages, curves, prediction, white point, halftones, tiles, CMYK,
        // sample formats, JPEG, YCbCr.
        | 286 | 287 | 292 | 293 | 297 | 300 | 301 | 317..=319 | 321..=325 | 332 | 334 | 336 | 339..=342
        | 512..=521 | 529..=532
        // Technical notes 1 and 2, and the fax profiles of RFC 2301.
        | 346 | 347 | 326..=328 | 433..=435 | 559
        | ICC_PROFILE
        // Tags that libtiff writes: transparency and depth by SGI, LogLuv, LERC.
        | 32995..=32998 | 37439 | 50674
    )
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
        assert!((0..=u16::MAX).all(|tag| !is_needed(tag) || dropped(tag).is_none()));
        for tag in STRIPS.into_iter().chain(TILES).chain(JPEG_INTERCHANGE) {
            assert!(is_needed(tag), "{tag}");
        }
        for tag in [270, 285, 288, 306, 315, 333, 700, SUB_IFDS, EXIF_IFD, GPS_IFD, DNG_VERSION, 42113] {
            assert!(!is_needed(tag), "{tag}");
        }
    }
}
