//! PNG and APNG: IHDR, tRNS, acTL, fcTL (PNG third edition, section 11).

use super::{Facts, be16, be32};

/// Adds what a chunk says.
pub(super) fn add(facts: &mut Facts, chunk: &[u8]) -> Option<()> {
    let data = chunk.get(8..)?;
    match chunk.get(4..8)? {
        b"IHDR" => {
            facts.width = Some(be32(data, 0)?);
            facts.height = Some(be32(data, 4)?);
            facts.bit_depth = Some(*data.get(8)?);
            let kind = *data.get(9)?;
            facts.color_space = Some(match kind {
                0 | 4 => "Gray",
                3 => "Palette",
                _ => "RGB",
            });
            facts.has_alpha = Some(matches!(kind, 4 | 6));
            facts.progressive = Some(*data.get(12)? == 1);
            facts.frames = Some(1);
        }
        b"tRNS" => facts.has_alpha = Some(true),
        b"acTL" => {
            facts.frames = Some(be32(data, 0)?);
            facts.plays = Some(be32(data, 4)?);
        }
        b"fcTL" if facts.plays.is_some() => {
            let (delay, parts) = (u64::from(be16(data, 20)?), u64::from(be16(data, 22)?));
            let parts = if parts == 0 { 100 } else { parts };
            *facts.duration_ms.get_or_insert_default() += 1000 * delay / parts;
        }
        _ => (),
    }
    Some(())
}
