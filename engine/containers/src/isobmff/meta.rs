//! The box `meta`: the items, the ranges of their bytes, and the references between them
//! (ISO/IEC 14496-12 section 8.11, ISO/IEC 23008-12 section 9.3).

use super::boxes::{BoxSpan, Fields, FourCc, IndexError, children, outermost, single};
use std::{collections::BTreeMap, ops::Range};

/// The most extents of items, and the most chunks of tracks.
pub(super) const MAX_EXTENTS: usize = 1 << 17;
/// The most items; a grid has at most 65 536 tiles.
const MAX_ITEMS: usize = 1 << 17;
const MAX_REFERENCES: usize = 1 << 17;

/// A `meta` box.
#[derive(Debug)]
pub(super) struct Meta<'a> {
    /// The boxes in it.
    pub(super) boxes: Vec<BoxSpan>,
    /// The item that readers show.
    pub(super) primary: u32,
    pub(super) items: BTreeMap<u32, Item<'a>>,
    pub(super) references: Vec<Reference>,
    /// Numbered from 1 in associations.
    pub(super) properties: Vec<BoxSpan>,
    /// Contents of `idat`.
    pub(super) data: Option<Range<usize>>,
}

/// The entries of one item in the tables of a `meta` box.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub(super) info: Option<Info<'a>>,
    pub(super) location: Option<Location>,
    pub(super) associations: Vec<Association>,
    /// The ranges of the associations in the index.
    pub(super) association_bytes: Vec<Range<usize>>,
}

/// An entry of `iinf`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Info<'a> {
    pub(super) span: BoxSpan,
    /// The end of the fields before the text.
    pub(super) text: usize,
    /// The offset of the item type; `None` in versions without one.
    pub(super) kind_at: Option<usize>,
    pub(super) kind: FourCc,
    /// The content type of items of type `mime`.
    pub(super) content_type: &'a [u8],
    pub(super) is_protected: bool,
    /// Whether the file says that it is not shown on its own.
    pub(super) is_hidden: bool,
}

/// An entry of `iloc`.
#[derive(Debug)]
pub(super) struct Location {
    /// Offsets from the start of the source.
    pub(super) extents: Vec<Range<u64>>,
    pub(super) is_in_other_file: bool,
    /// The ranges in the index of the base offset, and of the offsets and lengths of the extents.
    pub(super) bytes: [Range<usize>; 2],
}

/// The association of an item with a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Association {
    /// The number of the property; 0 for none.
    pub(super) property: u16,
    pub(super) is_essential: bool,
}

/// A reference from one item to others.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) span: BoxSpan,
    pub(super) from: u32,
    pub(super) to: Vec<u32>,
}

impl<'a> Meta<'a> {
    /// Parses the `meta` box `data`, which begins at offset `start` of the source.
    pub(super) fn read(data: &'a [u8], start: u64) -> Result<Self, IndexError> {
        let span = outermost(data)?;
        let mut fields = span.fields(data);
        if fields.version()?.0 != 0 {
            return Err(IndexError::Unsupported("an unknown version of the index"));
        }
        let boxes = children(data, fields.at..span.end)?;
        let required = |kind, what| {
            single(&boxes, kind)?
                .ok_or(IndexError::Damaged(span.start, what))
                .map(|span| (span, span.fields(data)))
        };

        let (_, mut handler) = required(*b"hdlr", "an index without a handler")?;
        handler.bytes(8)?;
        if &handler.four_cc()? != b"pict" {
            return Err(IndexError::Unsupported("an index that does not describe an image"));
        }
        let (_, primary) = required(*b"pitm", "an index without a primary item")?;
        let primary = read_primary(primary)?;

        let idat = single(&boxes, *b"idat")?.map(|span| span.body..span.end);
        let (_, infos) = required(*b"iinf", "an index without items")?;
        let mut items = BTreeMap::new();
        read_infos(data, infos, &mut items)?;
        let (_, locations) = required(*b"iloc", "an index without locations")?;
        let idat_in_source =
            idat.clone().map_or(0..0, |idat| start + idat.start as u64..start + idat.end as u64);
        read_locations(locations, &idat_in_source, &mut items)?;

        let references = match single(&boxes, *b"iref")? {
            Some(span) => read_references(data, span)?,
            None => Vec::new(),
        };
        let mut properties = Vec::new();
        if let Some(span) = single(&boxes, *b"iprp")? {
            let inner = children(data, span.body..span.end)?;
            let container =
                single(&inner, *b"ipco")?.ok_or(IndexError::Damaged(span.start, "no properties"))?;
            properties = children(data, container.body..container.end)?;
            for span in inner.iter().filter(|span| &span.kind == b"ipma") {
                read_associations(span.fields(data), &mut items)?;
            }
        }
        Ok(Self { boxes, primary, items, references, properties, data: idat })
    }

    /// The property that `association` names, if it names one.
    pub(super) fn property(&self, association: Association) -> Option<BoxSpan> {
        self.properties.get(usize::from(association.property.checked_sub(1)?)).copied()
    }
}

/// Whether the `meta` box `data` has a primary item. That of a sequence may have none, since tracks are shown.
pub(super) fn has_primary(data: &[u8]) -> Result<bool, IndexError> {
    let span = outermost(data)?;
    let mut fields = span.fields(data);
    fields.version()?;
    Ok(single(&children(data, fields.at..span.end)?, *b"pitm")?.is_some())
}

/// The item `id`, to which the table at offset `at` refers.
fn entry<'m, 'a>(
    items: &'m mut BTreeMap<u32, Item<'a>>,
    id: u32,
    at: usize,
) -> Result<&'m mut Item<'a>, IndexError> {
    if MAX_ITEMS <= items.len() && !items.contains_key(&id) {
        return Err(IndexError::Damaged(at, "too many items"));
    }
    Ok(items.entry(id).or_default())
}

fn read_primary(mut fields: Fields) -> Result<u32, IndexError> {
    let (version, _) = fields.version()?;
    let id = fields.uint(if version == 0 { 2 } else { 4 })? as u32;
    fields.finish()?;
    Ok(id)
}

fn read_infos<'a>(
    data: &'a [u8],
    mut fields: Fields,
    items: &mut BTreeMap<u32, Item<'a>>,
) -> Result<(), IndexError> {
    let (version, _) = fields.version()?;
    let count = fields.uint(if version == 0 { 2 } else { 4 })? as usize;
    let spans = children(data, fields.at..fields.at + fields.left())?;
    if spans.len() != count {
        return Err(IndexError::Damaged(fields.at, "a wrong number of items"));
    }
    for span in spans {
        let (id, info) = read_info(data, span)?;
        if entry(items, id, span.start)?.info.replace(info).is_some() {
            return Err(IndexError::Damaged(span.start, "an item that is described twice"));
        }
    }
    Ok(())
}

/// Reads an `infe` box (ISO/IEC 14496-12 section 8.11.6.2).
fn read_info(data: &[u8], span: BoxSpan) -> Result<(u32, Info<'_>), IndexError> {
    if &span.kind != b"infe" {
        return Err(IndexError::Damaged(span.start, "an entry of the list of items that is not an item"));
    }
    let mut fields = span.fields(data);
    let (version, flags) = fields.version()?;
    let id = fields.uint(if version == 3 { 4 } else { 2 })? as u32;
    // ISO/IEC 23008-12, section 6.4.2.
    let is_hidden = flags & 1 == 1;
    let is_protected = fields.u16()? != 0;
    let kind_at = (2 <= version).then_some(fields.at);
    let kind = if kind_at.is_some() { fields.four_cc()? } else { *b"mime" };
    let text = fields.at;
    let _name = fields.text();
    let content_type = if &kind == b"mime" { fields.text() } else { &[] };
    match version {
        0..=3 => Ok((id, Info { span, text, kind_at, kind, content_type, is_protected, is_hidden })),
        _ => Err(IndexError::Unsupported("an item of an unknown version")),
    }
}

fn read_locations(
    mut fields: Fields,
    idat: &Range<u64>,
    items: &mut BTreeMap<u32, Item>,
) -> Result<(), IndexError> {
    let (version, _) = fields.version()?;
    let (sizes, more_sizes) = (fields.u8()?, fields.u8()?);
    let (offset_size, length_size) = (usize::from(sizes >> 4), usize::from(sizes & 15));
    let (base_size, index_size) = (usize::from(more_sizes >> 4), usize::from(more_sizes & 15));
    let index_size = if version == 0 { 0 } else { index_size };
    if [offset_size, length_size, base_size, index_size].iter().any(|size| ![0, 4, 8].contains(size)) {
        return Err(IndexError::Damaged(fields.at, "fields of a wrong size"));
    }
    let id_size = match version {
        0 | 1 => 2,
        2 => 4,
        _ => return Err(IndexError::Unsupported("an unknown version of item locations")),
    };
    let count = fields.uint(id_size)?;
    let mut extents_left = MAX_EXTENTS;
    for _ in 0..count {
        let at = fields.at;
        let id = fields.uint(id_size)? as u32;
        let origin = match if version == 0 { 0 } else { fields.u16()? & 15 } {
            0 => 0..u64::MAX,
            1 => idat.clone(),
            _ => return Err(IndexError::Unsupported("items that consist of parts of other items")),
        };
        let is_in_other_file = fields.u16()? != 0;
        let base_at = fields.at;
        let base = fields.uint(base_size)?;
        let base_bytes = base_at..fields.at;
        let extent_count = usize::from(fields.u16()?);
        extents_left =
            extents_left.checked_sub(extent_count).ok_or(IndexError::Damaged(at, "too many extents"))?;
        let mut extents = Vec::new();
        let extents_at = fields.at;
        for _ in 0..extent_count {
            fields.uint(index_size)?;
            let (offset, length) = (fields.uint(offset_size)?, fields.uint(length_size)?);
            let start = [base, offset].iter().try_fold(origin.start, |sum, part| sum.checked_add(*part));
            let end = start.and_then(|start| start.checked_add(length)).filter(|end| *end <= origin.end);
            let (Some(start), Some(end)) = (start, end) else {
                return Err(IndexError::Damaged(at, "an item outside of its container"));
            };
            extents.push(start..end);
        }
        let bytes = [base_bytes, extents_at..fields.at];
        let location = Location { extents, is_in_other_file, bytes };
        if entry(items, id, at)?.location.replace(location).is_some() {
            return Err(IndexError::Damaged(at, "an item that is located twice"));
        }
    }
    fields.finish()
}

fn read_references(data: &[u8], span: BoxSpan) -> Result<Vec<Reference>, IndexError> {
    let mut fields = span.fields(data);
    let id_size = match fields.version()?.0 {
        0 => 2,
        1 => 4,
        _ => return Err(IndexError::Unsupported("an unknown version of item references")),
    };
    let read = |span: BoxSpan| {
        let mut fields = span.fields(data);
        let from = fields.uint(id_size)? as u32;
        let count = fields.u16()?;
        let to = (0..count).map(|_| Ok(fields.uint(id_size)? as u32)).collect::<Result<_, _>>()?;
        fields.finish()?;
        Ok(Reference { span, from, to })
    };
    let spans = children(data, fields.at..span.end)?;
    if MAX_REFERENCES < spans.len() {
        return Err(IndexError::Damaged(span.start, "too many references"));
    }
    spans.into_iter().map(read).collect()
}

fn read_associations(mut fields: Fields, items: &mut BTreeMap<u32, Item>) -> Result<(), IndexError> {
    let (version, flags) = fields.version()?;
    let id_size = if version == 0 { 2 } else { 4 };
    let is_wide = flags & 1 != 0;
    let count = fields.u32()?;
    for _ in 0..count {
        let id = fields.uint(id_size)? as u32;
        let count = fields.u8()?;
        let start = fields.at;
        let item = entry(items, id, start)?;
        for _ in 0..count {
            let (is_essential, property) = match fields.uint(if is_wide { 2 } else { 1 })? {
                word if is_wide => (word & 0x8000 != 0, word & 0x7FFF),
                byte => (byte & 0x80 != 0, byte & 0x7F),
            };
            item.associations.push(Association { property: property as u16, is_essential });
        }
        item.association_bytes.push(start..fields.at);
    }
    fields.finish()
}
