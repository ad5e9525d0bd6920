//! WebP: chunks in their exact lengths, and chunks of zeros.

use super::{Result, big, ensure, icc, is_orientation, is_zero, little};

/// Accounts for every byte of a WebP file.
pub(super) fn audit(file: &[u8]) -> Result {
    ensure(file.len() <= 8 + little(file, 4, 4)?, 8, "bytes after the end of the image")?;
    chunks(file, 12, file.len(), false)
}

/// Accounts for the chunks from `at` to `end`.
fn chunks(file: &[u8], mut at: usize, end: usize, is_in_frame: bool) -> Result {
    let mut images = 0;
    while at < end {
        let length = little(file, at + 4, 4)?;
        let kind = file.get(at..at + 4).ok_or("a truncated chunk")?;
        let next = at + 8 + length + length % 2;
        let data = &file[at + 8..(at + 8 + length).min(end)];
        let unused = match kind {
            b"VP8 " | b"VP8L" => {
                images += 1;
                ensure(images == 1, at, "a second image")?;
                &[]
            }
            b"ALPH" => &[],
            // Of the chunks below, a truncated one is an error of the strip.
            b"VP8X" if !is_in_frame => {
                ensure(
                    length == 10 && data[0] & !0x3A == 0 && is_zero(&data[1..4]),
                    at,
                    "flags of removed chunks",
                )?;
                &[]
            }
            b"ANIM" if !is_in_frame => data.get(6..).ok_or("a short ANIM chunk")?,
            b"ANMF" if !is_in_frame => {
                let frame_end = (at + 8 + length).min(end);
                if at + 24 < frame_end {
                    chunks(file, at + 24, frame_end, true)?;
                }
                &[]
            }
            b"ICCP" if !is_in_frame => {
                icc::audit(data)?;
                &[]
            }
            b"EXIF" if !is_in_frame && 26 <= data.len() => {
                ensure(is_orientation(&data[..26]), at, "EXIF")?;
                &data[26..]
            }
            b"JUNK" => data,
            _ => return Err(format!("byte {at}: a chunk {:?}, {}", super::show(kind), big(file, at, 4)?)),
        };
        ensure(is_zero(unused), at, "a chunk with more than its fields")?;
        at = next;
    }
    Ok(())
}
