//! The codestream, segment by segment. Nothing moves, because tile-parts and indexes state lengths.

use super::damaged;
use crate::{
    Class, ContainerError, Part, Removal,
    codestream::{CODESTREAM_START, marker},
    grammar::{Layout, Step},
    input::Input,
};
use bytes::Bytes;
use safelight_formats::Format;

/// The position of the next part in a codestream.
#[derive(Debug)]
pub(super) struct Stream {
    state: State,
    /// The end of the box around it, if that is stated.
    end: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// In the main header.
    Header,
    /// In the header of a tile-part that ends here; at [`u64::MAX`] if it reaches to the end of the codestream.
    TileHeader(u64),
    /// At a tile-part or the end of the codestream.
    Tile,
    Ended,
}

/// Bytes of SOT: marker, length, tile, length of the tile-part, its number, and the number of tile-parts.
const TILE_START_BYTES: usize = 12;

impl Stream {
    /// A codestream that begins here and ends at `end`, or with the source.
    pub(super) fn new(end: Option<u64>) -> Self {
        Self { state: State::Start, end }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// As [`crate::grammar::Grammar::next`].
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        match self.state {
            State::Start => {
                let Some(head) = input.peek(2) else { return Ok(Step::More("the codestream")) };
                if head != &CODESTREAM_START[..2] {
                    return Err(damaged(input, "a codestream without a start marker"));
                }
                self.state = State::Header;
                Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(2)))
            }
            State::Header => self.segment(input, None),
            State::TileHeader(end) => self.segment(input, Some(end)),
            State::Tile => self.tile(input),
            State::Ended => Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
        }
    }

    /// Reads a segment of a header; `tile` is that of [`State::TileHeader`].
    fn segment(&mut self, input: &mut Input, tile: Option<u64>) -> Result<Step, ContainerError> {
        let Some(&[prefix, code]) = input.peek(2).and_then(|head| head.first_chunk()) else {
            return Ok(Step::More("a header of the codestream"));
        };
        if prefix != 0xFF {
            return Err(damaged(input, "a marker is missing"));
        }
        match (code, tile) {
            (marker::SOT, None) => return self.tile(input),
            (marker::SOD, Some(end)) => return self.data(input, end),
            _ => (),
        }
        let Some(&[_, _, high, low]) = input.peek(4).and_then(|head| head.first_chunk()) else {
            return Ok(Step::More("a header of the codestream"));
        };
        let bytes = u16::from_be_bytes([high, low]);
        if bytes < 2 {
            return Err(damaged(input, "a segment of an invalid length"));
        }
        let body = Layout::new(4, u64::from(bytes) - 2, 0);
        match code {
            // Its marker and length stay, so that decoders skip it.
            marker::COM => Ok(Step::Part(comment(bytes), body)),
            _ if is_known(code) => Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(body.total()))),
            _ => Err(ContainerError::Unsupported(Format::Jpeg2000, "a segment of unknown meaning")),
        }
    }

    /// Reads the start of a tile-part, or the end of the codestream.
    fn tile(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let Some(head) = input.peek(2) else { return Ok(Step::More("the codestream")) };
        if head == [0xFF, marker::EOC] {
            self.state = State::Ended;
            return Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(2)));
        }
        if head != [0xFF, marker::SOT] {
            return Err(damaged(input, "neither a tile-part nor the end of the codestream"));
        }
        let Some(head) = input.peek(TILE_START_BYTES) else { return Ok(Step::More("a tile-part")) };
        let (segment, length) = (&head[2..4], &head[6..10]);
        let length = length.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
        if segment != [0, 10] || (1..TILE_START_BYTES as u32 + 2).contains(&length) {
            return Err(damaged(input, "a tile-part of an invalid length"));
        }
        let end = if length == 0 { u64::MAX } else { input.position + u64::from(length) };
        self.state = State::TileHeader(end);
        Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(TILE_START_BYTES as u64)))
    }

    /// Reads the samples of a tile-part, which begin with SOD.
    fn data(&mut self, input: &Input, end: u64) -> Result<Step, ContainerError> {
        let end = if end == u64::MAX { self.end } else { Some(end) };
        let Some(end) = end else {
            // The last tile-part of a bare codestream. Its EOC is the last of the source.
            self.state = State::Ended;
            return Ok(Step::Part(Part::cut(Class::ImageData), Layout::rest()));
        };
        let Some(bytes) = end.checked_sub(input.position).filter(|bytes| 2 <= *bytes) else {
            return Err(damaged(input, "a tile-part that ends in its header"));
        };
        self.state = if Some(end) == self.end { State::Ended } else { State::Tile };
        Ok(Step::Part(Part::cut(Class::ImageData), Layout::new(2, bytes - 2, 0)))
    }
}

/// A comment whose segment has `bytes` bytes. It stays as one of zeros.
fn comment(bytes: u16) -> Part {
    let [high, low] = bytes.to_be_bytes();
    let head = Bytes::copy_from_slice(&[0xFF, marker::COM, high, low]);
    Part::new(Class::Comment, Removal::Blank(head))
}

/// The segments of T.800 table A.2 and T.814 that describe the samples.
fn is_known(code: u8) -> bool {
    matches!(
        code,
        marker::SIZ
            | marker::CAP
            | marker::PRF
            | marker::CPF
            | marker::COD
            | marker::COC
            | marker::QCD
            | marker::QCC
            | marker::RGN
            | marker::POC
            | marker::PPM
            | marker::PPT
            | marker::TLM
            | marker::PLM
            | marker::PLT
            | marker::CRG
    )
}
