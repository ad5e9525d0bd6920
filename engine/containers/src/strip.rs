//! The strip of an image that is part of another file, whole in memory.

use crate::{Class, ContainerError, Event, Part, Removal, Walker, locate_tiff, read_orientation};
use bytes::Bytes;
use safelight_core::Limits;

/// The image `source` without its metadata.
pub(crate) fn strip(source: Bytes, limits: &Limits) -> Result<Vec<u8>, ContainerError> {
    let mut walker = Walker::new(limits.clone());
    walker.push(source);
    walker.finish();
    let mut out = Vec::new();
    // The open part, its bytes, and its payload.
    let mut open: Option<(Part, Vec<Bytes>, Bytes)> = None;
    while let Some(event) = walker.next()? {
        match event {
            Event::Begin(part) => {
                if let Some((part, bytes, payload)) = open.replace((part, Vec::new(), Bytes::new())) {
                    append(&mut out, part, &bytes, &payload);
                }
            }
            Event::Framing(bytes) => open.iter_mut().for_each(|(_, all, _)| all.push(bytes.clone())),
            Event::Payload(bytes) => {
                if let Some((_, all, payload)) = &mut open {
                    all.push(bytes.clone());
                    *payload = bytes;
                }
            }
        }
    }
    if let Some((part, bytes, payload)) = open {
        append(&mut out, part, &bytes, &payload);
    }
    Ok(out)
}

/// Appends what remains of a part. The source is one chunk, so a payload is one event.
fn append(out: &mut Vec<u8>, part: Part, bytes: &[Bytes], payload: &[u8]) {
    let length: usize = bytes.iter().map(Bytes::len).sum();
    let end = out.len() + length;
    match (part.class, part.removal) {
        (Class::Structure | Class::ImageData, _) => {
            for bytes in bytes {
                out.extend_from_slice(bytes);
            }
        }
        (_, Removal::Cut) => (),
        (_, Removal::Replace(other)) => out.extend_from_slice(&other),
        (_, Removal::Blank(first)) => {
            out.extend_from_slice(&first);
            out.resize(end, 0);
        }
        (_, Removal::Reorient(framing)) => {
            out.extend_from_slice(&framing.minimal(locate_tiff(payload).and_then(read_orientation)));
            if framing.length().is_some() {
                out.resize(end, 0);
            }
        }
    }
}
