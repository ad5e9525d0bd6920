//! GIF: blocks, whose data are in sub-blocks of up to 255 bytes (GIF89a specification).

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
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Header,
    Blocks,
    /// In the sub-blocks of a block of this class.
    SubBlocks(Class),
    Trailer,
}

/// Bytes of the signature and the logical screen descriptor.
const HEADER_BYTES: usize = 13;
/// Bytes of an image descriptor, its introducer included.
const DESCRIPTOR_BYTES: usize = 10;
/// Bytes of an application extension up to the end of its name.
const APPLICATION_BYTES: usize = 14;

impl Grammar for Gif {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        match self.state {
            State::Header => Ok(self.header(input)),
            State::Blocks => self.block(input),
            State::SubBlocks(class) => Ok(self.sub_blocks(class, input)),
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
        let Some(&[_, label]) = input.peek(2) else { return Step::More("an extension") };
        let class = match label {
            0xF9 => Class::Structure,
            0xFE => Class::Comment,
            0x01 => Class::Text,
            0xFF => {
                let Some(head) = input.peek(APPLICATION_BYTES) else { return Step::More("an extension") };
                match &head[3..] {
                    b"NETSCAPE2.0" | b"ANIMEXTS1.0" => Class::Structure,
                    b"ICCRGBG1012" => Class::Icc,
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

/// Bytes of the colour table that the packed field of a descriptor states.
fn color_table_bytes(packed: u8) -> u64 {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}
