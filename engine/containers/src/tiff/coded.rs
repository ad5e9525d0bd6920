//! Strips and tiles that are JPEG or WebP streams, which may carry metadata of their own.

use crate::{
    Class, ContainerError, Event, Part, Removal, driver::Driver, grammar::Grammar, input::Input, jpeg::Jpeg,
    part_map::Claim, webp::Webp,
};
use bytes::Bytes;
use safelight_formats::{Detection, Format};
use std::ops::Range;

/// Claims the stream in `range` of `data`; its metadata are blanked.
pub(super) fn claim(data: &Bytes, range: Range<u64>, claims: &mut Vec<Claim>) -> Result<(), ContainerError> {
    let stream = data.slice(range.start as usize..range.end as usize);
    let (format, grammar, header_bytes): (_, Box<dyn Grammar>, _) = match Format::detect(&stream) {
        Detection::Known(Format::Jpeg) => (Format::Jpeg, Box::<Jpeg>::default(), 4),
        Detection::Known(Format::Webp) => (Format::Webp, Box::<Webp>::default(), 8),
        // Samples without a header; their tables are in fields of the directory.
        _ => {
            claims.push(Claim::kept(range, Class::ImageData));
            return Ok(());
        }
    };
    let mut input = Input::default();
    input.push(stream);
    input.ended = true;
    let mut driver = Driver::new(format, grammar);
    let mut at = range.start;
    let mut open: Option<(u64, Part)> = None;
    while let Some(event) = driver.next(&mut input)? {
        match event {
            Event::Begin(part) => {
                if let Some((start, part)) = open.replace((at, part)) {
                    claim_part(start..at, &part, header_bytes, claims);
                }
            }
            Event::Framing(bytes) | Event::Payload(bytes) => at += bytes.len() as u64,
        }
    }
    if let Some((start, part)) = open {
        claim_part(start..at, &part, header_bytes, claims);
    }
    Ok(())
}

/// Claims a part of a stream: metadata are blanked up to their header, so that no length changes.
fn claim_part(range: Range<u64>, part: &Part, header_bytes: u64, claims: &mut Vec<Claim>) {
    let kept_bytes = match (part.class, &part.removal) {
        (Class::Structure | Class::ImageData | Class::Icc, _) => u64::MAX,
        (Class::Index, Removal::Replace(bytes)) => bytes.len() as u64,
        (Class::Unknown | Class::Trailer, _) => 0,
        _ => header_bytes,
    };
    let split = range.start.saturating_add(kept_bytes).min(range.end);
    claims.push(Claim::kept(range.start..split, Class::ImageData));
    claims.push(Claim::blanked(split..range.end, part.class));
}
