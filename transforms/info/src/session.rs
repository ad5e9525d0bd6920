//! The session: it walks the container, and collects what the document needs.

use crate::{blocks::Blocks, document, facts::Facts, piece::Piece};
use bytes::Bytes;
use safelight_containers::{Class, ContainerError, Event, Walker};
use safelight_core::{Error, Flow, Format, Head, Kind, Limits, Result, Session, Settings, Sink};
use safelight_formats::{DETECT_BYTES, Detection};

/// The bytes after which the session stops reading, unless it reads all: enough for the headers of most files.
const ENOUGH_BYTES: u64 = 64 << 10;
/// The bytes after which it is checked whether enough was read.
const BLOCK_BYTES: u64 = 16 << 10;

/// A session of [`crate::Info`].
pub(crate) struct InfoSession {
    settings: Settings,
    /// Whether the response has private metadata.
    shows_all: bool,
    /// Whether the whole source is read, however large it is.
    reads_all: bool,
    walker: Walker,
    /// The first bytes of the source, which tell its format.
    head: Vec<u8>,
    /// The chunks of the source, while its format is not known, or if its format does not stream. The walker shares
    /// them.
    source: Option<Vec<Bytes>>,
    facts: Facts,
    blocks: Blocks,
    /// The class of a part that has begun, of which no byte was seen yet.
    begun: Option<Class>,
    open: Option<Piece>,
    /// Whether the walk has ended in damage or cannot begin.
    is_blocked: bool,
    /// Bytes that were pushed.
    read: u64,
    /// The length of the source, if it is known.
    length: Option<u64>,
}

/// Returns the maximum bytes that a session buffers.
pub(crate) fn memory(limits: &Limits) -> u64 {
    /// Texts, parsed packets and the JSON have a few times the bytes of the blocks.
    const BLOCKS: u64 = 32;
    // The chunks, and what the walker or the session joins them to; a buffer doubles when it grows.
    let source = limits.max_source_bytes.saturating_mul(3);
    source.saturating_add(limits.max_metadata_bytes.saturating_mul(BLOCKS))
}

impl InfoSession {
    /// Returns a session at the start of a source.
    pub(crate) fn new(settings: &Settings, shows_all: bool, reads_all: bool) -> Self {
        Self {
            walker: Walker::new(settings.limits.clone()),
            blocks: Blocks::new(settings.limits.max_metadata_bytes),
            settings: settings.clone(),
            shows_all,
            reads_all,
            head: Vec::new(),
            source: Some(Vec::new()),
            facts: Facts::default(),
            begun: None,
            open: None,
            is_blocked: false,
            read: 0,
            length: None,
        }
    }

    /// Walks the bytes that have arrived.
    fn walk(&mut self) -> Result<(), ContainerError> {
        if self.is_blocked {
            return Ok(());
        }
        loop {
            match self.walker.next() {
                Ok(None) => {
                    self.begin_piece();
                    return Ok(());
                }
                Ok(Some(Event::Begin(part))) => {
                    self.begin_piece();
                    self.begun = Some(part.class);
                }
                Ok(Some(event)) => self.add(&event),
                Err(error) => {
                    self.end_piece();
                    self.is_blocked = true;
                    return match error {
                        ContainerError::Unknown => Err(error),
                        _ => Ok(()),
                    };
                }
            }
        }
    }

    /// Adds the bytes of the open part.
    fn add(&mut self, event: &Event) {
        // The walker reports the sub-blocks of a GIF as they arrive, each time as another part.
        let continues = self.walker.format() == Some(Format::Gif)
            && matches!(event, Event::Payload(_))
            && self.open.as_ref().map(|piece| piece.class) == self.begun;
        if continues {
            self.begun = None;
        }
        self.begin_piece();
        let Some(piece) = &mut self.open else { return };
        piece.add(event);
        if let Event::Payload(bytes) = event {
            self.blocks.payload(piece.class, bytes, self.walker.skippable_bytes());
        }
    }

    /// Opens the part that has begun, if one has.
    fn begin_piece(&mut self) {
        if let Some(class) = self.begun.take() {
            self.end_piece();
            self.open = Some(Piece::new(class));
        }
    }

    fn end_piece(&mut self) {
        let Some(piece) = self.open.take() else { return };
        let format = self.walker.format();
        self.blocks.end(format, &piece);
        if let Some(format) = format {
            self.facts.add(format, &piece);
        }
    }

    /// Whether the format is one of which only the first bytes are read.
    fn is_long(&self) -> bool {
        !self.reads_all && matches!(self.walker.format(), Some(Format::Jpeg | Format::Png))
    }

    fn is_in_pixels(&self) -> bool {
        self.open.as_ref().is_some_and(|piece| piece.class == Class::ImageData)
    }

    /// Whether the picture is described, and enough was read.
    fn has_enough(&self) -> bool {
        let is_at_end_of_block = self.read.is_multiple_of(BLOCK_BYTES);
        is_at_end_of_block
            && ENOUGH_BYTES <= self.read
            && self.is_long()
            && self.is_in_pixels()
            && self.facts.width.is_some()
    }

    fn may_skip(&self) -> bool {
        self.is_in_pixels() && !self.is_long()
    }

    /// Writes the document.
    fn respond(&mut self, is_complete: bool, out: &mut dyn Sink) -> Result<()> {
        let Some(format) = self.walker.format().or_else(|| known(&self.head)) else {
            return Err(ContainerError::Unknown.into());
        };
        // This frees the walker's copy of the source.
        self.walker = Walker::new(self.settings.limits.clone());
        let source = self.source.take().map(|chunks| Bytes::from(chunks.concat()));
        if let Some(source) = &source {
            self.facts = Facts::read(format, source, &self.settings.limits);
        }
        let length = if is_complete { Some(self.length.unwrap_or(self.read)) } else { self.length };
        let body = document::write(
            &document::Parts {
                format,
                length,
                is_complete: is_complete && !self.is_blocked,
                facts: &self.facts,
                source: source.as_deref().unwrap_or_default(),
                shows_all: self.shows_all,
                limits: &self.settings.limits,
            },
            &mut self.blocks,
        );
        out.head(Head::new("application/json"));
        out.body(body.into());
        Ok(())
    }
}

/// The format of a source that begins with `head`.
fn known(head: &[u8]) -> Option<Format> {
    match Format::detect(head) {
        Detection::Known(format) => Some(format),
        _ => None,
    }
}

impl Session for InfoSession {
    fn push(&mut self, mut chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        while !chunk.is_empty() {
            // Blocks begin at multiples of their length, so that the document does not depend on the chunks.
            let room = BLOCK_BYTES - self.read % BLOCK_BYTES;
            let block = chunk.split_to(usize::try_from(room).unwrap_or(usize::MAX).min(chunk.len()));
            self.read += block.len() as u64;
            self.walker.push(block.clone());
            self.walk()?;
            if let Some(source) = &mut self.source {
                let room = DETECT_BYTES - self.head.len();
                self.head.extend_from_slice(&block[..room.min(block.len())]);
                source.push(block);
                if known(&self.head).is_some_and(Facts::stream) {
                    self.source = None;
                }
            }
            if self.has_enough() {
                self.respond(false, out)?;
                return Ok(Flow::Done);
            }
        }
        if self.source.is_some() {
            let max = self.settings.limits.max_source_bytes;
            if max < self.read {
                let message = format!("source too large: the limit is {max} bytes");
                return Err(Error::new(Kind::LimitExceeded, "info", message));
            }
            return Ok(if known(&self.head).is_some() { Flow::Keep } else { Flow::More });
        }
        match self.walker.skippable_bytes() {
            ahead if 0 < ahead && self.may_skip() => {
                self.walker.skip(ahead);
                if let Some(piece) = &mut self.open {
                    piece.bytes += ahead;
                }
                Ok(Flow::Skip(ahead))
            }
            _ => Ok(Flow::More),
        }
    }

    fn sized(&mut self, bytes: u64) {
        self.length = Some(bytes);
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        self.walker.finish();
        self.walk()?;
        self.end_piece();
        self.respond(true, out)
    }
}
