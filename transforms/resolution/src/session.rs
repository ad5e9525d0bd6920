//! A session, which reads headers, passes on the needed tile-parts, and ends the codestream.

use crate::ResolutionError;
use crate::tile_part::Plan;
use bytes::{Buf, Bytes, BytesMut};
use safelight_containers::codestream::{CODESTREAM_START, HeaderScan, MainHeader, blank_comments, marker};
use safelight_core::{Flow, Head, Result, Session, Settings, Sink, mime};

const SOD: [u8; 2] = [0xFF, marker::SOD];
const EOC: [u8; 2] = [0xFF, marker::EOC];

/// The truncation of one source.
pub(crate) struct ResolutionSession {
    wanted: u8,
    max_header_bytes: usize,
    /// Bytes of the source that were pushed.
    length: u64,
    /// The header that is arriving; before the head is committed, the earlier headers too.
    buffer: BytesMut,
    /// The start of the header that is arriving.
    start: usize,
    stage: Stage,
    /// The number of bytes of the current chunk that have been copied to the buffer.
    copied: usize,
    mime: &'static str,
    is_committed: bool,
}

enum Stage {
    Main(HeaderScan),
    TilePart { scan: HeaderScan, plan: Plan },
    Body { left: u64, is_last: bool, plan: Plan },
    Done,
}

/// The most bytes that a session allocates.
pub(crate) fn memory(settings: &Settings) -> u64 {
    /// Bytes of parsed headers.
    const PARSED_BYTES: u64 = 16 << 10;
    // At most two headers, in a buffer that doubles as it grows. References to PLT segments take less than a
    // thousandth of their bytes.
    settings.limits.max_metadata_bytes.saturating_mul(6).saturating_add(PARSED_BYTES)
}

impl ResolutionSession {
    pub(crate) fn new(wanted: u8, settings: &Settings) -> Self {
        let max_header_bytes = usize::try_from(settings.limits.max_metadata_bytes).unwrap_or(usize::MAX);
        Self {
            wanted,
            max_header_bytes,
            length: 0,
            buffer: BytesMut::new(),
            start: 0,
            stage: Stage::Main(HeaderScan::main()),
            copied: 0,
            mime: "",
            is_committed: false,
        }
    }

    /// Consumes bytes of `chunk`. Returns whether the rest of it can be processed now.
    fn step(&mut self, chunk: &mut Bytes, out: &mut dyn Sink) -> Result<bool, ResolutionError> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Main(mut scan) => {
                self.fill_buffer(chunk);
                let known = self.buffer.len().min(CODESTREAM_START.len());
                if self.buffer[..known] != CODESTREAM_START[..known] {
                    return Err(ResolutionError::NoCodestream);
                }
                let Some(end) = scan.find(&self.buffer)? else {
                    self.check_header(self.buffer.len())?;
                    self.stage = Stage::Main(scan);
                    return Ok(false);
                };
                self.check_header(end)?;
                let header = MainHeader::read(&self.buffer[..end])?;
                let plan = Plan::new(&header, self.wanted)?;
                blank_comments(&mut self.buffer[2..end]);
                self.mime = if header.is_high_throughput() { mime::JPHC } else { mime::J2C };
                self.start = end;
                self.stage = Stage::TilePart { scan: HeaderScan::tile_part(), plan };
                Ok(true)
            }
            Stage::TilePart { mut scan, mut plan } => {
                self.fill_buffer(chunk);
                let Some(end) = scan.find(&self.buffer[self.start..])? else {
                    self.check_header(self.buffer.len() - self.start)?;
                    self.stage = Stage::TilePart { scan, plan };
                    return Ok(false);
                };
                self.check_header(end)?;
                let header = &mut self.buffer[self.start..][..end];
                let share = plan.share(header)?;
                header[6..10].copy_from_slice(&share.length.to_be_bytes());
                blank_comments(header);
                let end = self.start + end + SOD.len();
                // The bytes after SOD in the buffer are from this chunk; otherwise SOD would have been found before.
                chunk.advance(self.copied.saturating_sub(self.buffer.len() - end));
                self.copied = 0;
                self.start = 0;
                let mut headers = std::mem::take(&mut self.buffer);
                headers.truncate(end);
                if !std::mem::replace(&mut self.is_committed, true) {
                    out.head(Head::new(self.mime));
                }
                out.body(headers.freeze());
                self.stage = Stage::Body { left: share.bytes, is_last: share.is_last, plan };
                Ok(true)
            }
            Stage::Body { left, is_last, plan } => {
                let now = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - now as u64;
                if 0 < now {
                    out.body(chunk.split_to(now));
                }
                if 0 < left {
                    self.stage = Stage::Body { left, is_last, plan };
                    return Ok(false);
                }
                if is_last {
                    out.body(Bytes::from_static(&EOC));
                    return Ok(false);
                }
                self.stage = Stage::TilePart { scan: HeaderScan::tile_part(), plan };
                Ok(true)
            }
            Stage::Done => Ok(false),
        }
    }

    /// Copies bytes of `chunk`, up to the longest allowed header.
    fn fill_buffer(&mut self, chunk: &Bytes) {
        let room = (self.max_header_bytes + SOD.len() + 1).saturating_sub(self.buffer.len() - self.start);
        let new = chunk.get(self.copied..).unwrap_or_default();
        let new = &new[..new.len().min(room)];
        self.copied += new.len();
        self.buffer.extend_from_slice(new);
    }

    fn check_header(&self, length: usize) -> Result<(), ResolutionError> {
        if self.max_header_bytes < length {
            return Err(ResolutionError::TooLarge(self.max_header_bytes as u64));
        }
        Ok(())
    }
}

impl Session for ResolutionSession {
    fn push(&mut self, mut chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        self.length += chunk.len() as u64;
        self.copied = 0;
        while self.step(&mut chunk, out)? {}
        Ok(if matches!(self.stage, Stage::Done) { Flow::Done } else { Flow::More })
    }

    fn finish(&mut self, _out: &mut dyn Sink) -> Result<()> {
        if matches!(self.stage, Stage::Main(_)) && self.buffer.len() < CODESTREAM_START.len() {
            return Err(ResolutionError::NoCodestream.into());
        }
        Err(ResolutionError::Truncated(self.length).into())
    }
}
