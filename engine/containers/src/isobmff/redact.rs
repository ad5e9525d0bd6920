//! What is left of a `meta` box: the framing, and what is said about items that are kept.

use super::{
    boxes::{BoxSpan, Draft, Fault, children},
    items::{DEPENDENCIES, Fate},
    meta::{Meta, Reference},
    properties,
};
use crate::Class;
use std::collections::{BTreeMap, BTreeSet};

/// Drafts what takes the place of `data`, which `meta` was read from.
pub(super) fn redact<'a>(
    data: &'a [u8],
    meta: &Meta,
    fates: &BTreeMap<u32, Fate>,
) -> Result<Draft<'a>, Fault> {
    let mut draft = Draft::new(data);
    let fate = |id: u32| fates.get(&id).copied().unwrap_or(Fate::Dropped(Class::Unknown));
    // The head of `meta` itself, its version and its flags.
    draft.keep(0..meta.boxes.first().map_or(data.len(), |first| first.start));
    for &span in &meta.boxes {
        match &span.kind {
            b"hdlr" => handler(&mut draft, span),
            b"pitm" => draft.keep_all(span),
            b"iinf" => infos(&mut draft, span, meta, fate),
            b"iloc" => locations(&mut draft, span, meta, fate),
            b"iref" => {
                draft.keep_all(span);
                for unneeded in meta.references.iter().filter(|reference| !is_needed(reference, fate)) {
                    draft.free(unneeded.span);
                }
            }
            b"iprp" => properties(&mut draft, span, meta, fate)?,
            b"idat" => draft.keep_head(span),
            b"dinf" => data_information(&mut draft, span)?,
            _ => draft.free(span),
        }
    }
    Ok(draft)
}

/// Keeps what is handled, and drops the name of the handler, which names the program that wrote it.
pub(super) fn handler(draft: &mut Draft, span: BoxSpan) {
    draft.keep_head(span);
    let kind = span.body + 8..span.body + 12;
    if kind.end <= span.end {
        draft.keep(kind);
    }
}

/// Keeps the entries of `dref` that stand for the source itself, without what they may say beyond
/// (ISO/IEC 14496-12 section 8.7.2).
pub(super) fn data_information(draft: &mut Draft, span: BoxSpan) -> Result<(), Fault> {
    draft.keep_head(span);
    for inner in children(draft.source, span.body..span.end)? {
        if &inner.kind != b"dref" {
            draft.free(inner);
            continue;
        }
        let mut fields = inner.fields(draft.source);
        fields.bytes(8)?;
        draft.keep(inner.start..fields.at);
        for entry in children(draft.source, fields.at..inner.end)? {
            if is_same_file(entry, draft.source) {
                draft.keep(entry.start..entry.body + 4);
            } else {
                draft.free(entry);
            }
        }
    }
    Ok(())
}

/// Whether an entry of `dref` stands for the source itself.
pub(super) fn is_same_file(entry: BoxSpan, data: &[u8]) -> bool {
    &entry.kind == b"url " && entry.fields(data).version().is_ok_and(|(_, flags)| flags & 1 != 0)
}

fn infos(draft: &mut Draft, span: BoxSpan, meta: &Meta, fate: impl Fn(u32) -> Fate) {
    let infos = || meta.items.iter().filter_map(|(id, item)| Some((*id, item.info?)));
    // The head of `iinf` and the number of entries.
    draft.keep(span.start..infos().map(|(_, info)| info.span.start).min().unwrap_or(span.end));
    for (id, info) in infos() {
        draft.keep(info.span.start..info.text);
        if let (Fate::Dropped(_), Some(at)) = (fate(id), info.kind_at) {
            draft.put(at, b"free");
        }
    }
}

fn locations(draft: &mut Draft, span: BoxSpan, meta: &Meta, fate: impl Fn(u32) -> Fate) {
    draft.keep_all(span);
    let dropped = meta.items.iter().filter(|(id, _)| matches!(fate(**id), Fate::Dropped(_)));
    for bytes in dropped.filter_map(|(_, item)| item.location.as_ref()).flat_map(|location| &location.bytes) {
        draft.blank(bytes.clone());
    }
}

/// Whether both ends of a reference are kept, and it is of a known type.
fn is_needed(reference: &Reference, fate: impl Fn(u32) -> Fate) -> bool {
    let reaches_kept = || reference.to.iter().any(|id| fate(*id) == Fate::Kept);
    match (fate(reference.from), &reference.span.kind) {
        (Fate::Kept, kind) if DEPENDENCIES.contains(&kind) => true,
        (Fate::Kept, b"auxl" | b"prem") | (Fate::Oriented, b"cdsc") => reaches_kept(),
        _ => false,
    }
}

fn properties(
    draft: &mut Draft,
    span: BoxSpan,
    meta: &Meta,
    fate: impl Fn(u32) -> Fate,
) -> Result<(), Fault> {
    let (kept, others): (Vec<_>, Vec<_>) = meta.items.iter().partition(|(id, _)| fate(**id) == Fate::Kept);
    let associations = kept.iter().flat_map(|(_, item)| &item.associations);
    let used: BTreeSet<usize> =
        associations.filter_map(|association| Some(meta.property(*association)?.start)).collect();

    draft.keep_head(span);
    for inner in children(draft.source, span.body..span.end)? {
        match &inner.kind {
            b"ipco" => {
                draft.keep_head(inner);
                for &property in &meta.properties {
                    if used.contains(&property.start) {
                        properties::keep(draft, property, draft.source);
                    } else {
                        draft.free(property);
                    }
                }
            }
            b"ipma" => draft.keep_all(inner),
            _ => draft.free(inner),
        }
    }
    for bytes in others.iter().flat_map(|(_, item)| &item.association_bytes) {
        draft.blank(bytes.clone());
    }
    Ok(())
}
