//! A reader over separate slices, so that an image is passed on without a copy.

use std::io::{BufRead, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Reads several slices as one.
pub(crate) struct Segments<T> {
    segments: Vec<T>,
    position: u64,
}

impl<T: AsRef<[u8]>> Segments<T> {
    pub(crate) fn new(segments: Vec<T>) -> Self {
        Self { segments, position: 0 }
    }
}

impl<T: AsRef<[u8]>> BufRead for Segments<T> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        let mut start = self.position;
        for segment in &self.segments {
            let segment = segment.as_ref();
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

impl<T: AsRef<[u8]>> Read for Segments<T> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<T: AsRef<[u8]>> Seek for Segments<T> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let bytes = self.segments.iter().map(|segment| segment.as_ref().len() as u64).sum::<u64>();
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
        let mut reader = Segments::new(vec![b"ab".as_slice(), b"", b"cde"]);
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
