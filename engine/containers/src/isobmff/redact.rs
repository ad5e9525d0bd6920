//! Redaction of a `meta` box: its framing and the entries of kept items remain.

use super::{
    boxes::{BoxSpan, IndexError, Redaction, children},
    items::{DEPENDENCIES, Fate},
    meta::{Meta, Reference},
    properties,
};
use crate::Class;
use std::collections::{BTreeMap, BTreeSet};

/// Redacts `data`, from which `meta` was parsed.
pub(super) fn redact<'a>(
    data: &'a [u8],
    meta: &Meta,
    fates: &BTreeMap<u32, Fate>,
) -> Result<Redaction<'a>, IndexError> {
    let mut redaction = Redaction::new(data);
    let fate = |id: u32| fates.get(&id).copied().unwrap_or(Fate::Dropped(Class::Unknown));
    // The head of `meta` itself, its version and its flags.
    redaction.keep(0..meta.boxes.first().map_or(data.len(), |first| first.start));
    for &span in &meta.boxes {
        match &span.kind {
            b"hdlr" => handler(&mut redaction, span),
            b"pitm" => redaction.keep_all(span),
            b"iinf" => infos(&mut redaction, span, meta, fate),
            b"iloc" => locations(&mut redaction, span, meta, fate),
            b"iref" => {
                // Readers parse references of every type, so the numbers of items remain.
                redaction.keep_all(span);
                for unneeded in meta.references.iter().filter(|reference| !is_needed(reference, fate)) {
                    redaction.put(unneeded.span.start + 4, b"free");
                }
            }
            b"iprp" => properties(&mut redaction, span, meta, fate)?,
            b"idat" => redaction.keep_head(span),
            b"dinf" => data_information(&mut redaction, span)?,
            _ => redaction.free(span),
        }
    }
    Ok(redaction)
}

/// Keeps the type of a handler, without its name, which often is that of the program that wrote it.
pub(super) fn handler(redaction: &mut Redaction, span: BoxSpan) {
    redaction.keep_head(span);
    let kind = span.body + 8..span.body + 12;
    if kind.end <= span.end {
        redaction.keep(kind);
    }
}

/// Keeps the entries of `dref` that refer to the source, without further data (ISO/IEC 14496-12 section 8.7.2).
pub(super) fn data_information(redaction: &mut Redaction, span: BoxSpan) -> Result<(), IndexError> {
    redaction.keep_head(span);
    for inner in children(redaction.source, span.body..span.end)? {
        if &inner.kind != b"dref" {
            redaction.free(inner);
            continue;
        }
        let mut fields = inner.fields(redaction.source);
        fields.bytes(8)?;
        redaction.keep(inner.start..fields.at);
        for entry in children(redaction.source, fields.at..inner.end)? {
            if is_same_file(entry, redaction.source) {
                redaction.keep(entry.start..entry.body + 4);
            } else {
                redaction.free(entry);
            }
        }
    }
    Ok(())
}

/// Whether an entry of `dref` refers to the source.
pub(super) fn is_same_file(entry: BoxSpan, data: &[u8]) -> bool {
    &entry.kind == b"url " && entry.fields(data).version().is_ok_and(|(_, flags)| flags & 1 != 0)
}

fn infos(redaction: &mut Redaction, span: BoxSpan, meta: &Meta, fate: impl Fn(u32) -> Fate) {
    let infos = || meta.items.iter().filter_map(|(id, item)| Some((*id, item.info?)));
    // The head of `iinf` and the number of entries.
    redaction.keep(span.start..infos().map(|(_, info)| info.span.start).min().unwrap_or(span.end));
    for (id, info) in infos() {
        redaction.keep(info.span.start..info.text);
        if let (Fate::Dropped(_), Some(at)) = (fate(id), info.kind_at) {
            redaction.put(at, b"free");
        }
    }
}

fn locations(redaction: &mut Redaction, span: BoxSpan, meta: &Meta, fate: impl Fn(u32) -> Fate) {
    redaction.keep_all(span);
    let dropped = meta.items.iter().filter(|(id, _)| matches!(fate(**id), Fate::Dropped(_)));
    for bytes in dropped.filter_map(|(_, item)| item.location.as_ref()).flat_map(|location| &location.bytes) {
        redaction.blank(bytes.clone());
    }
}

/// Whether a reference has a known type and connects kept items.
fn is_needed(reference: &Reference, fate: impl Fn(u32) -> Fate) -> bool {
    let reaches_kept = || reference.to.iter().any(|id| fate(*id) == Fate::Kept);
    match (fate(reference.from), &reference.span.kind) {
        (Fate::Kept, kind) if DEPENDENCIES.contains(&kind) => true,
        (Fate::Kept, b"auxl" | b"prem") | (Fate::Oriented, b"cdsc") => reaches_kept(),
        _ => false,
    }
}

fn properties(
    redaction: &mut Redaction,
    span: BoxSpan,
    meta: &Meta,
    fate: impl Fn(u32) -> Fate,
) -> Result<(), IndexError> {
    let (kept, others): (Vec<_>, Vec<_>) = meta.items.iter().partition(|(id, _)| fate(**id) == Fate::Kept);
    let associations = kept.iter().flat_map(|(_, item)| &item.associations);
    let used: BTreeSet<usize> =
        associations.filter_map(|association| Some(meta.property(*association)?.start)).collect();

    redaction.keep_head(span);
    for inner in children(redaction.source, span.body..span.end)? {
        match &inner.kind {
            b"ipco" => {
                redaction.keep_head(inner);
                for &property in &meta.properties {
                    if used.contains(&property.start) {
                        properties::keep(redaction, property, redaction.source);
                    } else {
                        redaction.free(property);
                    }
                }
            }
            b"ipma" => redaction.keep_all(inner),
            _ => redaction.free(inner),
        }
    }
    for bytes in others.iter().flat_map(|(_, item)| &item.association_bytes) {
        redaction.blank(bytes.clone());
    }
    Ok(())
}
