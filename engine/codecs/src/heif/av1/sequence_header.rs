//! The sequence header of AV1 (AV1 bitstream specification, sections 5.3 and 5.5).

use super::super::rgb::Signal;
use safelight_core::Size;

/// The fields of a sequence header that a decode needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SequenceHeader {
    /// The largest size of a frame.
    pub(super) size: Size,
    pub(super) bits: u8,
    /// Pixels, columns and rows, for each sample of chroma; `None` for grey.
    pub(super) chroma: Option<(u32, u32)>,
    pub(super) signal: Signal,
}

/// Finds the first sequence header among the units that `data` begins with.
pub(super) fn find(data: &[u8]) -> Option<SequenceHeader> {
    const SEQUENCE_HEADER: u8 = 1;
    /// The most units that are searched: a temporal delimiter and metadata may be before.
    const MAX_UNITS: usize = 64;
    let mut rest = data;
    for _ in 0..MAX_UNITS {
        let (&head, after) = rest.split_first()?;
        let (kind, has_extension, has_size) = (head >> 3 & 15, head & 4 != 0, head & 2 != 0);
        let after = if has_extension { after.get(1..)? } else { after };
        let (payload, next) = if has_size {
            let (size, after) = leb128(after)?;
            after.split_at_checked(size)?
        } else {
            (after, &[][..])
        };
        if kind == SEQUENCE_HEADER {
            return read(&mut Bits { data: payload, at: 0 });
        }
        rest = next;
    }
    None
}

/// Reads a number in groups of seven bits (section 4.10.5), and returns what follows.
fn leb128(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (at, byte) in data.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &data[at + 1..]));
        }
    }
    None
}

/// Reads `sequence_header_obu` (section 5.5.1).
fn read(bits: &mut Bits) -> Option<SequenceHeader> {
    let profile = bits.take(3)?;
    let _still_picture = bits.flag()?;
    let is_reduced = bits.flag()?;
    if is_reduced {
        bits.take(5)?;
    } else {
        skip_operating_points(bits)?;
    }
    let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
    let size = Size::new(bits.take(width_bits)? + 1, bits.take(height_bits)? + 1);
    if !is_reduced && bits.flag()? {
        bits.take(7)?;
    }
    // 128 × 128 blocks, filters inside frames.
    bits.take(3)?;
    if !is_reduced {
        // Compounds of frames, warped motion, two filters.
        bits.take(4)?;
        let has_order = bits.flag()?;
        if has_order {
            bits.take(2)?;
        }
        let is_screen_content_chosen = bits.flag()?;
        if is_screen_content_chosen || bits.flag()? {
            let is_integer_motion_chosen = bits.flag()?;
            if !is_integer_motion_chosen {
                bits.take(1)?;
            }
        }
        if has_order {
            bits.take(3)?;
        }
    }
    // Super-resolution and the filters after the decode.
    bits.take(3)?;
    read_colours(bits, profile, size)
}

/// Skips timing and operating points.
fn skip_operating_points(bits: &mut Bits) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.take(32)?;
        bits.take(32)?;
        if bits.flag()? {
            skip_uvlc(bits)?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? + 1);
            bits.take(32)?;
            bits.take(10)?;
        }
    }
    let has_display_delay = bits.flag()?;
    for _ in 0..=bits.take(5)? {
        bits.take(12)?;
        let level = bits.take(5)?;
        if 7 < level {
            bits.take(1)?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.take(delay_bits)?;
            bits.take(delay_bits)?;
            bits.take(1)?;
        }
        if has_display_delay && bits.flag()? {
            bits.take(4)?;
        }
    }
    Some(())
}

/// Skips a number of variable length (section 4.10.3).
fn skip_uvlc(bits: &mut Bits) -> Option<()> {
    let mut zeros = 0;
    while !bits.flag()? {
        zeros += 1;
    }
    if zeros < 32 {
        bits.take(zeros)?;
    }
    Some(())
}

/// Reads `color_config` (section 5.5.2).
fn read_colours(bits: &mut Bits, profile: u32, size: Size) -> Option<SequenceHeader> {
    let is_high = bits.flag()?;
    let depth = match is_high {
        true if profile == 2 && bits.flag()? => 12,
        true => 10,
        false => 8,
    };
    let is_grey = profile != 1 && bits.flag()?;
    let mut signal = Signal::UNSPECIFIED;
    if bits.flag()? {
        let mut code_point = || bits.take(8).map(|value| value as u8);
        (signal.primaries, signal.transfer, signal.matrix) = (code_point()?, code_point()?, code_point()?);
    }
    let header = |chroma, signal| Some(SequenceHeader { size, bits: depth, chroma, signal });
    if is_grey {
        signal.is_full_range = bits.flag()?;
        return header(None, signal);
    }
    if (signal.primaries, signal.transfer, signal.matrix) == (1, 13, 0) {
        return header(Some((1, 1)), signal);
    }
    signal.is_full_range = bits.flag()?;
    let chroma = match profile {
        0 => (2, 2),
        1 => (1, 1),
        _ if depth == 12 && !bits.flag()? => (1, 1),
        _ if depth == 12 && bits.flag()? => (2, 2),
        _ => (2, 1),
    };
    header(Some(chroma), signal)
}

/// A reader of bits, the highest first.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// Returns the next `count` bits, at most 32; `None` at the end.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.data.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == 1)
    }
}
