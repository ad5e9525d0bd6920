//! For tests, benches, fuzz targets and examples: a driver for sessions over a source in memory, a side image, typos.

use crate::{Flow, Frame, Head, Model, Plan, Result, Samples, Session, SideImage, Sink, Size};
use bytes::Bytes;

/// Returns a side image of three columns and two rows: colours, one of which is translucent, and nothing.
pub fn side_image() -> SideImage {
    let pixels = [[255, 0, 0, 255], [0, 200, 0, 128], [0, 0, 255, 255], [0; 4], [9, 9, 9, 255], [250; 4]];
    Frame::whole(Size::new(3, 2), Model::Rgba, Samples::U8(pixels.concat())).into()
}

/// Places [`side_image`] wherever `plan` needs one.
#[must_use]
pub fn with_sides(mut plan: Plan) -> Plan {
    plan.sides().for_each(|side| side.image = Some(side_image()));
    plan
}

/// The output of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The head, once it is committed.
    pub head: Option<Head>,
    /// The body, in the slices that the session emitted.
    pub slices: Vec<Bytes>,
    /// Bytes of the source that were pushed.
    pub read: usize,
}

impl Output {
    /// Drives `session` over `source` in chunks of `chunk` bytes, at least one.
    ///
    /// # Errors
    /// Any error of the session.
    ///
    /// # Panics
    /// If the session breaks the rules of [`Sink`].
    pub fn collect(mut session: Box<dyn Session>, source: &Bytes, chunk: usize) -> Result<Self> {
        let mut output = Self::default();
        session.sized(source.len() as u64);
        let mut at = 0;
        while at < source.len() {
            let end = source.len().min(at.saturating_add(chunk.max(1)));
            output.read += end - at;
            at = match session.push(source.slice(at..end), &mut output)? {
                Flow::More | Flow::Keep | Flow::Reserve(_) => end,
                Flow::Skip(bytes) => {
                    source.len().min(end.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX)))
                }
                Flow::Done => return Ok(output),
            };
        }
        session.reserve()?;
        session.finish(&mut output)?;
        Ok(output)
    }

    /// Returns the whole body.
    pub fn body(&self) -> Vec<u8> {
        self.slices.concat()
    }

    /// Returns the MIME type of the body; empty before the head.
    pub fn content_type(&self) -> &'static str {
        self.head.map_or("", |head| head.content_type)
    }
}

impl Sink for Output {
    fn head(&mut self, head: Head) {
        assert!(self.head.is_none(), "the session committed its head twice");
        self.head = Some(head);
    }

    fn body(&mut self, bytes: Bytes) {
        assert!(self.head.is_some(), "the session emitted a body before its head");
        self.slices.push(bytes);
    }
}

/// Returns every text that one edit makes of `word`: a letter removed, added, replaced or in the other case, or two
/// swapped.
pub fn typos(word: &str) -> impl Iterator<Item = String> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz019_-.";
    let letters: Vec<char> = word.chars().collect();
    let mut typos = Vec::new();
    for index in 0..=letters.len() {
        let (before, after) = letters.split_at(index);
        let mut push = |middle: &[char], rest: &[char]| typos.push([before, middle, rest].concat());
        for letter in LETTERS.chars() {
            push(&[letter], after);
            if let [_, rest @ ..] = after {
                push(&[letter], rest);
            }
        }
        if let [one, rest @ ..] = after {
            push(&[], rest);
            push(
                &[if one.is_lowercase() { one.to_ascii_uppercase() } else { one.to_ascii_lowercase() }],
                rest,
            );
        }
        if let [one, two, rest @ ..] = after {
            push(&[*two, *one], rest);
        }
    }
    typos.into_iter().map(String::from_iter).filter(move |typo| typo != word)
}
