//! JPEG: marker segments in their exact lengths.

use super::{Result, big, ensure, icc, is_orientation, is_zero};
use std::collections::BTreeMap;

/// Audits a JPEG file, or the stream of a TIFF strip, in which segments are blanked and not cut.
pub(super) fn audit(file: &[u8], is_stream: bool) -> Result {
    let mut at = 2;
    let mut profile = BTreeMap::new();
    let mut in_scan = false;
    while at < file.len() {
        if in_scan {
            at = end_of_scan(file, at);
            in_scan = false;
            continue;
        }
        if is_stream && is_zero(&file[at..]) {
            return Ok(());
        }
        let marker = big(file, at + 1, 1)? as u8;
        ensure(file[at] == 0xFF, at, "no marker")?;
        if marker == 0xD9 {
            let rest = &file[at + 2..];
            ensure(
                rest.is_empty() || (is_stream && is_zero(rest)),
                at + 2,
                "bytes after the end of the image",
            )?;
            break;
        }
        let end = at + 2 + big(file, at + 2, 2)?;
        let body = file.get(at + 4..end).ok_or(format!("byte {at}: a truncated segment"))?;
        let exact = match marker {
            0xDA => 4 + 2 * usize::from(body[0]),
            0xDB => tables(body, |head| if head >> 4 == 0 { Some(64) } else { Some(128) }),
            0xC4 => huffman(body),
            0xDD | 0xDC => 2,
            0xCC => body.len(),
            0xDF => 1,
            0xC0..=0xCF | 0xDE => 6 + 3 * usize::from(*body.get(5).unwrap_or(&0)),
            0xE0 if body.starts_with(b"JFIF\0") => {
                ensure(body.get(12..14).is_none_or(is_zero), at, "a thumbnail")?;
                body.len().min(14)
            }
            0xEE if body.starts_with(b"Adobe") => body.len().min(12),
            0xE1 if body.starts_with(b"Exif\0\0") && is_orientation(&body[6..]) => body.len(),
            0xE2 if body.starts_with(b"ICC_PROFILE\0") && 14 <= body.len() => {
                ensure(profile.insert(body[12], body[14..].to_vec()).is_none(), at, "a piece twice")?;
                ensure(usize::from(body[13]) >= usize::from(body[12]), at, "too many pieces")?;
                body.len()
            }
            _ if is_stream => 0,
            _ => return Err(format!("byte {at}: a segment {marker:02X}")),
        };
        let rest = body.get(exact..).ok_or(format!("byte {at}: a segment that is too short"))?;
        ensure(
            rest.is_empty() || (is_stream && is_zero(rest)),
            at + 4 + exact,
            "a segment that is too long",
        )?;
        in_scan = marker == 0xDA;
        at = end;
    }
    match profile.into_values().collect::<Vec<_>>().concat() {
        none if none.is_empty() => Ok(()),
        profile => icc::audit(&profile),
    }
}

fn end_of_scan(file: &[u8], at: usize) -> usize {
    let is_end =
        |pair: &[u8]| pair[0] == 0xFF && pair[1] >= 0xC0 && pair[1] != 0xFF && pair[1] & 0xF8 != 0xD0;
    file[at..].windows(2).position(is_end).map_or(file.len(), |found| at + found)
}

/// The bytes of tables that follow each other, each with a byte that gives its length.
fn tables(body: &[u8], length: impl Fn(u8) -> Option<usize>) -> usize {
    let mut at = 0;
    while let Some(bytes) = body.get(at).and_then(|head| length(*head)) {
        at += 1 + bytes;
    }
    at
}

fn huffman(body: &[u8]) -> usize {
    let mut at = 0;
    while let Some(counts) = body.get(at + 1..at + 17) {
        at += 17 + counts.iter().map(|count| usize::from(*count)).sum::<usize>();
    }
    at
}
