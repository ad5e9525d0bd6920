//! The marker segments of a file (T.81 B.2), without the tables and headers of its scans.

use super::{EncodeError, Image, Options, component::Component, quantisation::Quantisation};
use crate::{
    markers::{APP0, APP1, APP2, DQT, EOI, SOF0, SOF2, SOI},
    zigzag::NATURAL_ORDER,
};

/// The maximum size of a segment without its marker, including the two bytes of its length.
const MAX_SEGMENT_BYTES: usize = 65_535;
/// The start of a segment of an ICC profile (ICC.1:2022 B.4). The number of the part and of all parts follow,
/// one byte each.
const ICC_SIGNATURE: &[u8] = b"ICC_PROFILE\0";
const ICC_PART_BYTES: usize = MAX_SEGMENT_BYTES - 2 - ICC_SIGNATURE.len() - 2;

/// Returns the start of a file with its metadata: JFIF, EXIF and ICC profile.
///
/// # Errors
/// [`EncodeError::LongProfile`] and [`EncodeError::LongExif`].
pub(super) fn head(options: &Options) -> Result<Vec<u8>, EncodeError> {
    let mut file = vec![0xFF, SOI];
    // JFIF 1.01, square pixels, no thumbnail.
    put(&mut file, APP0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    if let Some(exif) = options.exif {
        if MAX_SEGMENT_BYTES - 2 < exif.len() {
            return Err(EncodeError::LongExif);
        }
        put(&mut file, APP1, exif);
    }
    let parts = options.icc.unwrap_or_default().chunks(ICC_PART_BYTES);
    let Ok(count) = u8::try_from(parts.len()) else {
        return Err(EncodeError::LongProfile);
    };
    for (number, part) in (1..=count).zip(parts) {
        put(&mut file, APP2, &[ICC_SIGNATURE, &[number, count], part].concat());
    }
    Ok(file)
}

/// Appends the quantisation tables 0, 1, … (T.81 B.2.4.1).
pub(super) fn put_quantisation(file: &mut Vec<u8>, tables: &[Quantisation]) {
    let mut content = Vec::new();
    for (number, table) in (0..).zip(tables) {
        content.push(number);
        content.extend(NATURAL_ORDER.iter().map(|&natural| table[usize::from(natural)] as u8));
    }
    put(file, DQT, &content);
}

/// Appends the frame header (T.81 B.2.2): baseline, or progressive with Huffman codes.
pub(super) fn put_frame(file: &mut Vec<u8>, image: &Image, parts: &[Component], is_progressive: bool) {
    let mut content = vec![8];
    content.extend(image.height.to_be_bytes());
    content.extend(image.width.to_be_bytes());
    content.push(parts.len() as u8);
    for part in parts {
        content.extend([part.id(), (part.sampling.0 << 4 | part.sampling.1) as u8, part.table as u8]);
    }
    put(file, if is_progressive { SOF2 } else { SOF0 }, &content);
}

/// Appends the end of the image.
pub(super) fn put_end(file: &mut Vec<u8>) {
    file.extend([0xFF, EOI]);
}

/// Appends a segment. `content` has at most 65533 bytes.
pub(super) fn put(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xFF, marker]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend_from_slice(content);
}
