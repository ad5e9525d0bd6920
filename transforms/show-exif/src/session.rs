//! One run: walks the container until the EXIF block is complete, and no further.

use crate::{ShowError, answer, directory::MAX_ENTRIES};
use bytes::Bytes;
use safelight_containers::{Class, ContainerError, Event, Walker};
use safelight_core::{Flow, Head, Limits, Result, Session, Settings, Sink};
use safelight_formats::Format;

/// One run of [`crate::ShowExif`].
pub(crate) struct ShowSession {
    settings: Settings,
    walker: Walker,
    stage: Stage,
    /// The EXIF block, as far as its parts have ended.
    block: Vec<u8>,
    /// The EXIF part that is arriving.
    part: Vec<u8>,
    is_in_exif: bool,
}

enum Stage {
    /// The container is not known yet; these are all chunks so far.
    Sniffing(Vec<Bytes>),
    /// The walker says where the block lies.
    Walking,
    /// A TIFF is an EXIF block from end to end.
    Tiff(Vec<u8>),
}

/// Most bytes that a run holds.
pub(crate) fn memory(limits: &Limits) -> u64 {
    /// Of one entry, in the walk and in the decoder, whose tables double as they grow.
    const ENTRY_BYTES: u64 = 512;
    // A TIFF doubles its buffer as it grows, with both copies held while it does. Values are never
    // longer than the JSON that is made of them.
    let source = limits.max_source_bytes.max(limits.max_metadata_bytes).saturating_mul(2);
    let json = limits.max_metadata_bytes.saturating_mul(6);
    source.saturating_add(json).saturating_add(ENTRY_BYTES * MAX_ENTRIES as u64)
}

impl ShowSession {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            walker: Walker::new(settings.limits.clone()),
            stage: Stage::Sniffing(Vec::new()),
            block: Vec::new(),
            part: Vec::new(),
            is_in_exif: false,
        }
    }

    /// Walks what has arrived, unless the container turns out to be one that need not be walked.
    /// Returns whether the block is complete, or known to be missing.
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
                    self.is_in_exif = part.class == Class::Exif;
                }
                Ok(Some(Event::Payload(bytes))) if self.is_in_exif => self.collect(&bytes)?,
                Ok(Some(Event::Payload(_) | Event::Framing(_))) => (),
                // What follows a complete block is of no interest, be it damaged.
                Err(error) => return self.end_at(error),
            }
        }
        Ok(self.walker.skippable_bytes() == 0 && self.end_exif_part())
    }

    fn end_at(&mut self, error: ContainerError) -> Result<bool> {
        if self.walker.skippable_bytes() == 0 {
            self.end_exif_part();
        }
        if self.block.is_empty() { Err(error.into()) } else { Ok(true) }
    }

    /// Whether no EXIF can follow where a part of this class begins.
    fn ends_block(&self, next: Class) -> bool {
        match next {
            Class::Exif => false,
            Class::Trailer => true,
            Class::ImageData if self.walker.format() == Some(Format::Jpeg) => true,
            _ => !self.block.is_empty(),
        }
    }

    /// Takes in the EXIF part that has ended, if one has. Returns whether the block is complete.
    ///
    /// A block that is too long for one JPEG segment continues in the next ones, which do not begin
    /// with a TIFF header. One that does is a second block, and of no interest.
    fn end_exif_part(&mut self) -> bool {
        if !std::mem::take(&mut self.is_in_exif) {
            return false;
        }
        let part = std::mem::take(&mut self.part);
        let is_continued = self.walker.format() == Some(Format::Jpeg);
        if self.block.is_empty() {
            self.block = part;
            return !is_continued && !self.block.is_empty();
        }
        let is_second = part.starts_with(b"II*\0") || part.starts_with(b"MM\0*");
        if !is_second {
            hold(&mut self.block, &part, self.settings.limits.max_metadata_bytes);
        }
        is_second
    }

    fn collect(&mut self, bytes: &[u8]) -> Result<(), ShowError> {
        /// The checksum of a PNG chunk is the longest framing that stands behind a payload.
        const MOST_SUFFIX_BYTES: u64 = 4;
        let max = self.settings.limits.max_metadata_bytes;
        let arrived = (self.block.len() + self.part.len() + bytes.len()) as u64;
        // What is announced as too large is not held up to the limit first.
        let announced =
            arrived.saturating_add(self.walker.skippable_bytes()).saturating_sub(MOST_SUFFIX_BYTES);
        if max < arrived.max(announced) {
            return Err(ShowError::LargeBlock(max));
        }
        hold(&mut self.part, bytes, max);
        Ok(())
    }

    fn answer(&self, block: Vec<u8>, out: &mut dyn Sink) -> Result<Flow> {
        let json = if block.is_empty() {
            Bytes::from_static(answer::EMPTY)
        } else {
            answer::to_json(block, &self.settings)?.into()
        };
        out.head(Head { content_type: "application/json" });
        out.body(json);
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
                    // What the walker holds of the source is held twice no longer.
                    self.walker = Walker::new(self.settings.limits.clone());
                    self.stage = Stage::Tiff(source);
                    return Ok(Flow::Keep);
                }
                // GIF has no place for EXIF.
                Some(Format::Gif) => return self.answer(Vec::new(), out),
                Some(_) => self.stage = Stage::Walking,
            }
        }
        if is_complete? {
            let block = std::mem::take(&mut self.block);
            return self.answer(block, out);
        }
        match self.walker.skippable_bytes() {
            ahead if 0 < ahead && !self.is_in_exif => {
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
        self.answer(block, out).map(drop)
    }
}

fn extend_tiff(source: &mut Vec<u8>, chunk: &[u8], limits: &Limits) -> Result<(), ShowError> {
    let max = limits.max_source_bytes;
    if max < (source.len() + chunk.len()) as u64 {
        return Err(ShowError::LargeTiff(max));
    }
    hold(source, chunk, max);
    Ok(())
}

/// Appends `bytes` to `held`, whose capacity doubles but does not exceed `max_bytes`, which the
/// caller has checked.
fn hold(held: &mut Vec<u8>, bytes: &[u8], max_bytes: u64) {
    let len = held.len() + bytes.len();
    if held.capacity() < len {
        let doubled = held.capacity().saturating_mul(2).min(usize::try_from(max_bytes).unwrap_or(len));
        held.reserve_exact(doubled.max(len) - held.len());
    }
    held.extend_from_slice(bytes);
}
