//! From the index of an ISO-BMFF file to the parts of its top-level boxes.

use super::{
    boxes::{BoxHead, Draft, Fault},
    items, meta, movie, redact,
    scan::{Found, Scan},
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

/// Parts, and how their bytes divide, in the order in which they lie.
pub(super) type Parts = VecDeque<(Part, Layout)>;

/// What the index says.
#[derive(Debug)]
pub(super) struct Plan {
    map: PartMap,
    indexes: Vec<Index>,
    /// Where the last byte that is needed ends; what follows can be cut.
    pub(super) end: u64,
}

/// What takes the place of a box of the index.
#[derive(Debug)]
struct Index {
    start: u64,
    bytes: Bytes,
    /// Stretches of it that are parts of their own, in order.
    holes: Vec<(Range<usize>, Hole)>,
}

#[derive(Clone, Copy, Debug)]
enum Hole {
    Profile,
    /// Data of items, as in `mdat`.
    Data,
}

/// Bytes of the type of a `uuid` box.
const USER_TYPE_BYTES: usize = 16;
const C2PA: &[u8] = b"\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
const XMP: &[u8] = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";

impl Plan {
    /// Reads the index that `scan` has found.
    pub(super) fn new(scan: &Scan, format: Format) -> Result<Self, ContainerError> {
        let (mut claims, mut indexes, mut data) = (Vec::new(), Vec::new(), None);
        if let Some(Found { start, bytes }) = &scan.meta {
            let mut read = || -> Result<_, Fault> {
                let meta = meta::Meta::read(bytes, *start)?;
                let fates = items::fates(&meta, bytes)?;
                claims.extend(items::claims(&meta, &fates));
                Ok((redact::redact(bytes, &meta, &fates)?, meta.data))
            };
            let (draft, hole) = read().map_err(|fault| fault.into_error(format, *start))?;
            data = hole.clone().map(|hole| start + hole.start as u64..start + hole.end as u64);
            indexes.push(Index::new(*start, draft, hole));
        }
        if let Some(Found { start, bytes }) = &scan.movie {
            let (draft, own_claims) = movie::read(bytes).map_err(|fault| fault.into_error(format, *start))?;
            claims.extend(own_claims);
            indexes.push(Index::new(*start, draft, None));
        }
        let damaged = |at, what| ContainerError::Damaged(format, at, what);
        let map = PartMap::new(claims)
            .map_err(|Conflict(at)| damaged(at, "metadata that share their bytes with the picture"))?;

        // What lies beyond the boxes that were seen is checked when their boxes come.
        let seen = scan.media.last().map_or(scan.at, |media| media.end.max(scan.at));
        let mut places: Vec<_> = data.iter().chain(&scan.media).collect();
        places.sort_by_key(|place| place.start);
        for range in map.needed().take_while(|range| range.start < seen) {
            let next = places.partition_point(|place| place.end <= range.start);
            if !places.get(next).is_some_and(|place| place.start <= range.start && range.end <= place.end) {
                return Err(damaged(range.start, "a picture that lies outside the media data"));
            }
        }
        let ends = indexes.iter().map(|index| index.start + index.bytes.len() as u64);
        let end = ends.chain(map.needed().next_back().map(|range| range.end)).max().unwrap_or(0);
        Ok(Self { map, indexes, end })
    }

    /// The parts of the top-level box at the front of `input`; `None` if too little of it has arrived.
    ///
    /// # Errors
    /// [`Conflict`] if something that is needed does not lie in media data.
    pub(super) fn parts(&self, head: BoxHead, input: &mut Input) -> Result<Option<Parts>, Conflict> {
        let at = input.position;
        let is_behind = self.end <= at;
        if let Some(index) = self.indexes.iter().find(|index| index.start == at) {
            return index.parts(&self.map).map(Some);
        }
        let class = match &head.kind {
            b"ftyp" if at == 0 => Class::Structure,
            b"mdat" => return self.media_data(head, at).map(Some),
            b"uuid" if (head.bytes + USER_TYPE_BYTES) as u64 <= head.size.unwrap_or(u64::MAX) => {
                let Some(start) = input.peek(head.bytes + USER_TYPE_BYTES) else { return Ok(None) };
                match start.get(head.bytes..) {
                    Some(C2PA) => Class::C2pa,
                    Some(XMP) => Class::Xmp,
                    _ => Class::Vendor,
                }
            }
            // The film of a motion photo.
            b"mpvd" | b"moov" => Class::Secondary,
            b"uuid" => Class::Vendor,
            b"free" | b"skip" | b"meta" => Class::Unknown,
            // Whether it is a box at all cannot be told.
            _ if is_behind => return Ok(Some(trailer())),
            _ => Class::Unknown,
        };
        let Some(size) = head.size else {
            return if is_behind { Ok(Some(trailer())) } else { Err(Conflict(at)) };
        };
        let part = if is_behind || class == Class::Structure {
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

/// What follows everything that is needed.
pub(super) fn trailer() -> Parts {
    Parts::from([(Part::cut(Class::Trailer), Layout::rest())])
}

impl Index {
    fn new(start: u64, draft: Draft, data: Option<Range<usize>>) -> Self {
        let profiles = draft.profiles.into_iter().map(|range| (range, Hole::Profile));
        let mut holes: Vec<_> = profiles.chain(data.map(|range| (range, Hole::Data))).collect();
        holes.sort_by_key(|(range, _)| range.start);
        Self { start, bytes: draft.bytes.into(), holes }
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
        for (hole, kind) in &self.holes {
            parts.extend(rewritten(at..hole.start));
            at = hole.end;
            match kind {
                Hole::Profile => parts.push_back((Part::cut(Class::Icc), Layout::payload(hole.len() as u64))),
                Hole::Data => {
                    parts.extend(map.cover(self.start + hole.start as u64..self.start + hole.end as u64)?);
                }
            }
        }
        parts.extend(rewritten(at..self.bytes.len()));
        Ok(parts)
    }
}
