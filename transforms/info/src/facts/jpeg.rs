//! JPEG: the frame header and Adobe's marker (ITU-T T.81 B.2.2, T.872 6.5.3).

use super::{Facts, be16};

/// Adds what a marker segment says.
pub(super) fn add(facts: &mut Facts, segment: &[u8]) -> Option<()> {
    match segment.get(..2)? {
        [0xFF, 0xE0] if segment.get(4..9) == Some(b"JFIF\0") => {
            facts.color_space.get_or_insert("YCbCr");
        }
        // The colour model follows from the frame header unless this marker contradicts.
        [0xFF, 0xEE] if segment.get(4..9) == Some(b"Adobe") => {
            let transform = *segment.get(15)?;
            // The frame header may follow, or be before.
            facts.color_space = match (transform, facts.color_space) {
                (0, None | Some("YCbCr")) => Some("RGB"),
                (1, None) => Some("YCbCr"),
                (2, None | Some("CMYK")) => Some("YCCK"),
                (_, known) => known,
            };
        }
        [0xFF, kind @ 0xC0..=0xCF] if ![0xC4, 0xC8, 0xCC].contains(kind) => {
            let components = segment.get(10..)?;
            facts.bit_depth = Some(*segment.get(4)?);
            facts.height = Some(be16(segment, 5)?);
            facts.width = Some(be16(segment, 7)?);
            facts.progressive = Some(matches!(kind, 0xC2 | 0xC6 | 0xCA | 0xCE));
            facts.has_alpha = Some(false);
            facts.frames = Some(1);
            let count = *segment.get(9)?;
            let ids = [components.first(), components.get(3), components.get(6)];
            facts.color_space = Some(match (count, facts.color_space) {
                (1 | 2, _) => "Gray",
                (3, Some("RGB")) => "RGB",
                (3, _) if ids == [Some(&b'R'), Some(&b'G'), Some(&b'B')] => "RGB",
                // Lossless files have the colours of their source, unless a marker says otherwise.
                (3, None) if matches!(kind, 0xC3 | 0xC7 | 0xCB | 0xCF) => "RGB",
                (3, _) => "YCbCr",
                (4, Some("YCCK")) => "YCCK",
                _ => "CMYK",
            });
            if 3 <= count {
                let ratio = |shift: u8| {
                    let factor =
                        |component: usize| components.get(3 * component + 1).map(|both| both >> shift & 15);
                    factor(0)?.checked_div(factor(1)?)
                };
                facts.chroma_subsampling = subsampling(ratio(4)?, ratio(0)?);
            }
        }
        _ => (),
    }
    Some(())
}

/// Columns and rows of luma for one of chroma, as a ratio.
pub(super) const fn subsampling(columns: u8, rows: u8) -> Option<&'static str> {
    match (columns, rows) {
        (1, 1) => Some("4:4:4"),
        (2, 1) => Some("4:2:2"),
        (2, 2) => Some("4:2:0"),
        (1, 2) => Some("4:4:0"),
        (4, 1) => Some("4:1:1"),
        (4, 2) => Some("4:1:0"),
        _ => None,
    }
}

/// Reads the segments of `source` up to the frame header.
pub(super) fn read(source: &[u8]) -> Option<Facts> {
    let mut facts = Facts::default();
    let mut at = 2;
    while facts.width.is_none() {
        let length = be16(source, at + 2)? as usize;
        add(&mut facts, source.get(at..at + 2 + length)?)?;
        at += 2 + length;
    }
    Some(facts)
}
