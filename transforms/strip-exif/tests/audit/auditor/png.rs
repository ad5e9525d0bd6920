//! PNG: chunks in their exact lengths.

use super::{Result, big, ensure, icc, is_orientation};
use std::collections::BTreeSet;

/// Accounts for every byte of a PNG file.
pub(super) fn audit(file: &[u8]) -> Result {
    let (mut at, mut seen) = (8, BTreeSet::new());
    let mut colour = 0;
    while at < file.len() {
        let length = big(file, at, 4)?;
        let kind: [u8; 4] =
            file.get(at + 4..at + 8).and_then(|kind| kind.try_into().ok()).ok_or("a truncated chunk")?;
        let end = at + 12 + length;
        let data = match (file.get(at + 8..end - 4), &kind) {
            (Some(data), _) => data,
            // Truncated samples are passed on.
            (None, b"IDAT" | b"fdAT") => return Ok(()),
            (None, _) => return Err(format!("byte {at}: a truncated chunk")),
        };
        let lengths: &[usize] = match &kind {
            b"IHDR" => {
                colour = data.get(9).copied().unwrap_or_default();
                &[13]
            }
            b"PLTE" => {
                ensure(length <= 768 && length % 3 == 0, at, "a palette of a wrong length")?;
                &[]
            }
            b"tRNS" if colour == 3 => {
                ensure(length <= 256, at, "more than a transparency for each colour")?;
                &[]
            }
            b"hIST" => {
                ensure(length <= 512, at, "more than a number for each colour")?;
                &[]
            }
            b"tRNS" => &[2, 6],
            b"bKGD" => &[1, 2, 6],
            b"sBIT" => &[1, 2, 3, 4],
            b"gAMA" | b"cICP" => &[4],
            b"cHRM" => &[32],
            b"sRGB" => &[1],
            b"mDCV" => &[24],
            b"cLLI" | b"acTL" => &[8],
            b"pHYs" => &[9],
            b"fcTL" => &[26],
            b"IDAT" | b"fdAT" => &[],
            b"IEND" => {
                ensure(length == 0 && end == file.len(), at, "data in or after the last chunk")?;
                &[0]
            }
            b"eXIf" => {
                ensure(is_orientation(data), at, "EXIF")?;
                &[26]
            }
            b"iCCP" => {
                let compressed =
                    data.strip_prefix(b"icc\0\0").ok_or(format!("byte {at}: the name of a profile"))?;
                let profile = miniz_oxide::inflate::decompress_to_vec_zlib(compressed);
                icc::audit(&profile.map_err(|error| format!("byte {at}: {error}"))?)?;
                &[]
            }
            _ => return Err(format!("byte {at}: a chunk {}", String::from_utf8_lossy(&kind))),
        };
        ensure(lengths.is_empty() || lengths.contains(&length), at, "a chunk of a wrong length")?;
        let is_once = !matches!(&kind, b"IDAT" | b"fdAT" | b"fcTL");
        ensure(seen.insert(kind) || !is_once, at, "a chunk that occurs twice")?;
        let is_animation = matches!(&kind, b"fdAT" | b"fcTL");
        ensure(!is_animation || seen.contains(b"acTL"), at, "a frame without an animation")?;
        at = end;
    }
    Ok(())
}
