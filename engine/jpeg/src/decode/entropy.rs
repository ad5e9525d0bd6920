//! Entropy-coded data as it arrives, divided into pieces by markers (ITU-T T.81 B.1.1.5).
//!
//! Stuffed bytes are removed when data arrives: the search for 0xFF runs at memory speed, and the bit reader
//! need not recognise markers.

use super::segments::skip_fill;
use crate::markers::RST0;
use std::collections::VecDeque;

/// The maximum bytes of collected restart intervals before they are decoded.
pub(super) const MAX_BATCH_BYTES: usize = 4 << 20;

/// The buffered data of one scan.
///
/// call order = take* (first | intervals | skip | restart | compact)*
#[derive(Debug, Default)]
pub(super) struct Entropy {
    /// The data without stuffed bytes and markers.
    bytes: Vec<u8>,
    /// The number of bits of `bytes` that were decoded.
    pub(super) position: usize,
    /// The end of each piece in `bytes`, and the marker there.
    pieces: VecDeque<(usize, u8)>,
    /// Whether the last byte that arrived was 0xFF.
    is_after_ff: bool,
    /// Whether the scan ends with the last piece.
    is_over: bool,
}

/// The way to continue at the place of a restart marker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// More data must arrive to decide.
    Wait,
    /// The next piece is the next interval.
    Next,
    /// The next interval is missing.
    Missing,
}

impl Entropy {
    /// Moves about `max` bytes from the front of `rest`, at most up to the marker that ends the scan.
    pub(super) fn take(&mut self, rest: &mut &[u8], max: usize) {
        let mut left = max;
        while !self.is_over && !rest.is_empty() && left != 0 {
            if self.is_after_ff {
                match skip_fill(rest) {
                    Some(0) => self.bytes.push(0xFF),
                    None => continue,
                    Some(marker) => {
                        self.pieces.push_back((self.bytes.len(), marker));
                        self.is_over = is_end(marker);
                    }
                }
                self.is_after_ff = false;
                continue;
            }
            let ahead = &rest[..rest.len().min(left)];
            let plain = memchr::memchr(0xFF, ahead);
            self.bytes.extend_from_slice(&ahead[..plain.unwrap_or(ahead.len())]);
            self.is_after_ff = plain.is_some();
            let used = plain.map_or(ahead.len(), |at| at + 1);
            *rest = &rest[used..];
            left -= used;
        }
    }

    /// Marks the end of the data.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Returns the buffered bytes that are not decoded.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - (self.position / 8).min(self.bytes.len())
    }

    /// Returns the number of buffered markers.
    pub(super) fn markers(&self) -> usize {
        self.pieces.len()
    }

    /// Returns whether the data has ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns whether the file ended in the first piece, without a marker.
    pub(super) fn is_cut(&self) -> bool {
        self.is_over && self.pieces.is_empty()
    }

    /// Returns the first piece, and whether it is complete.
    pub(super) fn first(&self) -> (&[u8], bool) {
        match self.pieces.front() {
            Some((end, _)) => (&self.bytes[..*end], true),
            None => (&self.bytes, self.is_over),
        }
    }

    /// Returns the pieces at the front that the expected restart markers end, of which `next` is the first.
    /// The last of them may end with another marker.
    pub(super) fn intervals(&self, next: u8) -> Vec<&[u8]> {
        let mut intervals = Vec::new();
        let mut start = self.position.div_ceil(8);
        for ((end, marker), number) in self.pieces.iter().zip((0..8).cycle().skip(next.into())) {
            intervals.push(&self.bytes[start.min(*end)..*end]);
            start = *end;
            if *marker != RST0 + number {
                break;
            }
        }
        intervals
    }

    /// Skips whole pieces and their markers.
    pub(super) fn skip(&mut self, pieces: usize) {
        for (end, _) in self.pieces.drain(..pieces) {
            self.position = 8 * end;
        }
    }

    /// Finds restart marker `next` after the first piece, like libjpeg's `jpeg_resync_to_restart`: a marker
    /// with one of the two previous numbers is skipped with the piece after it, one with the two following
    /// numbers means that the interval is missing, and any other counts as the expected one.
    pub(super) fn restart(&mut self, next: u8) -> Restart {
        while let Some((_, marker)) = self.pieces.front() {
            if is_end(*marker) {
                return Restart::Missing;
            }
            match marker.checked_sub(RST0).map(|number| number.wrapping_sub(next) & 7) {
                Some(1 | 2) => return Restart::Missing,
                None | Some(6 | 7) => self.skip(1),
                Some(_) => {
                    self.skip(1);
                    return Restart::Next;
                }
            }
        }
        if self.is_over {
            return Restart::Missing;
        }
        // The buffered data belongs to no interval.
        self.position = self.bytes.len() * 8;
        Restart::Wait
    }

    /// Removes decoded data. All calls together move no more bytes than arrived.
    pub(super) fn compact(&mut self) {
        let used = (self.position / 8).min(self.bytes.len());
        if used < self.bytes.len() - used {
            return;
        }
        self.bytes.drain(..used);
        self.position -= 8 * used;
        for (end, _) in &mut self.pieces {
            *end -= used;
        }
    }

    /// Returns the bytes that arrived of the segment after the scan, and prepares for the next scan.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let marker = self.pieces.back().map(|(_, marker)| *marker).filter(|it| is_end(*it));
        let is_after_ff = self.is_after_ff;
        self.bytes.clear();
        self.pieces.clear();
        (self.position, self.is_after_ff, self.is_over) = (0, false, false);
        match marker {
            Some(marker) => vec![0xFF, marker],
            None if is_after_ff => vec![0xFF],
            None => Vec::new(),
        }
    }
}

/// Returns whether a marker ends a scan. T.81 defines none below 0xC0, and restart markers do not end it.
fn is_end(marker: u8) -> bool {
    0xC0 <= marker && !(RST0..RST0 + 8).contains(&marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of `source` up to the end of the scan, whether each is complete, and the number of bytes
    /// after them.
    fn pieces(source: &[u8], chunk: usize) -> (Vec<(Vec<u8>, bool)>, usize) {
        let mut entropy = Entropy::default();
        let mut left = 0;
        for mut chunk in source.chunks(chunk) {
            while !chunk.is_empty() && !entropy.is_over() {
                entropy.take(&mut chunk, 3);
            }
            left += chunk.len();
        }
        let mut pieces = Vec::new();
        for _ in 0..=entropy.markers() {
            let (first, is_whole) = entropy.first();
            pieces.push((first[entropy.position / 8..].to_vec(), is_whole));
            entropy.skip(entropy.markers().min(1));
            entropy.compact();
        }
        (pieces, left)
    }

    #[test]
    fn pieces_do_not_depend_on_chunks() {
        let source = b"ab\xFF\0c\xFF\xFF\xD0\xFF\x42\xFF\0\xFF\xFF\0de\xFF\xC4rest";
        let piece = |bytes: &[u8]| (bytes.to_vec(), true);
        let expected = [&b"ab\xFFc"[..], b"", b"\xFF\xFFde", b""].map(piece);
        for chunk in 1..=source.len() {
            assert_eq!(pieces(source, chunk), (expected.to_vec(), 4), "{chunk}");
        }
    }

    #[test]
    fn the_marker_after_the_scan_is_returned() {
        let check = |source: &[u8], expected: &[u8]| {
            let mut entropy = Entropy::default();
            entropy.take(&mut &source[..], usize::MAX);
            assert_eq!(entropy.finish(), expected, "{source:?}");
            assert_eq!((entropy.len(), entropy.is_over()), (0, false));
        };
        check(b"ab", b"");
        check(b"ab\xFF\0", b"");
        check(b"ab\xFF\xD3", b"");
        check(b"ab\xFF", b"\xFF");
        check(b"ab\xFF\xFF", b"\xFF");
        check(b"ab\xFF\xFF\xC4", b"\xFF\xC4");
    }

    #[test]
    fn decoding_resumes_by_the_number_of_the_marker() {
        let check = |source: &[u8], next: u8, expected: Restart, rest: &[u8]| {
            let mut entropy = Entropy::default();
            entropy.take(&mut &source[..], usize::MAX);
            assert_eq!(entropy.restart(next), expected, "{source:?}");
            assert_eq!(&entropy.first().0[entropy.position / 8..], rest, "{source:?}");
        };
        check(b"a\xFF\xD2b\xFF\xD9", 2, Restart::Next, b"b");
        check(b"a\xFF\xD3b\xFF\xD9", 2, Restart::Missing, b"a");
        check(b"a\xFF\xD4b\xFF\xD9", 2, Restart::Missing, b"a");
        check(b"a\xFF\xD0b\xFF\xD9", 7, Restart::Missing, b"a");
        check(b"a\xFF\xD5b\xFF\xD9", 2, Restart::Next, b"b");
        check(b"a\xFF\xD1b\xFF\xD2c\xFF\xD9", 2, Restart::Next, b"c");
        check(b"a\xFF\xD0b\xFF\x02c\xFF\xD2d\xFF\xD9", 2, Restart::Next, b"d");
        check(b"a\xFF\xD0b\xFF\xD9", 2, Restart::Missing, b"b");
        check(b"a\xFF\xC4", 2, Restart::Missing, b"a");
        check(b"ab", 2, Restart::Wait, b"");
    }

    #[test]
    fn intervals_end_at_an_unexpected_marker() {
        let check = |source: &[u8], next: u8, expected: &[&[u8]]| {
            let mut entropy = Entropy::default();
            entropy.take(&mut &source[..], usize::MAX);
            assert_eq!(entropy.intervals(next), expected, "{source:?}");
        };
        check(b"a\xFF\xD6b\xFF\xD7c\xFF\xD0d\xFF\xD1e", 6, &[b"a", b"b", b"c", b"d"]);
        check(b"a\xFF\xD6b\xFF\xD0c\xFF\xD0d\xFF\xD9", 6, &[b"a", b"b"]);
        check(b"a\xFF\xD9", 0, &[b"a"]);
        check(b"a", 0, &[]);
    }
}
