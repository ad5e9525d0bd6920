//! GIF: blocks, whose data are in sub-blocks of up to 255 bytes (GIF89a specification).
//!
//! ```text
//! header, images   kept
//! graphic control  kept, with the one sub-block that it may have
//! NETSCAPE2.0      kept, with the one sub-block that states the number of plays
//! ICCRGBG1012      rewritten, with the colours of the profile and no names
//! …                cut
//! ```

mod profile;

use crate::{
    Class, ContainerError, Part, Removal,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use bytes::Bytes;
use safelight_formats::Format;

/// The grammar of a GIF file.
#[derive(Debug, Default)]
pub(crate) struct Gif {
    state: State,
    has_image_data: bool,
    /// Bytes of the profile at the front of the input that have been searched for its end.
    searched: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Header,
    Blocks,
    /// In the sub-blocks of a block of this class.
    SubBlocks(Class),
    /// In an application extension, before the sub-block with the number of plays.
    Plays,
    /// In a kept block, after all of its data that decoders read.
    Excess,
    Trailer,
}

/// Bytes of the signature and the logical screen descriptor.
const HEADER_BYTES: usize = 13;
/// Bytes of an image descriptor, its introducer included.
const DESCRIPTOR_BYTES: usize = 10;
/// Bytes of an application extension up to the end of its name.
const APPLICATION_BYTES: usize = 14;
/// Bytes of a graphic control extension up to the end of its sub-block, and of that sub-block's data.
const CONTROL_BYTES: u64 = 7;
const CONTROL_DATA_BYTES: u8 = 4;
/// The length and the kind of a sub-block with a number of plays, which follows in two bytes.
const PLAYS: [u8; 2] = [3, 1];
/// The most zeros between two blocks. Some writers put one there; more are the end.
const MAX_PADDING: usize = 255;

impl Grammar for Gif {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        match self.state {
            State::Header => Ok(self.header(input)),
            State::Blocks => self.block(input),
            State::SubBlocks(class) => Ok(self.sub_blocks(class, input)),
            State::Plays => Ok(self.plays(input)),
            State::Excess => Ok(self.excess(input)),
            State::Trailer => Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
        }
    }
}

impl Gif {
    fn header(&mut self, input: &mut Input) -> Step {
        let Some(head) = input.peek(HEADER_BYTES) else { return Step::More("its header") };
        let bytes = HEADER_BYTES as u64 + color_table_bytes(head[10]);
        self.state = State::Blocks;
        Step::Part(Part::cut(Class::Structure), Layout::framing(bytes))
    }

    fn block(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let at = input.position;
        let Some(&[introducer]) = input.peek(1) else { return Ok(Step::More("a block")) };
        match introducer {
            b',' => {
                let Some(head) = input.peek(DESCRIPTOR_BYTES) else {
                    return Ok(Step::More("an image descriptor"));
                };
                // The byte after the colour table is the width of the first LZW codes.
                let bytes = DESCRIPTOR_BYTES as u64 + color_table_bytes(head[9]) + 1;
                (self.state, self.has_image_data) = (State::SubBlocks(Class::ImageData), true);
                Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(bytes)))
            }
            b'!' => Ok(self.extension(input)),
            b';' if self.has_image_data => {
                self.state = State::Trailer;
                Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(1)))
            }
            0 if let Some(step) = padding(input) => Ok(step),
            // Viewers treat an unknown block after an image as the end.
            _ if self.has_image_data => {
                let end = Removal::Replace(Bytes::from_static(b";"));
                Ok(Step::Part(Part::new(Class::Trailer, end), Layout::rest()))
            }
            b';' => Err(ContainerError::Damaged(Format::Gif, at, "the file ends before any image data")),
            _ => Err(ContainerError::Damaged(Format::Gif, at, "expected a block")),
        }
    }

    fn extension(&mut self, input: &mut Input) -> Step {
        let Some(&[_, label, length]) = input.peek(3) else { return Step::More("an extension") };
        let class = match label {
            0xF9 if length == CONTROL_DATA_BYTES => {
                self.state = State::Excess;
                return Step::Part(Part::cut(Class::Structure), Layout::framing(CONTROL_BYTES));
            }
            0xFE => Class::Comment,
            0x01 => Class::Text,
            0xFF => {
                let Some(head) = input.peek(APPLICATION_BYTES) else { return Step::More("an extension") };
                match &head[3..] {
                    b"NETSCAPE2.0" | b"ANIMEXTS1.0" => {
                        self.state = State::Plays;
                        let layout = Layout::framing(APPLICATION_BYTES as u64);
                        return Step::Part(Part::cut(Class::Structure), layout);
                    }
                    b"ICCRGBG1012" => return self.profile(input),
                    b"XMP DataXMP" => Class::Xmp,
                    b"C2PA_GIF\x01\x00\x00" => Class::C2pa,
                    _ => Class::Vendor,
                }
            }
            _ => Class::Unknown,
        };
        self.state = State::SubBlocks(class);
        Step::Part(Part::cut(class), Layout::framing(2))
    }

    /// The whole extension with a profile.
    fn profile(&mut self, input: &mut Input) -> Step {
        self.searched = self.searched.max(APPLICATION_BYTES);
        while self.searched < input.len()
            && let Some(length) = input.byte(self.searched)
        {
            self.searched += 1 + usize::from(length);
            let is_end = length == 0;
            if !is_end && self.searched <= profile::MAX_EXTENSION_BYTES {
                continue;
            }
            let bytes = std::mem::take(&mut self.searched);
            if !is_end {
                self.state = State::SubBlocks(Class::Icc);
                return Step::Part(Part::cut(Class::Icc), Layout::framing(2));
            }
            let extension = input.peek(bytes).unwrap_or_default();
            let removal = profile::rewrite(extension).map_or(Removal::Cut, Removal::Replace);
            let layout = Layout::new(APPLICATION_BYTES as u64, (bytes - APPLICATION_BYTES) as u64, 0);
            return Step::Part(Part::new(Class::Icc, removal), layout);
        }
        Step::More("an extension")
    }

    /// A sub-block of an application extension that may state the number of plays.
    fn plays(&mut self, input: &mut Input) -> Step {
        let Some(length) = input.byte(0) else { return Step::More("a sub-block") };
        if length == PLAYS[0] {
            let Some(head) = input.peek(2) else { return Step::More("a sub-block") };
            if head == PLAYS {
                self.state = State::Excess;
                return Step::Part(Part::cut(Class::Structure), Layout::framing(1 + u64::from(length)));
            }
        }
        self.excess_sub_block(length)
    }

    /// A sub-block that decoders do not read, or the end of the block.
    fn excess(&mut self, input: &mut Input) -> Step {
        match input.byte(0) {
            Some(length) => self.excess_sub_block(length),
            None => Step::More("a sub-block"),
        }
    }

    fn excess_sub_block(&mut self, length: u8) -> Step {
        if length == 0 {
            self.state = State::Blocks;
            return Step::Part(Part::cut(Class::Structure), Layout::framing(1));
        }
        Step::Part(Part::cut(Class::Unknown), Layout::payload(1 + u64::from(length)))
    }

    /// The sub-blocks that have arrived, or the one that is arriving.
    fn sub_blocks(&mut self, class: Class, input: &mut Input) -> Step {
        let front = input.front();
        let mut bytes = 0;
        while let Some(&length) = front.get(bytes) {
            bytes += 1 + usize::from(length);
            if length == 0 {
                self.state = State::Blocks;
                break;
            }
        }
        match bytes {
            0 => Step::More("a sub-block"),
            bytes => Step::Part(Part::cut(class), Layout::payload(bytes as u64)),
        }
    }
}

/// The zeros at the front, if another block follows.
fn padding(input: &Input) -> Option<Step> {
    let zeros = (0..=MAX_PADDING).take_while(|at| input.byte(*at) == Some(0)).count();
    match input.byte(zeros) {
        Some(b',' | b'!' | b';') => {
            Some(Step::Part(Part::cut(Class::Unknown), Layout::payload(zeros as u64)))
        }
        None if zeros <= MAX_PADDING && !input.ended => Some(Step::More("a block")),
        _ => None,
    }
}

/// Bytes of the colour table that the packed field of a descriptor states.
fn color_table_bytes(packed: u8) -> u64 {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}
