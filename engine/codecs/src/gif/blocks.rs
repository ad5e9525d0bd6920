//! The blocks of a file (GIF89a), read as tolerantly as viewers read them.
//!
//! A file may end anywhere. Extensions that are unknown are skipped, and so are zeros between blocks, which some
//! programs write. Any other unknown block ends the file, as in browsers.

use super::damaged;
use crate::error::CodecError;
use safelight_core::{Limits, Rect, Size};

/// The header of a file, and its other blocks.
#[derive(Clone)]
pub(super) struct File<'a> {
    screen: Size,
    colours: Colours<'a>,
    blocks: &'a [u8],
}

/// A table of colours, if there is one.
type Colours<'a> = Option<&'a [[u8; 3]]>;

/// An image on the screen.
#[derive(Clone, Debug)]
pub(super) struct Block<'a> {
    /// Its place; it may reach outside of the screen.
    pub(super) rect: Rect,
    /// Its colours; `None` if the file states none.
    pub(super) colours: Colours<'a>,
    pub(super) is_interlaced: bool,
    pub(super) control: Control,
    /// The bits of the smallest code.
    pub(super) code_bits: u8,
    pub(super) data: SubBlocks<'a>,
}

/// The graphic control extension before an image (section 23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) disposal: u8,
    pub(super) delay_ms: u32,
    pub(super) transparent: Option<u8>,
}

/// A block that matters to a decoder.
pub(super) enum Item<'a> {
    Image(Block<'a>),
    /// The number of plays of the animation; 0 means forever.
    Plays(u32),
    Profile(SubBlocks<'a>),
}

impl<'a> File<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if it is cut short.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let (head, rest) = bytes.split_first_chunk::<13>().ok_or_else(|| damaged("there is no header"))?;
        let [.., a, b, c, d, flags, _, _] = *head;
        let (colours, blocks) = table(flags, rest);
        Ok(Self { screen: Size::new(u16_le(a, b), u16_le(c, d)), colours, blocks })
    }

    /// The size of the canvas. As in Chrome, a first image that is larger than the screen replaces it.
    ///
    /// # Errors
    /// [`CodecError::Damaged`] if there is no image.
    pub(super) fn canvas(&self) -> Result<Size, CodecError> {
        let first = self.images().next().ok_or_else(|| damaged("there is no frame"))?;
        let size = first.rect.size;
        Ok(if self.screen.covers(size) { self.screen } else { size })
    }

    /// Counts the images, up to one more than `limits` allow, and their pixels.
    pub(super) fn count(&self, limits: &Limits) -> (u32, u64) {
        let images = self.images().take((limits.max_frames as usize).saturating_add(1));
        images.fold((0, 0), |(count, pixels), block| (count + 1, pixels + block.rect.size.pixels()))
    }

    fn images(&self) -> impl Iterator<Item = Block<'a>> {
        self.items().filter_map(|item| if let Item::Image(block) = item { Some(block) } else { None })
    }

    pub(super) fn items(&self) -> Items<'a> {
        Items { file: self.clone(), control: Control::default(), has_image: false }
    }
}

/// The blocks of a file in order.
pub(super) struct Items<'a> {
    file: File<'a>,
    control: Control,
    has_image: bool,
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            let (introducer, rest) = self.file.blocks.split_first()?;
            self.file.blocks = rest;
            match introducer {
                0 => (),
                b'!' => {
                    let (label, rest) = self.file.blocks.split_first()?;
                    let data = SubBlocks(rest);
                    self.file.blocks = data.clone().rest();
                    if let Some(item) = self.extension(*label, data) {
                        return Some(item);
                    }
                }
                b',' => return self.image().map(Item::Image),
                _ => return None,
            }
        }
    }
}

impl<'a> Items<'a> {
    /// Reads an extension (sections 23 and 26); `None` if a decoder does not need it.
    fn extension(&mut self, label: u8, mut blocks: SubBlocks<'a>) -> Option<Item<'a>> {
        match label {
            0xF9 => {
                if let Some([flags, low, high, transparent, ..]) = blocks.next() {
                    self.control = Control {
                        disposal: flags >> 2 & 7,
                        delay_ms: u16_le(*low, *high) * 10,
                        transparent: (flags & 1 == 1).then_some(*transparent),
                    };
                }
                None
            }
            0xFF => match blocks.next() {
                Some(b"NETSCAPE2.0" | b"ANIMEXTS1.0") => match blocks.next() {
                    // Repetitions after the animation was played once.
                    Some([1, 0, 0, ..]) => Some(Item::Plays(0)),
                    Some([1, low, high, ..]) => Some(Item::Plays(u16_le(*low, *high) + 1)),
                    _ => None,
                },
                Some(b"ICCRGBG1012") => Some(Item::Profile(blocks)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Reads an image after its introducer (section 20); `None` if the file ends before its data.
    fn image(&mut self) -> Option<Block<'a>> {
        let ([descriptor @ .., flags], after) = self.file.blocks.split_first_chunk::<9>()?;
        let (local, after) = table(*flags, after);
        let (code_bits, after) = after.split_first()?;
        let data = SubBlocks(after);
        // A terminator without data is a frame that draws nothing.
        if after.first() != Some(&0) {
            data.clone().next()?;
        }
        self.file.blocks = data.clone().rest();
        let numbers = descriptor.as_chunks::<2>().0;
        let number = |index: usize| numbers.get(index).map_or(0, |[low, high]| u16_le(*low, *high));
        let mut rect = Rect { x: number(0), y: number(1), size: Size::new(number(2), number(3)) };
        if rect.size.pixels() == 0 {
            rect.size = self.file.screen;
        }
        if !self.has_image && !self.file.screen.covers(rect.size) {
            (rect.x, rect.y) = (0, 0);
        }
        self.has_image = true;
        Some(Block {
            rect,
            colours: local.or(self.file.colours),
            is_interlaced: flags & 0x40 != 0,
            control: std::mem::take(&mut self.control),
            code_bits: *code_bits,
            data,
        })
    }
}

/// The data of a block, in pieces of 1 to 255 bytes (section 15); the last may be cut short.
#[derive(Clone, Debug)]
pub(super) struct SubBlocks<'a>(&'a [u8]);

impl<'a> SubBlocks<'a> {
    /// The bytes after the last sub-block.
    fn rest(mut self) -> &'a [u8] {
        while self.next().is_some() {}
        self.0.get(1..).unwrap_or_default()
    }
}

impl<'a> Iterator for SubBlocks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first().filter(|(length, _)| **length != 0)?;
        let (data, rest) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
        self.0 = rest;
        Some(data).filter(|data| !data.is_empty())
    }
}

/// The table of colours that `flags` state (sections 18 to 21), and the bytes after it.
fn table(flags: u8, bytes: &[u8]) -> (Colours<'_>, &[u8]) {
    if flags & 0x80 == 0 {
        return (None, bytes);
    }
    let length = 3 << (1 + (flags & 7));
    let (table, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
    (Some(table.as_chunks().0), rest)
}

fn u16_le(low: u8, high: u8) -> u32 {
    u16::from_le_bytes([low, high]).into()
}
