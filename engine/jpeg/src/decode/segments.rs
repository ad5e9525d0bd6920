//! Marker segments as they arrive (ITU-T T.81 B.1.1).

use super::error::DecodeError;
use crate::markers::{EOI, RST0, RST7, SOI};

/// A collector of one segment after the other. It skips bytes before a marker, as libjpeg does.
///
/// call order = (take* body clear)*
#[derive(Debug, Default)]
pub(super) struct Segments {
    /// The bytes of the segment so far: 0xFF, the marker, two bytes of length, the body.
    bytes: Vec<u8>,
}

impl Segments {
    /// Continues with the bytes of a segment that arrived with entropy-coded data: none, or up to the marker.
    pub(super) fn resume(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// Moves the bytes of the segment from the front of `rest`, and returns its marker once it is complete.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] for a length below 2, which includes itself.
    pub(super) fn take(&mut self, rest: &mut &[u8]) -> Result<Option<u8>, DecodeError> {
        loop {
            match *self.bytes {
                [] => {
                    let Some(at) = memchr::memchr(0xFF, rest) else {
                        *rest = &[];
                        return Ok(None);
                    };
                    *rest = &rest[at + 1..];
                    self.bytes.push(0xFF);
                }
                [_] => match skip_fill(rest) {
                    None => return Ok(None),
                    // A stuffed byte, a marker that T.81 does not define, or one without a segment.
                    Some(0..=0xBF | RST0..=RST7 | SOI) => self.bytes.clear(),
                    Some(marker) => self.bytes.push(marker),
                },
                [_, EOI, ..] => return Ok(Some(EOI)),
                [_, marker, ref after @ ..] => {
                    let missing = match after {
                        [high, low, body @ ..] => {
                            let length = usize::from(u16::from_be_bytes([*high, *low]));
                            let length = length
                                .checked_sub(2)
                                .ok_or(DecodeError::Damaged("a segment whose length is below 2"))?;
                            length - body.len()
                        }
                        _ => 2 - after.len(),
                    };
                    if missing == 0 {
                        return Ok(Some(marker));
                    }
                    let Some(more) = rest.split_off(..missing.min(rest.len())).filter(|it| !it.is_empty())
                    else {
                        return Ok(None);
                    };
                    self.bytes.extend_from_slice(more);
                }
            }
        }
    }

    /// Returns the body of the segment.
    pub(super) fn body(&self) -> &[u8] {
        self.bytes.get(4..).unwrap_or_default()
    }

    /// Prepares for the next segment.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// Moves fill bytes (B.1.1.2) and the byte after them from the front of `rest`, and returns that byte, if it has
/// arrived.
pub(super) fn skip_fill(rest: &mut &[u8]) -> Option<u8> {
    // Whole runs at once: a file may consist of them.
    let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
    *rest = &rest[fill..];
    rest.split_off_first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markers::{APP0, DHT, DQT};

    fn all(source: &[u8], chunk: usize) -> Vec<(u8, Vec<u8>)> {
        let mut segments = Segments::default();
        let mut found = Vec::new();
        for mut chunk in source.chunks(chunk) {
            while let Some(marker) = segments.take(&mut chunk).unwrap() {
                found.push((marker, segments.body().to_vec()));
                segments.clear();
            }
            assert!(chunk.is_empty());
        }
        found
    }

    #[test]
    fn segments_do_not_depend_on_chunks() {
        let source = [
            &b"\xFF\xD8\xFF\xE0\0\x04ab"[..],
            b"garbage\xFF\0",
            b"\xFF\xFF\xFF\xDB\0\x02",
            b"\xFF\xD3\xFF\xC4\0\x03\xFF",
            b"\xFF\xD9\xFF\xDA\0\x09",
        ];
        let expected = vec![(APP0, b"ab".to_vec()), (DQT, vec![]), (DHT, vec![0xFF]), (EOI, vec![])];
        for chunk in 1..9 {
            assert_eq!(all(&source.concat(), chunk), expected, "{chunk}");
        }
    }

    #[test]
    fn a_length_below_2_is_damage() {
        let result = Segments::default().take(&mut &b"\xFF\xE0\0\x01"[..]);
        assert_eq!(result, Err(DecodeError::Damaged("a segment whose length is below 2")));
    }
}
