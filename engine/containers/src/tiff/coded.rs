//! Strips and tiles that are JPEG or WebP streams, which may carry metadata of their own.

use crate::{
    Class, ContainerError, Event, Part, Removal, driver::Driver, input::Input, jpeg::Jpeg, part_map::Claim,
    webp::Webp,
};
use bytes::Bytes;
use safelight_formats::{Detection, Format};
use std::ops::Range;

/// Claims the stream in `range` of `data`; its metadata are blanked.
pub(super) fn claim(data: &Bytes, range: Range<u64>, claims: &mut Vec<Claim>) -> Result<(), ContainerError> {
    let stream = data.slice(range.start as usize..range.end as usize);
    let (driver, header_bytes) = match Format::detect(&stream) {
        Detection::Known(Format::Jpeg) => (jpeg(Jpeg::default()), JPEG_HEADER_BYTES),
        Detection::Known(Format::Webp) => (Driver::new(Format::Webp, Box::<Webp>::default()), 8),
        // Samples without a header; their tables are in fields of the directory.
        _ => {
            claims.push(Claim::kept(range, Class::ImageData));
            return Ok(());
        }
    };
    claim_parts(driver, stream, range.start, header_bytes, claims)
}

/// Claims the JPEG tables in `range` of `data`, which may end before their end marker.
pub(super) fn claim_tables(
    data: &Bytes,
    range: Range<u64>,
    claims: &mut Vec<Claim>,
) -> Result<(), ContainerError> {
    let stream = data.slice(range.start as usize..range.end as usize);
    match claim_parts(jpeg(Jpeg::of_tables()), stream, range.start, JPEG_HEADER_BYTES, claims) {
        Err(ContainerError::Truncated(..)) => Ok(()),
        result => result,
    }
}

/// Bytes of the marker and the length of a JPEG segment.
const JPEG_HEADER_BYTES: u64 = 4;

fn jpeg(grammar: Jpeg) -> Driver {
    Driver::new(Format::Jpeg, Box::new(grammar))
}

/// Claims the parts of a stream that begins at `at`.
fn claim_parts(
    mut driver: Driver,
    stream: Bytes,
    mut at: u64,
    header_bytes: u64,
    claims: &mut Vec<Claim>,
) -> Result<(), ContainerError> {
    let mut input = Input::default();
    input.push(stream);
    input.ended = true;
    let mut open: Option<(u64, Part)> = None;
    while let Some(event) = driver.next(&mut input)? {
        match event {
            Event::Begin(part) => {
                if let Some((start, part)) = open.replace((at, part)) {
                    claim_part(start..at, part, header_bytes, claims);
                }
            }
            Event::Framing(bytes) | Event::Payload(bytes) => at += bytes.len() as u64,
        }
    }
    if let Some((start, part)) = open {
        claim_part(start..at, part, header_bytes, claims);
    }
    Ok(())
}

/// Claims a part of a stream: metadata are blanked up to their header, so that no length changes.
fn claim_part(range: Range<u64>, part: Part, header_bytes: u64, claims: &mut Vec<Claim>) {
    let length = range.end - range.start;
    let kept_bytes = match (part.class, &part.removal) {
        (Class::Structure | Class::ImageData, _) => u64::MAX,
        (Class::Index | Class::Icc, Removal::Replace(bytes)) if bytes.len() as u64 == length => {
            return claims.push(Claim::new(range, part));
        }
        (Class::Index | Class::Icc, Removal::Blank(_)) => return claims.push(Claim::new(range, part)),
        // A segment that becomes shorter.
        (Class::Index, Removal::Replace(bytes)) => bytes.len() as u64,
        (Class::Unknown | Class::Trailer, _) => 0,
        _ => header_bytes,
    };
    let split = range.start.saturating_add(kept_bytes).min(range.end);
    claims.push(Claim::kept(range.start..split, Class::ImageData));
    claims.push(Claim::blanked(split..range.end, part.class));
}
