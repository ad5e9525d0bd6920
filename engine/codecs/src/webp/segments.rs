//! A reader over separate slices, so that an image is passed on without a copy.

use std::borrow::Cow;
use std::io::{BufRead, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Reads several slices as one.
pub(super) struct Segments<'a> {
    segments: Vec<Cow<'a, [u8]>>,
    position: u64,
}

impl<'a> Segments<'a> {
    pub(super) fn new(segments: Vec<Cow<'a, [u8]>>) -> Self {
        Self { segments, position: 0 }
    }
}

impl BufRead for Segments<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        let mut start = self.position;
        for segment in &self.segments {
            let len = segment.len() as u64;
            if start < len {
                return Ok(&segment[start as usize..]);
            }
            start -= len;
        }
        Ok(&[])
    }

    fn consume(&mut self, bytes: usize) {
        self.position += bytes as u64;
    }
}

impl Read for Segments<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Segments<'_> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let bytes = self.segments.iter().map(|segment| segment.len() as u64).sum::<u64>();
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => bytes.checked_add_signed(offset),
        };
        self.position = target.ok_or(Error::from(ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_read_as_one() {
        let segments = [b"ab".as_slice(), b"", b"cde"].map(Cow::Borrowed).to_vec();
        let mut reader = Segments::new(segments);
        let mut check = |to, expected: &str| {
            let mut text = String::new();
            reader.seek(to).unwrap();
            reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, expected, "{to:?}");
        };
        check(SeekFrom::Start(0), "abcde");
        check(SeekFrom::Current(-4), "bcde");
        check(SeekFrom::End(-2), "de");
        check(SeekFrom::Start(9), "");
        assert!(reader.seek(SeekFrom::Current(i64::MIN)).is_err());
    }
}
