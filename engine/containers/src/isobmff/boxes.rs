//! Boxes (ISO/IEC 14496-12 section 4.2): parsing of untrusted boxes, and a redacted copy of a tree of boxes.

use crate::{ContainerError, input::Input};
use safelight_formats::Format;
use std::ops::Range;

/// A four-character code.
pub(crate) type FourCc = [u8; 4];

/// The head of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BoxHead {
    pub(crate) kind: FourCc,
    /// Bytes of the head: 8, or 16 with a 64-bit size.
    pub(crate) bytes: usize,
    /// Bytes of the whole box; `None` if it reaches to the end of the source.
    pub(crate) size: Option<u64>,
}

/// A box inside an index; offsets count from the start of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BoxSpan {
    pub(super) kind: FourCc,
    pub(super) start: usize,
    /// The start of its contents.
    pub(super) body: usize,
    pub(super) end: usize,
}

/// The reason why an index cannot be used; offsets count from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IndexError {
    Damaged(usize, &'static str),
    Unsupported(&'static str),
}

impl IndexError {
    /// The error for an index of a source of `format`, which begins at `start` in the source.
    pub(super) fn into_error(self, format: Format, start: u64) -> ContainerError {
        match self {
            Self::Damaged(at, what) => ContainerError::Damaged(format, start.saturating_add(at as u64), what),
            Self::Unsupported(what) => ContainerError::Unsupported(format, what),
        }
    }
}

impl BoxHead {
    /// The most bytes of a head.
    pub(crate) const MAX_BYTES: usize = 16;

    /// Reads the head of the box at the front of `input`; `None` if more bytes are needed.
    ///
    /// # Errors
    /// A description of the damage.
    pub(crate) fn peek(input: &mut Input) -> Result<Option<Self>, &'static str> {
        let available = input.len().min(Self::MAX_BYTES);
        let head = input.peek(available).map_or(Ok(None), Self::read);
        // The end of a longer box could not be stated.
        match head {
            Ok(head) if head.is_none_or(|head| head.size.is_none_or(|size| size < u64::MAX >> 1)) => Ok(head),
            _ => Err("a box of an invalid length"),
        }
    }

    /// The head that `data` begins with; `None` if it needs more bytes.
    ///
    /// # Errors
    /// A description of the damage, if no box begins with `data`.
    pub(crate) fn read(data: &[u8]) -> Result<Option<Self>, &'static str> {
        let &[s0, s1, s2, s3, k0, k1, k2, k3, ref rest @ ..] = data else { return Ok(None) };
        let kind = [k0, k1, k2, k3];
        let (bytes, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => return Ok(Some(Self { kind, bytes: 8, size: None })),
            1 => match rest {
                &[l0, l1, l2, l3, l4, l5, l6, l7, ..] => {
                    (16, u64::from_be_bytes([l0, l1, l2, l3, l4, l5, l6, l7]))
                }
                _ => return Ok(None),
            },
            size => (8, u64::from(size)),
        };
        if size < bytes as u64 {
            return Err("a box that is smaller than its own head");
        }
        Ok(Some(Self { kind, bytes, size: Some(size) }))
    }
}

/// The box that `data` consists of; if it states no size, it reaches to the end of the source, and of `data`.
pub(super) fn outermost(data: &[u8]) -> Result<BoxSpan, IndexError> {
    let damaged = |what| IndexError::Damaged(0, what);
    let head = BoxHead::read(data).map_err(damaged)?.ok_or(damaged("a truncated box"))?;
    Ok(BoxSpan { kind: head.kind, start: 0, body: head.bytes, end: data.len() })
}

/// The boxes that fill `range` of `data`, in order.
pub(super) fn children(data: &[u8], range: Range<usize>) -> Result<Vec<BoxSpan>, IndexError> {
    let mut spans = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let damaged = |what| IndexError::Damaged(start, what);
        let rest = data.get(start..range.end).unwrap_or_default();
        let head = BoxHead::read(rest).map_err(damaged)?.ok_or(damaged("a truncated box"))?;
        let size = head.size.ok_or(damaged("a box without a size inside another"))?;
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let end =
            end.filter(|end| *end <= range.end).ok_or(damaged("a box that is larger than its parent"))?;
        spans.push(BoxSpan { kind: head.kind, start, body: start + head.bytes, end });
        start = end;
    }
    Ok(spans)
}

/// The only box of type `kind` in `spans`. Two are an error, since readers disagree which of them counts.
pub(super) fn single(spans: &[BoxSpan], kind: FourCc) -> Result<Option<BoxSpan>, IndexError> {
    let mut found = spans.iter().filter(|span| span.kind == kind);
    match (found.next(), found.next()) {
        (_, Some(second)) => Err(IndexError::Damaged(second.start, "a box that occurs twice")),
        (first, None) => Ok(first.copied()),
    }
}

impl BoxSpan {
    /// A reader of the contents.
    pub(super) fn fields<'a>(&self, data: &'a [u8]) -> Fields<'a> {
        Fields { data, at: self.body, end: self.end }
    }
}

/// A reader of big-endian numbers, up to the end of a box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    data: &'a [u8],
    pub(super) at: usize,
    end: usize,
}

impl<'a> Fields<'a> {
    /// The next `n` bytes.
    pub(super) fn bytes(&mut self, n: usize) -> Result<&'a [u8], IndexError> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.end);
        let bytes = end.and_then(|end| self.data.get(self.at..end));
        let bytes = bytes.ok_or(IndexError::Damaged(self.at, "a box that is too small for its fields"))?;
        self.at += n;
        Ok(bytes)
    }

    /// The next `n` bytes, at most 8, as a number; 0 if `n` is 0.
    pub(super) fn uint(&mut self, n: usize) -> Result<u64, IndexError> {
        Ok(self.bytes(n)?.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, IndexError> {
        Ok(self.uint(1)? as u8)
    }

    pub(super) fn u16(&mut self) -> Result<u16, IndexError> {
        Ok(self.uint(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32, IndexError> {
        Ok(self.uint(4)? as u32)
    }

    pub(super) fn four_cc(&mut self) -> Result<FourCc, IndexError> {
        Ok((self.uint(4)? as u32).to_be_bytes())
    }

    /// The version and the flags that full boxes begin with (section 4.2.2).
    pub(super) fn version(&mut self) -> Result<(u8, u32), IndexError> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00FF_FFFF))
    }

    /// Text up to a zero byte, which may be missing at the end of the box.
    pub(super) fn text(&mut self) -> &'a [u8] {
        let rest = self.data.get(self.at..self.end).unwrap_or_default();
        let text = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        self.at = self.end.min(self.at + text.len() + 1);
        text
    }

    /// Bytes up to the end of the box.
    pub(super) const fn left(&self) -> usize {
        self.end - self.at
    }

    /// Checks that the box has no more bytes.
    pub(super) fn finish(self) -> Result<(), IndexError> {
        match self.left() {
            0 => Ok(()),
            _ => Err(IndexError::Damaged(self.at, "a box with bytes after its last field")),
        }
    }
}

/// A redacted copy of an index, of the same length. It begins as zeros, and only needed bytes are copied, so
/// that unknown bytes stay blank.
#[derive(Debug)]
pub(super) struct Redaction<'a> {
    pub(super) source: &'a [u8],
    pub(super) bytes: Vec<u8>,
    /// The ranges of ICC profiles, which are parts of their own.
    pub(super) profiles: Vec<Range<usize>>,
}

impl<'a> Redaction<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self { source, bytes: vec![0; source.len()], profiles: Vec::new() }
    }

    /// Copies `range` from the source.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        if let (Some(from), Some(to)) = (self.source.get(range.clone()), self.bytes.get_mut(range)) {
            to.copy_from_slice(from);
        }
    }

    /// Copies the head of `span`.
    pub(super) fn keep_head(&mut self, span: BoxSpan) {
        self.keep(span.start..span.body);
    }

    /// Copies the head of `span` and, of its contents, the first `bytes`. The others are unknown.
    pub(super) fn keep_first(&mut self, span: BoxSpan, bytes: usize) {
        self.keep(span.start..span.body.saturating_add(bytes).min(span.end));
    }

    /// Copies all of `span`.
    pub(super) fn keep_all(&mut self, span: BoxSpan) {
        self.keep(span.start..span.end);
    }

    /// Gives `span` the type `free`, which readers skip in every box.
    pub(super) fn free(&mut self, span: BoxSpan) {
        self.keep_head(span);
        self.put(span.start + 4, b"free");
    }

    pub(super) fn blank(&mut self, range: Range<usize>) {
        if let Some(bytes) = self.bytes.get_mut(range) {
            bytes.fill(0);
        }
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let head = |kind, bytes, size| Ok(Some(BoxHead { kind, bytes, size }));
        let check = |data: &[u8], expected| assert_eq!(BoxHead::read(data), expected, "{data:?}");
        check(b"", Ok(None));
        check(b"\0\0\0\x08fre", Ok(None));
        check(b"\0\0\0\x08free", head(*b"free", 8, Some(8)));
        check(b"\0\0\0\0mdat", head(*b"mdat", 8, None));
        check(b"\0\0\0\x01mdat\0\0\0\0\0\0\0", Ok(None));
        check(b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0", head(*b"mdat", 16, Some(1 << 32)));
        for small in [&b"\0\0\0\x07free"[..], b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f"] {
            assert!(BoxHead::read(small).is_err(), "{small:?}");
        }
    }

    #[test]
    fn children_fill_their_parent() {
        let data = b"\0\0\0\x08free\0\0\0\x09skip!";
        let spans = children(data, 0..17).unwrap();
        assert_eq!(spans.len(), 2);
        assert_eq!(spans[1], BoxSpan { kind: *b"skip", start: 8, body: 16, end: 17 });
        assert_eq!(
            children(data, 0..16),
            Err(IndexError::Damaged(8, "a box that is larger than its parent"))
        );
        assert_eq!(children(data, 0..12), Err(IndexError::Damaged(8, "a truncated box")));
        assert_eq!(children(data, 3..3), Ok(vec![]));
        assert!(single(&spans, *b"skip").unwrap().is_some());
        assert_eq!(single(&spans, *b"none"), Ok(None));
    }
}
