//! GIF: the screen, images, and graphic control (GIF89a sections 18, 20, 23).

use super::{Facts, le16};

/// Adds what a block says.
pub(super) fn add(facts: &mut Facts, block: &[u8]) -> Option<()> {
    match block {
        [b'G', b'I', b'F', ..] => {
            facts.width = Some(le16(block, 6)?);
            facts.height = Some(le16(block, 8)?);
            (facts.bit_depth, facts.color_space) = (Some(8), Some("Palette"));
            (facts.has_alpha, facts.frames) = (Some(false), Some(0));
        }
        [b',', ..] if 10 <= block.len() => {
            *facts.frames.get_or_insert_default() += 1;
            if block[9] & 0x40 != 0 {
                facts.progressive = Some(true);
            }
        }
        [b'!', 0xF9, 4, flags, low, high, ..] => {
            if flags & 1 != 0 {
                facts.has_alpha = Some(true);
            }
            *facts.duration_ms.get_or_insert_default() += 10 * u64::from(u16::from_le_bytes([*low, *high]));
        }
        // The sub-block of NETSCAPE2.0. One play more than it says, unless it says 0.
        [3, 1, low, high] => {
            let repeats = u32::from(u16::from_le_bytes([*low, *high]));
            facts.plays = Some(if repeats == 0 { 0 } else { 1 + repeats });
        }
        _ => (),
    }
    Some(())
}
