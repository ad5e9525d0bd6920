//! JPEG 2000: the boxes that an image needs, and a codestream whose comments are zeros.

use super::{Result, big, ensure, icc, is_zero, show};

/// Accounts for every byte of a file of boxes.
pub(super) fn audit(file: &[u8]) -> Result {
    let mut at = 12;
    let mut has_codestream = false;
    while at < file.len() {
        ensure(!has_codestream, at, "bytes after the codestream")?;
        let (head, end) = match big(file, at, 4)? {
            0 => (8, file.len()),
            1 => (16, at + big(file, at + 8, 8)?),
            length => (8, at + length),
        };
        let body = file.get(at + head..end).ok_or(format!("byte {at}: a box that is cut short"))?;
        match &file[at + 4..at + 8] {
            b"ftyp" => ensure(body.len().is_multiple_of(4) && is_zero(&body[4..8]), at, "a version")?,
            b"jp2h" => audit_header(body)?,
            b"jp2c" => {
                audit_codestream(body)?;
                has_codestream = true;
            }
            kind => return Err(format!("byte {at}: the box {:?}", show(kind))),
        }
        at = end;
    }
    Ok(())
}

fn audit_header(header: &[u8]) -> Result {
    let mut at = 0;
    while at < header.len() {
        let end = at + big(header, at, 4)?;
        let body = header.get(at + 8..end).ok_or("a box of the header that is cut short")?;
        match &header[at + 4..at + 8] {
            b"ihdr" => ensure(body.len() == 14, at, "a size")?,
            b"colr" if body[0] == 1 => ensure(body.len() == 7, at, "a colour space")?,
            b"colr" => icc::audit(&body[3..])?,
            b"bpcc" | b"pclr" | b"cmap" | b"cdef" => (),
            b"res " => ensure(body.len() == 18 || body.len() == 36, at, "a resolution")?,
            kind => return Err(format!("the box {:?} of the header", show(kind))),
        }
        at = end;
    }
    Ok(())
}

/// Accounts for every byte of a codestream, but for samples.
pub(super) fn audit_codestream(stream: &[u8]) -> Result {
    let mut at = 2;
    let mut tile_end = None;
    while at + 2 <= stream.len() {
        let code = stream[at + 1];
        ensure(stream[at] == 0xFF, at, "no marker")?;
        match code {
            0xD9 => return ensure(at + 2 == stream.len(), at, "bytes after the end"),
            0x93 => {
                at = match tile_end {
                    Some(end) => end,
                    None => return Ok(()),
                };
                continue;
            }
            0x90 => {
                let length = big(stream, at + 6, 4)?;
                tile_end = (length != 0).then_some(at + length);
            }
            0x64 => {
                let end = at + 2 + big(stream, at + 2, 2)?;
                ensure(stream.get(at + 4..end).is_some_and(is_zero), at, "a comment")?;
            }
            _ => (),
        }
        at += 2 + big(stream, at + 2, 2)?;
    }
    Ok(())
}
