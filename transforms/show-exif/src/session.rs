//! The session: it walks the container until the EXIF block is complete.

use crate::ShowError;
use bytes::Bytes;
use safelight_containers::{Class, ContainerError, Event, Walker, decode_exif_text};
use safelight_core::{Flow, Head, Limits, Result, Session, Settings, Sink};
use safelight_formats::Format;
use safelight_metadata::exif::{Exif, MAX_ENTRIES};

/// A session of [`crate::ShowExif`].
pub(crate) struct ShowSession {
    settings: Settings,
    /// Whether the response has tags that are not harmless.
    shows_all: bool,
    walker: Walker,
    stage: Stage,
    /// The completed parts of the EXIF block.
    block: Vec<u8>,
    /// The first EXIF block that is text, which is shown if there is no other.
    block_of_text: Option<Vec<u8>>,
    /// The part of a block that is arriving.
    part: Vec<u8>,
    /// The class of that part: [`Class::Exif`] or [`Class::ExifText`].
    open: Option<Class>,
}

/// The state of a session.
enum Stage {
    /// The container is unknown; these are all chunks so far.
    Sniffing(Vec<Bytes>),
    /// The walker searches for the block.
    Walking,
    /// The source is a TIFF, all of which is an EXIF block.
    Tiff(Vec<u8>),
}

/// Returns the maximum bytes that a session buffers.
pub(crate) fn memory(limits: &Limits) -> u64 {
    /// The bytes of one entry in the tables of the walk, which double when they grow, and of a directory's offset.
    const ENTRY_BYTES: u64 = 256;
    // The buffer of a TIFF doubles when it grows, and both copies exist meanwhile. A value is never longer
    // than its JSON.
    let source = limits.max_source_bytes.max(limits.max_metadata_bytes).saturating_mul(2);
    let json = limits.max_metadata_bytes.saturating_mul(6);
    source.saturating_add(json).saturating_add(ENTRY_BYTES * MAX_ENTRIES as u64)
}

impl ShowSession {
    /// Returns a session at the start of a source.
    pub(crate) fn new(settings: &Settings, shows_all: bool) -> Self {
        Self {
            settings: settings.clone(),
            shows_all,
            walker: Walker::new(settings.limits.clone()),
            stage: Stage::Sniffing(Vec::new()),
            block: Vec::new(),
            block_of_text: None,
            part: Vec::new(),
            open: None,
        }
    }

    /// Walks the bytes that have arrived. It stops if the container is GIF or TIFF, which need no walk.
    /// Returns whether the block is complete or missing.
    fn walk(&mut self) -> Result<bool> {
        loop {
            let next = self.walker.next();
            if matches!(self.walker.format(), Some(Format::Gif | Format::Tiff)) {
                return Ok(false);
            }
            match next {
                Ok(None) => break,
                Ok(Some(Event::Begin(part))) => {
                    if self.end_exif_part() || self.ends_block(part.class) {
                        return Ok(true);
                    }
                    self.open = match part.class {
                        Class::ExifText if self.block_of_text.is_some() => None,
                        class @ (Class::Exif | Class::ExifText) => Some(class),
                        _ => None,
                    };
                }
                Ok(Some(Event::Payload(bytes))) if self.open.is_some() => self.collect(&bytes)?,
                Ok(Some(Event::Payload(_) | Event::Framing(_))) => (),
                // Damage after a complete block does not matter.
                Err(error) => return self.end_at(error),
            }
        }
        Ok(self.walker.skippable_bytes() == 0 && self.end_exif_part())
    }

    /// Ends the walk at damage in the container. Returns the error if no part of the block is complete.
    fn end_at(&mut self, error: ContainerError) -> Result<bool> {
        if self.walker.skippable_bytes() == 0 {
            self.end_exif_part();
        }
        let is_missing = self.block.is_empty() && self.block_of_text.is_none();
        if is_missing { Err(error.into()) } else { Ok(true) }
    }

    /// Returns whether a part of this class ends the block, or the search for one.
    fn ends_block(&self, next: Class) -> bool {
        match next {
            Class::Exif => false,
            Class::Trailer => true,
            Class::ImageData if self.walker.format() == Some(Format::Jpeg) => true,
            _ => !self.block.is_empty(),
        }
    }

    /// Appends the EXIF part to the block, if one has ended, or decodes its text. Returns whether the block is complete.
    ///
    /// A block that is too long for one JPEG segment continues in the next ones, which do not start with a
    /// TIFF header. A segment that does is a second block, which is ignored.
    fn end_exif_part(&mut self) -> bool {
        let Some(class) = self.open.take() else { return false };
        let part = std::mem::take(&mut self.part);
        if class == Class::ExifText {
            let max = usize::try_from(self.settings.limits.max_metadata_bytes).unwrap_or(usize::MAX);
            self.block_of_text = decode_exif_text(&part, max);
            return false;
        }
        let is_continued = self.walker.format() == Some(Format::Jpeg);
        if self.block.is_empty() {
            self.block = part;
            return !is_continued && !self.block.is_empty();
        }
        let is_second = matches!(part.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+"));
        if !is_second {
            append(&mut self.block, &part, self.settings.limits.max_metadata_bytes);
        }
        is_second
    }

    /// Appends bytes to the arriving EXIF part.
    ///
    /// # Errors
    /// [`ShowError::LargeBlock`].
    fn collect(&mut self, bytes: &[u8]) -> Result<(), ShowError> {
        /// The maximum bytes of framing after a payload: the checksum of a PNG chunk.
        const MAX_SUFFIX_BYTES: u64 = 4;
        let max = self.settings.limits.max_metadata_bytes;
        let arrived = (self.block.len() + self.part.len() + bytes.len()) as u64;
        // If the announced length is too large, the block is rejected before it is buffered.
        let announced =
            arrived.saturating_add(self.walker.skippable_bytes()).saturating_sub(MAX_SUFFIX_BYTES);
        if max < arrived.max(announced) {
            return Err(ShowError::LargeBlock(max));
        }
        append(&mut self.part, bytes, max);
        Ok(())
    }

    /// Writes the response for `block`, which is empty if the source has no EXIF.
    fn respond(&mut self, mut block: Vec<u8>, out: &mut dyn Sink) -> Result<Flow> {
        if block.is_empty() {
            block = self.block_of_text.take().unwrap_or_default();
        }
        let body = if block.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            let exif = Exif::read(&block, &self.settings.limits, self.shows_all);
            exif.map_err(ShowError::Block)?.to_json().into()
        };
        out.head(Head::new("application/json"));
        out.body(body);
        Ok(Flow::Done)
    }
}

impl Session for ShowSession {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        if let Stage::Tiff(source) = &mut self.stage {
            extend_tiff(source, &chunk, &self.settings.limits)?;
            return Ok(Flow::Keep);
        }
        self.walker.push(chunk.clone());
        let is_complete = self.walk();
        if let Stage::Sniffing(chunks) = &mut self.stage {
            chunks.push(chunk);
            match self.walker.format() {
                None => (),
                Some(Format::Tiff) => {
                    let mut source = Vec::new();
                    for chunk in chunks {
                        extend_tiff(&mut source, chunk, &self.settings.limits)?;
                    }
                    // This frees the walker's copy of the source.
                    self.walker = Walker::new(self.settings.limits.clone());
                    self.stage = Stage::Tiff(source);
                    return Ok(Flow::Keep);
                }
                // GIF cannot contain EXIF.
                Some(Format::Gif) => return self.respond(Vec::new(), out),
                Some(_) => self.stage = Stage::Walking,
            }
        }
        if is_complete? {
            let block = std::mem::take(&mut self.block);
            return self.respond(block, out);
        }
        match self.walker.skippable_bytes() {
            ahead if 0 < ahead && self.open.is_none() => {
                self.walker.skip(ahead);
                Ok(Flow::Skip(ahead))
            }
            _ => Ok(Flow::More),
        }
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let block = match &mut self.stage {
            Stage::Tiff(source) => std::mem::take(source),
            Stage::Sniffing(_) | Stage::Walking => {
                self.walker.finish();
                self.walk()?;
                std::mem::take(&mut self.block)
            }
        };
        self.respond(block, out).map(drop)
    }
}

/// Appends a chunk to a buffered TIFF.
///
/// # Errors
/// [`ShowError::LargeTiff`].
fn extend_tiff(source: &mut Vec<u8>, chunk: &[u8], limits: &Limits) -> Result<(), ShowError> {
    let max = limits.max_source_bytes;
    if max < (source.len() + chunk.len()) as u64 {
        return Err(ShowError::LargeTiff(max));
    }
    append(source, chunk, max);
    Ok(())
}

/// Appends `bytes` to `buffer`, whose capacity doubles when it grows, up to `max_bytes`. The caller has
/// checked that the length does not exceed it.
fn append(buffer: &mut Vec<u8>, bytes: &[u8], max_bytes: u64) {
    let len = buffer.len() + bytes.len();
    if buffer.capacity() < len {
        let doubled = buffer.capacity().saturating_mul(2).min(usize::try_from(max_bytes).unwrap_or(len));
        buffer.reserve_exact(doubled.max(len) - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}
