//! Strips and tiles: coded samples, some in formats that carry metadata of their own.

use crate::{Class, Container, ContainerError, Event, Part, Removal, Walker, index::Claim, sniff::Sniff};
use bytes::Bytes;
use safelight_core::Limits;
use std::ops::Range;

/// Claims the JPEG or WebP stream that lies in `range`, which is inside of `data`; its metadata are blanked.
pub(super) fn claim(
    data: &Bytes,
    range: Range<u64>,
    limits: &Limits,
    claims: &mut Vec<Claim>,
) -> Result<(), ContainerError> {
    let stream = data.slice(range.start as usize..range.end as usize);
    let head_bytes = match Container::sniff(&stream) {
        Sniff::Known(Container::Jpeg) => 4,
        Sniff::Known(Container::Webp) => 8,
        // Bare samples, whose tables stand in tags.
        _ => {
            claims.push(Claim::kept(range, Class::Picture));
            return Ok(());
        }
    };
    let mut walker = Walker::new(limits.clone());
    walker.push(stream);
    walker.finish();
    let mut at = range.start;
    let mut open: Option<(u64, Part)> = None;
    while let Some(event) = walker.next()? {
        match event {
            Event::Begin(part) => {
                if let Some((start, part)) = open.replace((at, part)) {
                    claim_part(start..at, &part, head_bytes, claims);
                }
            }
            Event::Frame(bytes) | Event::Payload(bytes) => at += bytes.len() as u64,
        }
    }
    if let Some((start, part)) = open {
        claim_part(start..at, &part, head_bytes, claims);
    }
    Ok(())
}

/// Claims a part of a stream: what is not kept loses its bytes, but not its head and its length.
fn claim_part(range: Range<u64>, part: &Part, head_bytes: u64, claims: &mut Vec<Claim>) {
    let kept_bytes = match (part.class, &part.removal) {
        (Class::Structure | Class::Picture | Class::Icc, _) => u64::MAX,
        (Class::Index, Removal::Replace(bytes)) => bytes.len() as u64,
        (Class::Unknown | Class::Trailer, _) => 0,
        _ => head_bytes,
    };
    let split = range.start.saturating_add(kept_bytes).min(range.end);
    claims.push(Claim::kept(range.start..split, Class::Picture));
    claims.push(Claim::blanked(split..range.end, part.class));
}
