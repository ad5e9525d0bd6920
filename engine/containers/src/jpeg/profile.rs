//! The ICC profile of a JPEG file, which segments carry in numbered pieces (ICC.1:2022 annex B.4).

use super::marker;
use crate::{icc, input::Input};
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// The signature of a segment with a piece of a profile.
pub(super) const SIGNATURE: &[u8] = b"ICC_PROFILE\0";
/// Marker, length, signature, number of the piece, count of pieces.
pub(super) const FRAMING_BYTES: usize = 4 + SIGNATURE.len() + 2;

/// The segments of a profile without identities, by their offset in the source. Each has its former length.
#[derive(Debug, Default)]
pub(super) struct Profile(BTreeMap<u64, Bytes>);

impl Profile {
    /// The most bytes from the first segment of a profile to the end of its last one.
    const MAX_SPAN: u64 = (icc::MAX_BYTES + (1 << 20)) as u64;

    /// Reads the profile whose first segment is at the front of `input`. It has no segments if they do not form a
    /// profile.
    ///
    /// # Errors
    /// The offset in the source up to which bytes are needed, if they have not arrived.
    pub(super) fn read(input: &Input) -> Result<Self, u64> {
        let mut pieces = BTreeMap::new();
        let (start, mut at) = (input.position, input.position);
        let mut count = None;
        while at - start <= Self::MAX_SPAN {
            // At the end of the source the segment is truncated, which the grammar reports.
            let bytes = |n: usize| input.read_at(at, n).ok_or(at + n as u64);
            let head = bytes(4)?;
            let (0xFF, marker) = (head[0], head[1]) else { break };
            if !is_segment(marker) {
                break;
            }
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let end = at + 2 + length as u64;
            if marker == marker::APP2 {
                let segment = bytes(2 + length)?;
                if let Some(&[number, of, ..]) =
                    segment.get(4..).and_then(|body| body.strip_prefix(SIGNATURE))
                {
                    let is_new = pieces.insert(number, (at, segment)).is_none();
                    if !is_new || *count.get_or_insert(of) != of {
                        break;
                    }
                }
            }
            if count.is_some_and(|count| usize::from(count) == pieces.len()) {
                return Ok(Self::assemble(&pieces).unwrap_or_default());
            }
            at = end;
        }
        Ok(Self::default())
    }

    /// The segments of the profile of `pieces`, keyed by their numbers; `None` if they form no profile.
    fn assemble(pieces: &BTreeMap<u8, (u64, Bytes)>) -> Option<Self> {
        let are_numbered = pieces.keys().map(|number| usize::from(*number)).eq(1..=pieces.len());
        let whole: Vec<&[u8]> = pieces.values().map(|(_, segment)| &segment[FRAMING_BYTES..]).collect();
        let whole = icc::without_identity(&whole.concat()).filter(|_| are_numbered)?;
        let mut rest = &whole[..];
        let rewrite = |(at, segment): &(u64, Bytes)| {
            let (framing, piece) = segment.split_at(FRAMING_BYTES);
            let (piece, after) = rest.split_at(piece.len());
            rest = after;
            let mut segment = BytesMut::from(framing);
            segment.extend_from_slice(piece);
            (*at, segment.freeze())
        };
        Some(Self(pieces.values().map(rewrite).collect()))
    }

    /// The replacement of the segment at offset `at` of the source.
    pub(super) fn take_segment(&mut self, at: u64) -> Option<Bytes> {
        self.0.remove(&at)
    }
}

/// Whether a segment with a length, before the first scan, begins with `marker`.
fn is_segment(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF | marker::DQT..=marker::APP15 | marker::COM)
}
