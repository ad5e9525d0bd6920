//! The marker segments of a header, T.800 A.1.

use super::CodestreamError;

/// Second bytes of markers, T.800 table A.2; the first is 0xFF.
pub mod marker {
    #![allow(missing_docs, reason = "the specification's names")]
    pub const SOC: u8 = 0x4F;
    pub const CAP: u8 = 0x50;
    pub const SIZ: u8 = 0x51;
    pub const COD: u8 = 0x52;
    pub const COC: u8 = 0x53;
    pub const TLM: u8 = 0x55;
    pub const PRF: u8 = 0x56;
    pub const PLM: u8 = 0x57;
    pub const PLT: u8 = 0x58;
    pub const CPF: u8 = 0x59;
    pub const QCD: u8 = 0x5C;
    pub const QCC: u8 = 0x5D;
    pub const RGN: u8 = 0x5E;
    pub const POC: u8 = 0x5F;
    pub const PPM: u8 = 0x60;
    pub const PPT: u8 = 0x61;
    pub const CRG: u8 = 0x63;
    pub const COM: u8 = 0x64;
    pub const SOT: u8 = 0x90;
    pub const SOD: u8 = 0x93;
    pub const EOC: u8 = 0xD9;
}

/// A search for the end of a header that arrives in pieces. It does not read any byte of a segment twice.
#[derive(Clone, Copy, Debug)]
pub struct HeaderScan {
    /// The offset of the next segment.
    at: usize,
    /// The marker that ends the header.
    end: u8,
}

impl HeaderScan {
    /// A scan of a main header, which begins with SOC and ends before SOT.
    pub fn main() -> Self {
        Self { at: 2, end: marker::SOT }
    }

    /// A scan of the header of a tile-part, which begins with SOT and ends before SOD.
    pub fn tile_part() -> Self {
        Self { at: 0, end: marker::SOD }
    }

    /// The end of the header in `bytes`, which are those of the previous call and what has arrived since; `None`
    /// if more bytes are needed.
    ///
    /// # Errors
    /// [`CodestreamError::Damaged`] if a segment does not begin with a marker.
    pub fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, CodestreamError> {
        while let Some([prefix, code]) = bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            if *prefix != 0xFF {
                return Err(CodestreamError::Damaged("a marker is missing"));
            }
            if *code == self.end {
                return Ok(Some(self.at));
            }
            let Some(length) = bytes.get(self.at + 2..).and_then(|rest| rest.first_chunk()) else { break };
            self.at += 2 + usize::from(u16::from_be_bytes(*length)).max(2);
        }
        Ok(None)
    }
}

/// The segments of a header: the second byte of each marker, and the bytes after the length.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    /// The segments in `header`, from the first marker that has a length.
    pub fn new(header: &'a [u8]) -> Self {
        Self { rest: header }
    }

    fn split(&mut self) -> Option<(u8, &'a [u8])> {
        let ([0xFF, code, high, low], _) = self.rest.split_first_chunk()? else { return None };
        let end = 2 + usize::from(u16::from_be_bytes([*high, *low]));
        let payload = self.rest.get(4..end)?;
        self.rest = self.rest.get(end..)?;
        Some((*code, payload))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<(u8, &'a [u8]), CodestreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let segment = self.split();
        if segment.is_none() {
            self.rest = &[];
        }
        Some(segment.ok_or(CodestreamError::Damaged("a segment that is longer than its header")))
    }
}

/// Overwrites the comments of a header with spaces, so that no offset changes.
///
/// `header` starts with a marker that has a length.
pub fn blank_comments(header: &mut [u8]) {
    let mut at = 0;
    while let Some(&[_, code, high, low]) = header.get(at..).and_then(|rest| rest.first_chunk()) {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
        // The first two bytes state the kind of the comment.
        if code == marker::COM
            && let Some(text) = header.get_mut(at + 6..end)
        {
            text.fill(b' ');
        }
        at = end;
    }
}
