//! The parts of the top-level boxes of an ISO-BMFF file, according to its index.

use super::{
    boxes::{BoxHead, IndexError, Redaction, outermost},
    file_type,
    items::{self, Fate},
    meta, movie, redact,
    scan::{IndexBox, Scan},
};
use crate::{
    Class, ContainerError, Part, Removal,
    grammar::Layout,
    input::Input,
    part_map::{Conflict, PartMap},
};
use bytes::Bytes;
use safelight_formats::Format;
use std::{collections::VecDeque, ops::Range};

/// Parts and their layouts, in the order of the source.
pub(super) type Parts = VecDeque<(Part, Layout)>;

/// The contents of the index.
#[derive(Debug)]
pub(super) struct Plan {
    map: PartMap,
    indexes: Vec<Index>,
    /// The end of the last needed byte; the rest can be cut.
    pub(super) end: u64,
}

/// The replacement of a box of the index.
#[derive(Debug)]
struct Index {
    start: u64,
    bytes: Bytes,
    /// Its ranges that are parts of their own, in order.
    insets: Vec<(Range<usize>, Inset)>,
}

#[derive(Clone, Copy, Debug)]
enum Inset {
    Profile,
    /// Data of items, as in `mdat`.
    Data,
}

/// Bytes of the type of a `uuid` box.
const USER_TYPE_BYTES: usize = 16;
const C2PA: &[u8] = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
const XMP: &[u8] = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";

impl Plan {
    /// Parses the index that `scan` has found.
    pub(super) fn new(scan: &Scan, format: Format) -> Result<Self, ContainerError> {
        let (mut claims, mut indexes, mut data) = (Vec::new(), Vec::new(), None);
        let mut has_tone_map = false;
        if let Some(IndexBox { start, bytes }) = &scan.meta {
            let mut read = || -> Result<_, IndexError> {
                if scan.movie.is_some() && !meta::has_primary(bytes)? {
                    let mut redaction = Redaction::new(bytes);
                    redaction.free(outermost(bytes)?);
                    return Ok((redaction, None));
                }
                let meta = meta::Meta::read(bytes, *start)?;
                let fates = items::fates(&meta, bytes)?;
                claims.extend(items::claims(&meta, &fates));
                let is_tone_map = |(id, fate): (&u32, &Fate)| {
                    *fate == Fate::Kept && meta.items[id].info.is_some_and(|info| &info.kind == b"tmap")
                };
                has_tone_map = fates.iter().any(is_tone_map);
                Ok((redact::redact(bytes, &meta, &fates)?, meta.data))
            };
            let (redaction, inset) = read().map_err(|error| error.into_error(format, *start))?;
            data = inset.clone().map(|inset| start + inset.start as u64..start + inset.end as u64);
            indexes.push(Index::new(*start, redaction, inset));
        }
        if let Some(IndexBox { start, bytes }) = &scan.movie {
            let (redaction, own_claims) =
                movie::read(bytes).map_err(|error| error.into_error(format, *start))?;
            claims.extend(own_claims);
            indexes.push(Index::new(*start, redaction, None));
        }
        if !scan.file_type.is_empty() {
            let bytes = file_type::rewrite(&scan.file_type, has_tone_map);
            indexes.push(Index { start: 0, bytes, insets: Vec::new() });
        }
        let damaged = |at, what| ContainerError::Damaged(format, at, what);
        let map = PartMap::new(claims)
            .map_err(|Conflict(at)| damaged(at, "metadata that share their bytes with the image"))?;

        // Ranges after the scanned boxes are checked when their boxes arrive.
        let seen = scan.media.last().map_or(scan.at, |media| media.end.max(scan.at));
        let mut areas: Vec<_> = data.iter().chain(&scan.media).collect();
        areas.sort_by_key(|area| area.start);
        for range in map.needed().take_while(|range| range.start < seen) {
            let next = areas.partition_point(|area| area.end <= range.start);
            if !areas.get(next).is_some_and(|area| area.start <= range.start && range.end <= area.end) {
                return Err(damaged(range.start, "image data outside of the media data"));
            }
        }
        let ends = indexes.iter().map(|index| index.start + index.bytes.len() as u64);
        let end = ends.chain(map.needed().next_back().map(|range| range.end)).max().unwrap_or(0);
        Ok(Self { map, indexes, end })
    }

    /// The parts of the top-level box at the front of `input`; `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`Conflict`] if a needed range is not in media data.
    pub(super) fn parts(&self, head: BoxHead, input: &mut Input) -> Result<Option<Parts>, Conflict> {
        let at = input.position;
        let is_after_end = self.end <= at;
        if let Some(index) = self.indexes.iter().find(|index| index.start == at) {
            return index.parts(&self.map).map(Some);
        }
        let class = match &head.kind {
            b"mdat" => return self.media_data(head, at).map(Some),
            b"uuid" if (head.bytes + USER_TYPE_BYTES) as u64 <= head.size.unwrap_or(u64::MAX) => {
                let Some(start) = input.peek(head.bytes + USER_TYPE_BYTES) else { return Ok(None) };
                match start.get(head.bytes..) {
                    Some(C2PA) => Class::C2pa,
                    Some(XMP) => Class::Xmp,
                    _ => Class::Vendor,
                }
            }
            // The video of a motion photo.
            b"mpvd" | b"moov" => Class::Secondary,
            b"uuid" => Class::Vendor,
            b"free" | b"skip" | b"meta" => Class::Unknown,
            // It may not be a box.
            _ if is_after_end => return Ok(Some(trailer())),
            _ => Class::Unknown,
        };
        let Some(size) = head.size else {
            return if is_after_end { Ok(Some(trailer())) } else { Err(Conflict(at)) };
        };
        let part = if is_after_end {
            Part::cut(class)
        } else {
            let Some(start) = input.peek(head.bytes) else { return Ok(None) };
            let mut free = start.to_vec();
            free.splice(4..8, *b"free");
            Part::new(class, Removal::Blank(free.into()))
        };
        let head_bytes = head.bytes as u64;
        Ok(Some(Parts::from([(part, Layout::new(head_bytes, size - head_bytes, 0))])))
    }

    fn media_data(&self, head: BoxHead, at: u64) -> Result<Parts, Conflict> {
        let start = at.saturating_add(head.bytes as u64);
        let end = head.size.map(|size| at.saturating_add(size));
        let mut parts = self.map.cover(start..end.unwrap_or(self.end.max(start)))?;
        parts.push_front((Part::cut(Class::Structure), Layout::framing(head.bytes as u64)));
        if end.is_none() {
            parts.extend(trailer());
        }
        Ok(parts)
    }
}

/// The rest of the source after everything that is needed.
pub(super) fn trailer() -> Parts {
    Parts::from([(Part::cut(Class::Trailer), Layout::rest())])
}

impl Index {
    fn new(start: u64, redaction: Redaction, data: Option<Range<usize>>) -> Self {
        let profiles = redaction.profiles.into_iter().map(|range| (range, Inset::Profile));
        let mut insets: Vec<_> = profiles.chain(data.map(|range| (range, Inset::Data))).collect();
        insets.sort_by_key(|(range, _)| range.start);
        Self { start, bytes: redaction.bytes.into(), insets }
    }

    /// The parts of the box.
    fn parts(&self, map: &PartMap) -> Result<Parts, Conflict> {
        let mut parts = Parts::new();
        let rewritten = |range: Range<usize>| {
            let layout = Layout::framing(range.len() as u64);
            let part = Part::new(Class::Index, Removal::Replace(self.bytes.slice(range.clone())));
            (!range.is_empty()).then_some((part, layout))
        };
        let mut at = 0;
        for (inset, kind) in &self.insets {
            parts.extend(rewritten(at..inset.start));
            at = inset.end;
            match kind {
                Inset::Profile => {
                    let part = Part::new(Class::Icc, Removal::Replace(self.bytes.slice(inset.clone())));
                    parts.push_back((part, Layout::payload(inset.len() as u64)));
                }
                Inset::Data => {
                    parts.extend(map.cover(self.start + inset.start as u64..self.start + inset.end as u64)?);
                }
            }
        }
        parts.extend(rewritten(at..self.bytes.len()));
        Ok(parts)
    }
}
