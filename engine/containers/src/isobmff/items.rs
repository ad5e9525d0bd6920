//! Selection of the items that the image needs.
//!
//! An item is kept if the image cannot be decoded without it: the primary item, the items that it is derived
//! from, and their alpha planes. All others are removed: descriptions, thumbnails, depth and gain maps, and other
//! images. Alternatives to the primary item are removed too, tone-mapped ones (`tmap`) with their gain map;
//! readers that prefer an alternative then show the primary item, as all others do.

use super::{
    boxes::{FourCc, IndexError},
    meta::{Info, Item, Location, Meta, Reference},
    properties,
};
use crate::{Class, ExifFraming, Part, Removal, part_map::Claim};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// The treatment of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The image needs it.
    Kept,
    /// It is the EXIF block of the image; its orientation remains.
    Oriented,
    /// It is removed.
    Dropped(Class),
}

/// Item types of coded and derived images whose data contain no metadata.
///
/// JPEG and JPEG 2000 items are missing, since they carry metadata of their own.
const PICTURES: &[&FourCc] = &[
    b"av01", b"hvc1", b"hev1", b"hvt1", b"lhv1", b"avc1", b"vvc1", b"evc1", b"unci", b"grid", b"iovl",
    b"iden", b"tmap",
];

/// References from an item to those that it cannot be decoded without: derivation, prediction, scalable
/// layers, tiles (ISO/IEC 23008-12 sections 6.4 and 6.6, ISO/IEC 14496-15).
pub(super) const DEPENDENCIES: &[&FourCc] = &[b"dimg", b"pred", b"exbl", b"tbas"];

/// Bytes of the first extent of an EXIF item that suffice for an orientation.
const MIN_EXIF_BYTES: u64 = 30;

/// Decides the treatment of every item.
pub(super) fn fates(meta: &Meta, data: &[u8]) -> Result<BTreeMap<u32, Fate>, IndexError> {
    let kept = kept_items(meta, data)?;
    let mut sources: BTreeMap<(FourCc, u32), Vec<&Reference>> = BTreeMap::new();
    for reference in &meta.references {
        sources.entry((reference.span.kind, reference.from)).or_default().push(reference);
    }
    let describes_other = |id| {
        let targets = sources.get(&(*b"cdsc", id));
        targets.is_some_and(|all| !all.iter().flat_map(|one| &one.to).any(|id| kept.contains(id)))
    };
    let is_thumbnail = |id| sources.contains_key(&(*b"thmb", id));

    let fate = |(&id, item): (&u32, &Item)| {
        let fate = match &item.info {
            _ if kept.contains(&id) => Fate::Kept,
            _ if is_thumbnail(id) => Fate::Dropped(Class::Thumbnail),
            Some(info) if &info.kind == b"Exif" && describes_other(id) => Fate::Dropped(Class::Secondary),
            Some(info) if &info.kind == b"Exif" => match item.location.as_ref().and_then(first_extent) {
                Some(bytes) if MIN_EXIF_BYTES <= bytes => Fate::Oriented,
                _ => Fate::Dropped(Class::Exif),
            },
            Some(info) => Fate::Dropped(class(info)),
            None => Fate::Dropped(Class::Unknown),
        };
        (id, fate)
    };
    Ok(meta.items.iter().map(fate).collect())
}

/// The ranges of the source that contain data of the items.
pub(super) fn claims(meta: &Meta, fates: &BTreeMap<u32, Fate>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (id, item) in &meta.items {
        let fate = fates.get(id).copied().unwrap_or(Fate::Dropped(Class::Unknown));
        let extents = item.location.iter().filter(|location| !location.is_in_other_file);
        for (i, extent) in extents.flat_map(|location| &location.extents).cloned().enumerate() {
            claims.push(match fate {
                Fate::Kept => Claim::kept(extent, Class::ImageData),
                Fate::Oriented if i == 0 => {
                    let framing = ExifFraming::Item((extent.end - extent.start) as usize);
                    Claim::new(extent, Part::new(Class::Exif, Removal::Reorient(framing)))
                }
                Fate::Oriented => Claim::blanked(extent, Class::Exif),
                Fate::Dropped(class) => Claim::blanked(extent, class),
            });
        }
    }
    claims
}

/// The images of the file that are shown on their own: the primary item, and all images that are not hidden, nor
/// alternatives for other displays, nor parts or companions of other images.
pub(super) fn pages(meta: &Meta) -> Vec<u32> {
    let mut others = BTreeSet::new();
    let is_tone_mapped = |id| {
        let info = meta.items.get(id).and_then(|item| item.info.as_ref());
        info.is_some_and(|info| &info.kind == b"tmap")
    };
    for reference in &meta.references {
        match &reference.span.kind {
            b"thmb" | b"auxl" => others.extend([reference.from]),
            // The base image, and a gain map.
            b"dimg" if is_tone_mapped(&reference.from) => others.extend(reference.to.iter().skip(1)),
            b"dimg" => others.extend(&reference.to),
            _ => (),
        }
    }
    let is_page = |(id, item): &(&u32, &Item)| {
        let is_image = |info: &Info| {
            let is_coded = PICTURES.contains(&&info.kind) || matches!(&info.kind, b"jpeg" | b"j2k1");
            is_coded && &info.kind != b"tmap" && !info.is_hidden
        };
        **id == meta.primary || (item.info.as_ref().is_some_and(is_image) && !others.contains(*id))
    };
    meta.items.iter().filter(is_page).map(|(id, _)| *id).collect()
}

fn first_extent(location: &Location) -> Option<u64> {
    let is_here = !location.is_in_other_file;
    location.extents.first().filter(|_| is_here).map(|extent| extent.end - extent.start)
}

/// The primary item and all items that it needs.
fn kept_items(meta: &Meta, data: &[u8]) -> Result<BTreeSet<u32>, IndexError> {
    let (mut needs, mut auxiliaries) = (BTreeMap::<u32, Vec<u32>>::new(), BTreeMap::<u32, Vec<u32>>::new());
    for reference in &meta.references {
        if DEPENDENCIES.contains(&&reference.span.kind) {
            needs.entry(reference.from).or_default().extend(&reference.to);
        } else if &reference.span.kind == b"auxl" {
            reference.to.iter().for_each(|to| auxiliaries.entry(*to).or_default().push(reference.from));
        }
    }

    // Computed once for each item, since an item may be named as auxiliary any number of times.
    let alphas = meta.items.iter().filter(|(_, item)| is_alpha(item, meta, data));
    let alphas: BTreeSet<u32> = alphas.map(|(id, _)| *id).collect();

    let mut kept = BTreeSet::new();
    let mut open = vec![meta.primary];
    while let Some(id) = open.pop() {
        if !kept.insert(id) {
            continue;
        }
        let item = meta.items.get(&id);
        let item = item.ok_or(IndexError::Damaged(0, "the image refers to a missing item"))?;
        check_kept(item, meta, data)?;
        open.extend(needs.get(&id).into_iter().flatten());
        open.extend(auxiliaries.get(&id).into_iter().flatten().filter(|id| alphas.contains(id)));
    }
    Ok(kept)
}

/// Checks that all properties of a kept item are supported.
pub(super) fn check_kept(item: &Item, meta: &Meta, data: &[u8]) -> Result<(), IndexError> {
    let info = item.info.ok_or(IndexError::Damaged(0, "the image refers to a missing item"))?;
    if !PICTURES.contains(&&info.kind) {
        return Err(IndexError::Unsupported("an unknown coding of the image"));
    }
    if info.is_protected {
        return Err(IndexError::Unsupported("the image is encrypted"));
    }
    for association in &item.associations {
        if association.property == 0 {
            continue;
        }
        let span = meta
            .property(*association)
            .ok_or(IndexError::Damaged(info.span.start, "a reference to a missing property"))?;
        if association.is_essential && !properties::is_known(span, data) {
            return Err(IndexError::Unsupported("an unknown essential property of the image"));
        }
    }
    // An identity derivation has no data (ISO/IEC 23008-12 section 6.6.2.1).
    if &info.kind == b"iden" {
        return Ok(());
    }
    let at = info.span.start;
    let location = item.location.as_ref().ok_or(IndexError::Damaged(at, "an image without data"))?;
    if location.is_in_other_file {
        return Err(IndexError::Unsupported("the image is in another file"));
    }
    // A length of 0 means the whole source (ISO/IEC 14496-12 section 8.11.3.3), which would keep unknown bytes.
    // No image reader supports it.
    if location.extents.iter().any(Range::is_empty) || location.extents.is_empty() {
        Err(IndexError::Damaged(at, "an image without data"))
    } else {
        Ok(())
    }
}

pub(super) fn is_alpha(item: &Item, meta: &Meta, data: &[u8]) -> bool {
    let mut properties = item.associations.iter().filter_map(|association| meta.property(*association));
    properties.any(|span| properties::is_alpha(span, data))
}

/// The class of an item that is not kept.
fn class(info: &Info) -> Class {
    match &info.kind {
        b"mime" if info.content_type == b"application/rdf+xml" => Class::Xmp,
        b"mime" if info.content_type.starts_with(b"application/x-c2pa") => Class::C2pa,
        b"jumb" | b"c2pa" => Class::C2pa,
        b"mime" | b"uri " => Class::Vendor,
        b"jpeg" | b"j2k1" | b"sato" => Class::Secondary,
        kind if PICTURES.contains(&kind) => Class::Secondary,
        _ => Class::Unknown,
    }
}
