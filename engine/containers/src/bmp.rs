//! BMP: two headers, a palette, samples, and a profile, to which the headers state offsets (Microsoft, Bitmap Storage
//! and Bitmap Header Types).
//!
//! ```text
//! headers   rewritten: without reserved fields, and without the path of a profile in another file
//! palette   kept, as many colours as samples can name
//! samples   kept, as many as width and height state
//! profile   replaced by one of the same length, with the same colours and no names
//! …         blanked, or cut after everything that is kept
//! ```
//!
//! An icon has bitmaps without the file header, whose samples follow the palette, and are followed by a mask.

use crate::{
    Class, ContainerError, Part, Removal,
    grammar::{Grammar, Layout, Step},
    icc,
    input::Input,
};
use bytes::Bytes;
use safelight_formats::Format;
use std::{collections::VecDeque, ops::Range};

/// The grammar of a BMP file.
#[derive(Debug, Default)]
pub(crate) struct Bmp {
    has_header: bool,
    /// The next parts, from the current position to the end of the samples.
    parts: VecDeque<(Part, Layout)>,
    /// The range of the profile, until it has been reported.
    profile: Option<Range<u64>>,
}

/// The layout of a file, according to its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    /// The headers, and the masks that follow them.
    header: Vec<u8>,
    palette_end: u64,
    samples: Range<u64>,
    profile: Option<Range<u64>>,
}

/// The kind of file that a bitmap is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    File,
    Icon,
}

/// Bytes of the file header.
const FILE_HEADER: usize = 14;
/// Bytes of the image headers: OS/2 1, Windows 3, OS/2 2, and Windows 5.
const CORE: usize = 12;
const INFO: usize = 40;
const OS2: usize = 64;
const V5: usize = 124;

/// Values of the field of the compression.
mod compression {
    pub(super) const NONE: u32 = 0;
    pub(super) const RLE8: u32 = 1;
    pub(super) const RLE4: u32 = 2;
    pub(super) const MASKS: u32 = 3;
    pub(super) const MASKS_WITH_ALPHA: u32 = 6;
}

/// Offsets of fields in a file.
mod field {
    use std::ops::Range;
    pub(super) const FILE_SIZE: Range<usize> = 2..6;
    pub(super) const RESERVED: Range<usize> = 6..10;
    pub(super) const SAMPLES: usize = 10;
    pub(super) const COMPRESSION: usize = 30;
    pub(super) const SAMPLE_BYTES: usize = 34;
    pub(super) const COLOURS: usize = 46;
    /// A number that a program chooses.
    pub(super) const OS2_IDENTIFIER: Range<usize> = 74..78;
    pub(super) const COLOUR_SPACE: Range<usize> = 70..74;
    pub(super) const PROFILE: Range<usize> = 126..134;
    pub(super) const V5_RESERVED: Range<usize> = 134..138;
}

/// Colour spaces of a V5 header: a profile in the file, the path of one, and sRGB.
const EMBEDDED: &[u8] = b"DEBM";
const LINKED: &[u8] = b"KNIL";
const SRGB: &[u8] = b"BGRs";

impl Grammar for Bmp {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        if !self.has_header {
            let head = input.peek(input.len().min(FILE_HEADER + INFO)).unwrap_or_default();
            let Some(bytes) = header_bytes(head)? else { return Ok(Step::More("its header")) };
            let Some(header) = input.peek(bytes) else { return Ok(Step::More("its header")) };
            self.read(Plan::new(header, Place::File)?);
            self.has_header = true;
        }
        if let Some((part, layout)) = self.parts.pop_front() {
            return Ok(Step::Part(part, layout));
        }
        let Some(range) = &self.profile else {
            return Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest()));
        };
        if input.position < range.start {
            let gap = Layout::payload(range.start - input.position);
            return Ok(Step::Part(Part::zeros(Class::Unknown), gap));
        }
        let length = range.end - range.start;
        let Some(source) = input.peek(length as usize) else { return Ok(Step::More("the colour profile")) };
        let profile = icc::without_identity(source).unwrap_or_default();
        self.profile = None;
        Ok(Step::Part(Part::new(Class::Icc, Removal::Blank(profile.into())), Layout::payload(length)))
    }
}

impl Bmp {
    fn read(&mut self, plan: Plan) {
        self.profile.clone_from(&plan.profile);
        self.parts = plan.into_parts(0);
    }
}

/// The parts of `image`, a bitmap of an icon, as far as it reaches; what follows them is not part of it.
pub(crate) fn icon_parts(image: &[u8]) -> Result<VecDeque<(Part, Layout)>, ContainerError> {
    let truncated = || ContainerError::Truncated(Format::Ico, image.len() as u64, "a bitmap");
    let head = [&[0; FILE_HEADER], &image[..image.len().min(V5)]].concat();
    let header = header_bytes(&head)?.and_then(|bytes| head.get(..bytes)).ok_or_else(truncated)?;
    let plan = Plan::new(header, Place::Icon)?;
    let in_image = |at: u64| at - FILE_HEADER as u64;
    let profile = plan.profile.clone().map(|range| in_image(range.start)..in_image(range.end));
    let mut parts = plan.into_parts(FILE_HEADER);
    let Some(range) = profile else { return Ok(parts) };
    let source = image.get(range.start as usize..range.end as usize).ok_or_else(truncated)?;
    let clean = icc::without_identity(source).unwrap_or_default();
    let before: u64 = parts.iter().map(|(_, layout)| layout.total()).sum();
    if before < range.start {
        parts.push_back((Part::zeros(Class::Unknown), Layout::payload(range.start - before)));
    }
    let profile = Part::new(Class::Icc, Removal::Blank(clean.into()));
    parts.push_back((profile, Layout::payload(range.end - range.start)));
    Ok(parts)
}

/// The bytes of the headers, with which `head` begins, and of the masks after them; `None` if more bytes are needed.
fn header_bytes(head: &[u8]) -> Result<Option<usize>, ContainerError> {
    const MASK_BYTES: usize = 4;
    if head.len() < FILE_HEADER + 4 {
        return Ok(None);
    }
    let image_header = u32_at(head, FILE_HEADER) as usize;
    if image_header != INFO {
        return match image_header {
            CORE..=V5 => Ok(Some(FILE_HEADER + image_header)),
            _ => Err(ContainerError::Unsupported(Format::Bmp, "an unknown header")),
        };
    }
    if head.len() < FILE_HEADER + INFO {
        return Ok(None);
    }
    let masks = match u32_at(head, field::COMPRESSION) {
        compression::MASKS => 3,
        compression::MASKS_WITH_ALPHA => 4,
        _ => 0,
    };
    Ok(Some(FILE_HEADER + INFO + masks * MASK_BYTES))
}

impl Plan {
    /// Reads the headers and the masks, which are all of `source`. In an icon, the first header is blank.
    fn new(source: &[u8], place: Place) -> Result<Self, ContainerError> {
        let damaged = |what| ContainerError::Damaged(Format::Bmp, 0, what);
        let image_header = u32_at(source, FILE_HEADER) as usize;
        let is_core = image_header == CORE;
        let short = |at| u32::from(u16_at(source, at));
        let (width, height, bits) = if is_core {
            (short(18), short(20), short(24))
        } else {
            (u32_at(source, 18), u32_at(source, 22).cast_signed().unsigned_abs(), short(28))
        };
        let coding = if is_core { compression::NONE } else { u32_at(source, field::COMPRESSION) };
        let is_coded = match coding {
            compression::NONE => false,
            compression::MASKS | compression::MASKS_WITH_ALPHA if image_header != OS2 => false,
            compression::RLE8 | compression::RLE4 => true,
            _ => return Err(ContainerError::Unsupported(Format::Bmp, "an unknown compression")),
        };
        // In an icon, the height includes the mask.
        let height = if place == Place::Icon { height / 2 } else { height };
        if width == 0 || i32::MAX as u32 <= width || height == 0 {
            return Err(damaged("an image without a size"));
        }

        let header_end = source.len() as u64;
        let stated = if is_core { 0 } else { u32_at(source, field::COLOURS) };
        let entry = if is_core { 3 } else { 4 };
        let palette = palette_bytes(bits, stated, entry);
        // Entries that no sample can name are skipped too.
        let after = header_end + palette.max(entry * u64::from(stated));
        // Some programs state the end of the header, as if there were no palette.
        let start = match (place, u64::from(u32_at(source, field::SAMPLES))) {
            (Place::File, start) if header_end < start || (header_end == start && palette == 0) => start,
            _ => after,
        };
        let row_bytes = |bits: u32| (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
        let row = row_bytes(bits);
        let mask = if place == Place::Icon { row_bytes(1).saturating_mul(height.into()) } else { 0 };
        let end = match (is_coded, if is_core { 0 } else { u32_at(source, field::SAMPLE_BYTES) }) {
            (false, _) => start.checked_add(row.saturating_mul(height.into())),
            // Decoders read up to the mark of the end.
            (true, 0) => Some(u64::MAX),
            (true, bytes) => start.checked_add(bytes.into()),
        };
        let end = end.and_then(|end| if end == u64::MAX { Some(end) } else { end.checked_add(mask) });
        let samples = start..end.ok_or(damaged("an image that is too large"))?;

        let mut header = source.to_vec();
        let profile = if image_header == V5 { profile(&mut header, samples.end) } else { None };
        for (size, range) in [(OS2, field::OS2_IDENTIFIER), (V5, field::V5_RESERVED)] {
            if image_header == size {
                header[range].fill(0);
            }
        }
        header[field::RESERVED].fill(0);
        if let Ok(start) = u32::try_from(start) {
            header[field::SAMPLES..][..4].copy_from_slice(&start.to_le_bytes());
        }
        if let Ok(size) = u32::try_from(profile.as_ref().map_or(samples.end, |profile| profile.end)) {
            header[field::FILE_SIZE].copy_from_slice(&size.to_le_bytes());
        }
        Ok(Self { header, palette_end: start.min(header_end + palette), samples, profile })
    }

    /// The parts up to the end of the samples, without the first `skipped` bytes of the header.
    fn into_parts(self, skipped: usize) -> VecDeque<(Part, Layout)> {
        let Self { header, palette_end, samples, .. } = self;
        let header_end = header.len() as u64;
        let header = Bytes::from(header).slice(skipped..);
        let header_layout = Layout::framing(header.len() as u64);
        let parts = [
            (Part::new(Class::Index, Removal::Replace(header)), header_layout),
            (Part::cut(Class::Structure), Layout::framing(palette_end - header_end)),
            (Part::zeros(Class::Unknown), Layout::payload(samples.start - palette_end)),
            (Part::cut(Class::ImageData), Layout::payload(samples.end - samples.start)),
        ];
        parts.into_iter().filter(|(_, layout)| 0 < layout.total()).collect()
    }
}

/// The bytes of the colours that samples of `bits` bits can name, of which the header states a number, or 0 for all.
fn palette_bytes(bits: u32, stated: u32, entry: u64) -> u64 {
    let most = if bits <= 8 { 1 << bits } else { 0 };
    entry * u64::from(if stated == 0 { most } else { stated.min(most) })
}

/// The range of the profile that a V5 header states, after the samples. A profile elsewhere is removed from the header.
fn profile(header: &mut [u8], samples_end: u64) -> Option<Range<u64>> {
    let start = FILE_HEADER as u64 + u64::from(u32_at(header, field::PROFILE.start));
    let bytes = u32_at(header, field::PROFILE.start + 4);
    let space = &header[field::COLOUR_SPACE];
    let is_here =
        space == EMBEDDED && samples_end <= start && (1..=icc::MAX_BYTES as u64).contains(&u64::from(bytes));
    if is_here {
        return Some(start..start + u64::from(bytes));
    }
    if space == EMBEDDED || space == LINKED {
        header[field::COLOUR_SPACE].copy_from_slice(SRGB);
    }
    header[field::PROFILE].fill(0);
    None
}

/// The number at `at` of a header; 0 where it ends before.
pub(crate) fn u32_at(header: &[u8], at: usize) -> u32 {
    header.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// As [`u32_at`], of 16 bits.
pub(crate) fn u16_at(header: &[u8], at: usize) -> u16 {
    header.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}
