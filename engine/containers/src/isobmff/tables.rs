//! The lengths of the boxes of a track that have no boxes inside (ISO/IEC 14496-12 section 8).

use super::boxes::{BoxSpan, IndexError, Redaction};

/// Keeps a box up to its last field. The rest, which readers skip, may hide data.
pub(super) fn keep(redaction: &mut Redaction, span: BoxSpan) -> Result<(), IndexError> {
    let bytes = bytes(span, redaction.source)?;
    redaction.keep_first(span, bytes);
    Ok(())
}

/// The bytes of the fields of a box.
fn bytes(span: BoxSpan, data: &[u8]) -> Result<usize, IndexError> {
    let mut fields = span.fields(data);
    let (version, _) = fields.version()?;
    let is_long = version == 1;
    // Version and flags, and the number of entries.
    let mut list = |entry: usize| Ok(8 + entry.saturating_mul(fields.u32()? as usize));
    match &span.kind {
        b"mvhd" => Ok(if is_long { 112 } else { 100 }),
        b"tkhd" => Ok(if is_long { 96 } else { 84 }),
        b"mdhd" => Ok(if is_long { 36 } else { 24 }),
        b"vmhd" => Ok(12),
        b"cslg" => Ok(if is_long { 44 } else { 24 }),
        b"elst" => list(if is_long { 20 } else { 12 }),
        b"stts" | b"ctts" | b"co64" => list(8),
        b"stss" | b"stco" => list(4),
        b"stsc" => list(12),
        b"stsz" => {
            let is_same_size = fields.u32()? != 0;
            let count = fields.u32()? as usize;
            Ok(if is_same_size { 12 } else { 12 + count.saturating_mul(4) })
        }
        // `nmhd`: version and flags.
        _ => Ok(4),
    }
}
