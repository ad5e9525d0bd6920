//! GIF: blocks with the sub-blocks that decoders read.

use super::{Result, big, ensure, icc};

/// Accounts for every byte of a GIF file.
pub(super) fn audit(file: &[u8]) -> Result {
    let table = |packed: usize| if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) };
    let mut at = 13 + table(big(file, 10, 1)?);
    while at < file.len() {
        match (file[at], file.get(at + 1)) {
            (b';', _) => return ensure(at + 1 == file.len(), at + 1, "bytes after the trailer"),
            (b',', _) => {
                // A file that ends in its samples is passed on.
                at = match big(file, at + 9, 1).map(|packed| at + 10 + table(packed) + 1) {
                    Ok(start) if start <= file.len() => sub_blocks(file, start).0,
                    _ => return Err(format!("byte {at}: a truncated image")),
                };
            }
            (b'!', Some(0xF9)) => {
                ensure(file.get(at + 2) == Some(&4), at, "a graphic control of another length")?;
                ensure(file.get(at + 7) == Some(&0), at, "a graphic control with more data")?;
                at += 8;
            }
            (b'!', Some(0xFF)) => {
                let (end, data) = sub_blocks(file, at + 14);
                match file.get(at + 2..at + 14) {
                    Some(b"\x0BICCRGBG1012") => icc::audit(&data)?,
                    Some(b"\x0BNETSCAPE2.0" | b"\x0BANIMEXTS1.0") => {
                        let is_plays = data.is_empty() || (data.len() == 3 && data[0] == 1 && end == at + 19);
                        ensure(is_plays, at, "more than a number of plays")?;
                    }
                    _ => return Err(format!("byte {at}: an application extension")),
                }
                at = end;
            }
            _ => return Err(format!("byte {at}: a block of unknown kind")),
        }
    }
    Ok(())
}

/// The end of the sub-blocks at `at`, and their data.
fn sub_blocks(file: &[u8], mut at: usize) -> (usize, Vec<u8>) {
    let mut data = Vec::new();
    while let Some(length) = file.get(at).map(|length| usize::from(*length)) {
        let end = (at + 1 + length).min(file.len());
        data.extend_from_slice(&file[at + 1..end]);
        at = end;
        if length == 0 {
            break;
        }
    }
    (at, data)
}
