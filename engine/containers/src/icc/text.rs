//! The two texts that every profile must have: its description, which becomes the name of its colour space, and its
//! copyright, which becomes empty.

use super::Tag;
use std::ops::Range;

const DESCRIPTION: &[u8; 4] = b"desc";
const COPYRIGHT: &[u8; 4] = b"cprt";

/// Whether the element of a tag is replaced by another text.
pub(super) const fn is_rewritten(name: &[u8; 4]) -> bool {
    matches!(name, b"desc" | b"cprt")
}

/// Writes the texts of `tags` into `copy`, which has the bytes `kept` of the profile `data`. Returns the tags without
/// those whose elements have no room, or share bytes with others.
pub(super) fn rewrite(copy: &mut [u8], data: &[u8], tags: Vec<Tag>, kept: &[Range<usize>]) -> Vec<Tag> {
    let mut written: Vec<Range<usize>> = Vec::new();
    let mut texts = Vec::new();
    // The description first, since both may share an element.
    for name in [DESCRIPTION, COPYRIGHT] {
        let Some(tag) = tags.iter().find(|tag| tag.name == *name) else { continue };
        let range = tag.start..tag.start + tag.bytes;
        let overlaps = |other: &Range<usize>| other.start < range.end && range.start < other.end;
        let text = if name == DESCRIPTION { space_name(data) } else { "" };
        let element = element(&data[range.clone()], text).filter(|element| element.len() <= tag.bytes);
        if let Some(element) = element
            && !kept.iter().chain(&written).any(overlaps)
        {
            copy[tag.start..tag.start + element.len()].copy_from_slice(&element);
            written.push(range);
            texts.push(*tag);
        }
    }
    let is_text = |tag: &Tag| texts.iter().any(|text| (text.name, text.start) == (tag.name, tag.start));
    tags.into_iter().filter(|tag| !is_rewritten(&tag.name) || is_text(tag)).collect()
}

/// The name of the colour space that a profile describes.
fn space_name(data: &[u8]) -> &str {
    // The signatures of colour spaces are names.
    data.get(16..20).and_then(|space| std::str::from_utf8(space).ok()).unwrap_or_default().trim_end()
}

/// An element with `text`, of the same type as `old`; `None` for a type that has no text.
fn element(old: &[u8], text: &str) -> Option<Vec<u8>> {
    let length = text.len() as u32;
    Some(match old.get(..4)? {
        // ICC.1:2022 section 10.15: one record of twelve bytes, and its text in UTF-16.
        b"mluc" => {
            let utf16 = text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
            let record = [&b"enUS"[..], &(2 * length).to_be_bytes(), &28_u32.to_be_bytes()].concat();
            [&b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0C"[..], &record, &utf16].concat()
        }
        // ICC.1:2001-04 section 6.5.17: the text in ASCII, none in Unicode, and none in the script of a Macintosh, which
        // has 67 bytes.
        b"desc" => {
            [&b"desc\0\0\0\0"[..], &(length + 1).to_be_bytes(), text.as_bytes(), &[0; 1 + 4 + 4 + 3 + 67]]
                .concat()
        }
        b"text" => [b"text\0\0\0\0", text.as_bytes(), &[0]].concat(),
        _ => return None,
    })
}
