//! A session, which passes on the parts of a source without its private metadata.

use crate::output::Output;
use bytes::{Bytes, BytesMut};
use safelight_containers::{
    Class, Event, ExifFraming, Part, Removal, Walker, icc, locate_tiff, read_orientation,
};
use safelight_core::{Flow, Result, Session, Settings, Sink};

/// The most bytes of an EXIF block that are searched for the orientation. Its directory is first.
const MAX_EXIF_BYTES: usize = 64 << 10;

/// The strip of one source.
pub(crate) struct StripSession {
    walker: Walker,
    open: Open,
    output: Output,
}

/// The treatment of the bytes of the open part.
enum Open {
    /// They are passed on.
    Kept,
    /// They are removed.
    Dropped,
    /// They become zeros, except the first bytes, which have been replaced.
    Blanked { replaced: usize },
    /// They are searched for the orientation, and replaced by an EXIF block with nothing else.
    Searched { framing: ExifFraming, block: BytesMut },
}

/// The most bytes that a session allocates.
pub(crate) fn memory(settings: &Settings) -> u64 {
    let limits = &settings.limits;
    // A source that must be buffered whole is in memory twice: as chunks, and joined.
    let source = 2 * limits.max_source_bytes.max(limits.max_metadata_bytes);
    // A colour profile is in memory as it was, rewritten, and in the output.
    let profile = (3 * icc::MAX_BYTES) as u64;
    source + limits.max_metadata_bytes + profile + (Output::MAX_BUFFERED_BYTES + MAX_EXIF_BYTES) as u64
}

impl StripSession {
    pub(crate) fn new(settings: &Settings) -> Self {
        let walker = Walker::new(settings.limits.clone());
        Self { walker, open: Open::Kept, output: Output::default() }
    }

    /// Processes the bytes that have arrived. Returns whether the response is complete.
    fn walk(&mut self, out: &mut dyn Sink) -> Result<bool> {
        while let Some(event) = self.walker.next()? {
            match event {
                Event::Begin(part) => {
                    self.close(out);
                    let class = part.class;
                    self.begin(part, out);
                    match class {
                        Class::ImageData => self.commit(out),
                        Class::Trailer => return Ok(true),
                        _ => (),
                    }
                }
                Event::Framing(bytes) => self.pass(bytes, false, out),
                Event::Payload(bytes) => self.pass(bytes, true, out),
            }
            if self.output.is_full() {
                self.commit(out);
            }
        }
        Ok(false)
    }

    fn begin(&mut self, part: Part, out: &mut dyn Sink) {
        self.open = match (part.class, part.removal) {
            (Class::Structure | Class::ImageData, _) => Open::Kept,
            (_, Removal::Cut) => Open::Dropped,
            (_, Removal::Replace(bytes)) => {
                self.output.write(bytes, out);
                Open::Dropped
            }
            (_, Removal::Blank(first)) => {
                let replaced = first.len();
                self.output.write(first, out);
                Open::Blanked { replaced }
            }
            (_, Removal::Reorient(framing)) => Open::Searched { framing, block: BytesMut::new() },
        };
    }

    fn pass(&mut self, bytes: Bytes, is_payload: bool, out: &mut dyn Sink) {
        match &mut self.open {
            Open::Kept => self.output.write(bytes, out),
            Open::Dropped => (),
            Open::Blanked { replaced } => {
                let replaced_now = bytes.len().min(*replaced);
                *replaced -= replaced_now;
                self.output.write_zeros(bytes.len() - replaced_now, out);
            }
            Open::Searched { block, .. } => {
                let room = MAX_EXIF_BYTES - block.len();
                if is_payload {
                    block.extend_from_slice(&bytes[..bytes.len().min(room)]);
                }
            }
        }
    }

    /// Ends the open part.
    fn close(&mut self, out: &mut dyn Sink) {
        if let Open::Searched { framing, block } = std::mem::replace(&mut self.open, Open::Kept) {
            let block = framing.minimal(locate_tiff(&block).and_then(read_orientation));
            let padding = framing.length().map_or(0, |length| length.saturating_sub(block.len()));
            self.output.write(block, out);
            self.output.write_zeros(padding, out);
        }
    }

    fn commit(&mut self, out: &mut dyn Sink) {
        if let Some(format) = self.walker.format() {
            self.output.commit(format.mime(), out);
        }
    }
}

impl Session for StripSession {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        self.output.begin_chunk(&chunk);
        self.walker.push(chunk);
        let flow = if self.walk(out)? {
            self.commit(out);
            Flow::Done
        } else {
            match self.walker.skippable_bytes() {
                ahead if 0 < ahead && matches!(self.open, Open::Dropped) => {
                    self.walker.skip(ahead);
                    Flow::Skip(ahead)
                }
                _ if self.walker.must_buffer_all() => Flow::Keep,
                _ => Flow::More,
            }
        };
        self.output.end_chunk(out);
        Ok(flow)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        self.walker.finish();
        self.walk(out)?;
        self.close(out);
        self.commit(out);
        self.output.end_chunk(out);
        Ok(())
    }
}
