//! JPEG XL: the image header of the codestream (ISO/IEC 18181-1 sections C.2 and C.3).

use super::{Facts, bits::Bits};
use safelight_containers::jp2_boxes;
use safelight_core::Orientation;

pub(super) fn read(source: &[u8]) -> Option<Facts> {
    let bare = |bytes: &[u8]| bytes.starts_with(&[0xFF, 0x0A]);
    let codestream = if bare(source) {
        source
    } else {
        // The first part of a codestream in several boxes begins with its number.
        let mut boxes = jp2_boxes(source);
        boxes.find_map(|(kind, body)| match kind {
            b"jxlc" => Some(body),
            b"jxlp" => body.get(4..),
            _ => None,
        })?
    };
    header(codestream.get(2..).filter(|_| bare(codestream))?)
}

/// Bits and offsets of a side of an image.
const SIDE: [(u32, u32); 4] = [(1, 9), (1, 13), (1, 18), (1, 30)];

fn header(bytes: &[u8]) -> Option<Facts> {
    let bits = &mut Bits::new(bytes);
    let (width, height) = size(bits)?;
    let mut facts = Facts {
        width: Some(width),
        height: Some(height),
        bit_depth: Some(8),
        color_space: Some("RGB"),
        has_alpha: Some(false),
        frames: Some(1),
        ..Facts::default()
    };
    if bits.flag()? {
        return Some(facts);
    }
    if bits.flag()? {
        facts.orientation = Orientation::new(1 + bits.take(3)? as u8);
        if bits.flag()? {
            size(bits)?;
        }
        if bits.flag()? {
            preview(bits)?;
        }
        if bits.flag()? {
            bits.choice([(100, 0), (1000, 0), (1, 10), (1, 30)])?;
            bits.choice([(1, 0), (1001, 0), (1, 8), (1, 10)])?;
            facts.plays = Some(bits.choice([(0, 0), (0, 3), (0, 16), (0, 32)])?);
            bits.flag()?;
            // Only the frames themselves tell how many they are.
            facts.frames = None;
        }
    }
    facts.bit_depth = Some(depth(bits)? as u8);
    bits.flag()?;
    for _ in 0..bits.choice([(0, 0), (1, 0), (2, 4), (1, 12)])? {
        facts.has_alpha = Some(extra_channel_is_alpha(bits)? || facts.has_alpha == Some(true));
    }
    bits.flag()?;
    let is_default = bits.flag()?;
    if !is_default {
        bits.flag()?;
        if enumeration(bits)? == 1 {
            facts.color_space = Some("Gray");
        }
    }
    Some(facts)
}

fn size(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let is_small = bits.flag()?;
    let side = |bits: &mut Bits<'_>| if is_small { Some(8 * (1 + bits.take(5)?)) } else { bits.choice(SIDE) };
    let height = side(bits)?;
    let width = match bits.take(3)? {
        0 => side(bits)?,
        ratio => {
            let (numerator, denominator) =
                [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)][ratio as usize - 1];
            u32::try_from(u64::from(height) * numerator / denominator).ok()?
        }
    };
    Some((width, height))
}

fn preview(bits: &mut Bits<'_>) -> Option<()> {
    let is_in_eights = bits.flag()?;
    let side = |bits: &mut Bits<'_>| {
        bits.choice(if is_in_eights {
            [(16, 0), (32, 0), (1, 5), (33, 9)]
        } else {
            [(1, 6), (65, 8), (321, 10), (1345, 12)]
        })
    };
    side(bits)?;
    if bits.take(3)? == 0 {
        side(bits)?;
    }
    Some(())
}

fn depth(bits: &mut Bits<'_>) -> Option<u32> {
    let is_float = bits.flag()?;
    if !is_float {
        return bits.choice([(8, 0), (10, 0), (12, 0), (1, 6)]);
    }
    let depth = bits.choice([(32, 0), (16, 0), (24, 0), (1, 6)])?;
    bits.take(4)?;
    Some(depth)
}

fn enumeration(bits: &mut Bits<'_>) -> Option<u32> {
    bits.choice([(0, 0), (1, 0), (2, 4), (18, 6)])
}

fn extra_channel_is_alpha(bits: &mut Bits<'_>) -> Option<bool> {
    if bits.flag()? {
        return Some(true);
    }
    let kind = enumeration(bits)?;
    depth(bits)?;
    bits.choice([(0, 0), (3, 0), (4, 0), (1, 3)])?;
    for _ in 0..bits.choice([(0, 0), (0, 4), (16, 5), (48, 10)])? {
        bits.take(8)?;
    }
    match kind {
        0 => drop(bits.flag()?),
        2 => (0..4).try_for_each(|_| bits.take(16).map(drop))?,
        5 => drop(bits.choice([(1, 0), (0, 2), (3, 4), (19, 8)])?),
        _ => (),
    }
    Some(kind == 0)
}
