//! JPEG XL: the file type, the level, and a codestream.

use super::{Result, big, ensure, show};

/// Accounts for every byte of a file of boxes, but for those of the codestream.
pub(super) fn audit(file: &[u8]) -> Result {
    let (mut at, mut is_complete) = (12, false);
    let (mut parts, mut last) = (0, None);
    while at < file.len() {
        ensure(!is_complete, at, "bytes after the codestream")?;
        let (head, end) = match big(file, at, 4)? {
            0 => (8, file.len()),
            1 => (16, at.saturating_add(big(file, at + 8, 8)?)),
            length => (8, at + length),
        };
        let kind = &file[at + 4..at + 8];
        // Truncated samples are passed on.
        let is_cut = file.len() < end && kind.starts_with(b"jxl");
        let body = file.get(at + head..if is_cut { file.len() } else { end });
        let body = body.ok_or(format!("byte {at}: a box that is cut short"))?;
        match kind {
            b"ftyp" => ensure(body == b"jxl \0\0\0\0jxl ", at, "another file type")?,
            b"jxll" => ensure(body.len() == 1, at, "a level of a wrong length")?,
            b"jxlc" => is_complete = true,
            b"jxlp" => {
                let number = big(body, 0, 4)?;
                parts += 1;
                last = if number < 1 << 31 { last } else { Some(number - (1 << 31)) };
                is_complete = last == Some(parts - 1);
            }
            kind => return Err(format!("byte {at}: the box {:?}", show(kind))),
        }
        at = end;
    }
    Ok(())
}
