//! ICO: a directory, and images that are PNG files or bitmaps with a mask (Microsoft, Icons, 1995).
//!
//! The images may be anywhere and their lengths change, so the file is buffered whole:
//!
//! ```text
//! directory  rewritten, with the new lengths and offsets
//! PNG        as a file of its own
//! bitmap     as a file of its own, with the mask
//! …          cut
//! ```

use crate::{
    Class, ContainerError, Event, Part, Removal,
    bmp::{self, u16_at, u32_at},
    driver::Driver,
    grammar::{Grammar, Layout, Step},
    input::Input,
    locate_tiff,
    png::Png,
    read_orientation,
};
use bytes::Bytes;
use safelight_core::Limits;
use safelight_formats::Format;
use std::collections::{BTreeMap, VecDeque};

/// The grammar of an ICO file.
#[derive(Debug)]
pub(crate) struct Ico {
    max_bytes: u64,
    /// Present once the source has ended.
    parts: Option<VecDeque<(Part, Layout)>>,
}

const HEADER_BYTES: usize = 6;
const ENTRY_BYTES: usize = 16;
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Offsets of fields in an entry of the directory. Before them are the sides and the number of colours, a byte each.
mod field {
    pub(super) const RESERVED: usize = 3;
    pub(super) const PLANES: usize = 4;
    pub(super) const BITS: usize = 6;
    pub(super) const LENGTH: usize = 8;
    pub(super) const OFFSET: usize = 12;
}

impl Ico {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { max_bytes: limits.max_source_bytes, parts: None }
    }
}

impl Grammar for Ico {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        if self.parts.is_none() {
            let length = input.len();
            if self.max_bytes < length as u64 {
                return Err(ContainerError::TooLarge(Format::Ico, "the size", self.max_bytes));
            }
            if !input.ended {
                return Ok(Step::More("its images"));
            }
            // Joined, so that the parts are slices.
            input.peek(length);
            self.parts = Some(parts(&input.read_at(input.position, length).unwrap_or_default())?);
        }
        let next = self.parts.as_mut().and_then(VecDeque::pop_front);
        let (part, layout) = next.unwrap_or((Part::cut(Class::Trailer), Layout::rest()));
        Ok(Step::Part(part, layout))
    }
}

/// The parts of a whole file, up to the end of its last image.
fn parts(file: &Bytes) -> Result<VecDeque<(Part, Layout)>, ContainerError> {
    let truncated = || ContainerError::Truncated(Format::Ico, file.len() as u64, "the directory");
    let count = usize::from(u16_at(file, 4));
    let directory_end = HEADER_BYTES + count * ENTRY_BYTES;
    let mut directory = file.get(..directory_end).ok_or_else(truncated)?.to_vec();

    // Entries may share an image. Lengths are often wrong; the image itself is believed.
    let mut images: BTreeMap<usize, usize> = BTreeMap::new();
    for entry in directory[HEADER_BYTES..].chunks_exact(ENTRY_BYTES) {
        let start = u32_at(entry, field::OFFSET) as usize;
        let end = start.saturating_add(u32_at(entry, field::LENGTH) as usize).min(file.len());
        if start < directory_end || end <= start {
            let what = "an image outside of the file, or in the directory";
            return Err(ContainerError::Damaged(Format::Ico, start as u64, what));
        }
        images.entry(start).and_modify(|known| *known = end.max(*known)).or_insert(end);
    }

    let mut parts = VecDeque::new();
    // The new offsets and lengths.
    let mut places = BTreeMap::new();
    let (mut at, mut new_at) = (directory_end, directory_end);
    for (&start, &end) in &images {
        if start < at {
            return Err(ContainerError::Damaged(Format::Ico, start as u64, "images that overlap"));
        }
        if at < start {
            parts.push_back((Part::cut(Class::Unknown), Layout::payload((start - at) as u64)));
        }
        at = start;
        let mut length = 0;
        for (part, layout) in image_parts(&file.slice(start..end))? {
            at += layout.total() as usize;
            length += remaining(&part, layout);
            parts.push_back((part, layout));
        }
        places.insert(start, (new_at, length));
        new_at += length;
    }

    for entry in directory[HEADER_BYTES..].chunks_exact_mut(ENTRY_BYTES) {
        let (offset, length) = places[&(u32_at(entry, field::OFFSET) as usize)];
        entry[field::RESERVED] = 0;
        // More planes or bits than an icon can have are no numbers of them.
        for (at, max) in [(field::PLANES, 1), (field::BITS, 32)] {
            let number = u16_at(entry, at).min(max);
            entry[at..at + 2].copy_from_slice(&number.to_le_bytes());
        }
        entry[field::LENGTH..field::OFFSET].copy_from_slice(&(length as u32).to_le_bytes());
        entry[field::OFFSET..].copy_from_slice(&(offset as u32).to_le_bytes());
    }
    let directory = Part::new(Class::Index, Removal::Replace(directory.into()));
    parts.push_front((directory, Layout::framing(directory_end as u64)));
    Ok(parts)
}

/// The parts of an image, without a trailer.
fn image_parts(image: &Bytes) -> Result<VecDeque<(Part, Layout)>, ContainerError> {
    if image.starts_with(PNG_SIGNATURE) {
        return png_parts(image);
    }
    let mut parts = bmp::icon_parts(image).map_err(|error| match error {
        ContainerError::Unsupported(..) => {
            ContainerError::Unsupported(Format::Ico, "a bitmap with an unknown header")
        }
        ContainerError::Damaged(_, at, what) => ContainerError::Damaged(Format::Ico, at, what),
        other => other,
    })?;
    // A last image that is cut short in its samples or its mask is passed on.
    let mut left = image.len() as u64;
    for (part, layout) in &mut parts {
        let missing = layout.total().saturating_sub(left);
        if 0 < missing && part.class != Class::ImageData {
            return Err(ContainerError::Truncated(Format::Ico, image.len() as u64, "a bitmap"));
        }
        layout.payload -= missing;
        left -= layout.total();
    }
    Ok(parts)
}

fn png_parts(image: &Bytes) -> Result<VecDeque<(Part, Layout)>, ContainerError> {
    let mut input = Input::default();
    input.push(image.clone());
    input.ended = true;
    let mut driver = Driver::new(Format::Png, Box::<Png>::default());
    let mut parts: VecDeque<(Part, Layout)> = VecDeque::new();
    let mut payload = Bytes::new();
    while let Some(event) = driver.next(&mut input)? {
        match (event, parts.back_mut()) {
            (Event::Begin(part), last) => {
                if let Some((last, _)) = last {
                    resolve(last, &payload);
                }
                if part.class == Class::Trailer {
                    break;
                }
                payload = Bytes::new();
                parts.push_back((part, Layout::default()));
            }
            // The whole image is one chunk, so each range is one event.
            (Event::Payload(bytes), Some((_, layout))) => {
                layout.payload = bytes.len() as u64;
                payload = bytes;
            }
            (Event::Framing(bytes), Some((_, layout))) => {
                let framing = if layout.payload == 0 { &mut layout.prefix } else { &mut layout.suffix };
                *framing += bytes.len() as u64;
            }
            (Event::Payload(_) | Event::Framing(_), None) => (),
        }
    }
    if let Some((last, _)) = parts.back_mut() {
        resolve(last, &payload);
    }
    Ok(parts)
}

/// Replaces an EXIF block whose payload is known, so that the length of what remains is known.
fn resolve(part: &mut Part, payload: &[u8]) {
    if let Removal::Reorient(framing) = part.removal {
        let orientation = locate_tiff(payload).and_then(read_orientation);
        part.removal = Removal::Replace(framing.minimal(orientation));
    }
}

/// The bytes that a removal of `part` leaves, if it is removed; else all.
fn remaining(part: &Part, layout: Layout) -> usize {
    match (part.class, &part.removal) {
        (Class::Structure | Class::ImageData, _) | (_, Removal::Blank(_)) => layout.total() as usize,
        (_, Removal::Replace(bytes)) => bytes.len(),
        (_, Removal::Cut | Removal::Reorient(_)) => 0,
    }
}
