//! WebP: the extended header, frames, and the headers of the two codings (RFC 9649 sections 2 and 3, RFC 6386 9.1).

use super::{Facts, le16, le24, le32};

/// Adds what a chunk says, or the header of a frame.
pub(super) fn add(facts: &mut Facts, chunk: &[u8]) -> Option<()> {
    let data = chunk.get(8..)?;
    let is_first = facts.width.is_none();
    match chunk.get(..4)? {
        b"VP8X" => {
            let flags = *data.first()?;
            facts.width = Some(1 + le24(data, 4)?);
            facts.height = Some(1 + le24(data, 7)?);
            facts.has_alpha = Some(flags & 0x10 != 0);
            facts.bit_depth = Some(8);
            facts.frames = Some(u32::from(flags & 0x02 == 0));
        }
        b"ANIM" => facts.plays = Some(le16(data, 4)?),
        b"ANMF" => {
            *facts.frames.get_or_insert_default() += 1;
            *facts.duration_ms.get_or_insert_default() += u64::from(le24(data, 12)?);
        }
        b"VP8 " => {
            facts.color_space = Some("YCbCr");
            facts.chroma_subsampling = Some("4:2:0");
            if is_first {
                facts.width = Some(le16(data, 6)? & 0x3FFF);
                facts.height = Some(le16(data, 8)? & 0x3FFF);
                (facts.has_alpha, facts.bit_depth, facts.frames) = (Some(false), Some(8), Some(1));
            }
        }
        b"VP8L" => {
            facts.color_space.get_or_insert("RGB");
            let header = le32(data, 1)?;
            if is_first {
                facts.width = Some(1 + (header & 0x3FFF));
                facts.height = Some(1 + (header >> 14 & 0x3FFF));
                (facts.bit_depth, facts.frames) = (Some(8), Some(1));
                facts.has_alpha = Some(header >> 28 & 1 != 0);
            }
        }
        _ => (),
    }
    Some(())
}
