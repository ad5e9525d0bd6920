//! PNG and APNG: chunks of a length, a type, data and a checksum (W3C PNG Third Edition, section 5).

use crate::{
    Class, ContainerError, ExifFraming, Part, Removal, exif_text,
    grammar::{Grammar, Layout, Step},
    input::Input,
};
use safelight_formats::Format;

/// The grammar of a PNG file.
#[derive(Debug, Default)]
pub(crate) struct Png {
    state: State,
    has_image_data: bool,
    has_exif: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Signature,
    Header,
    Chunks,
    Trailer,
}

const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp\0";

impl Grammar for Png {
    fn next(&mut self, input: &mut Input) -> Result<Step, ContainerError> {
        let at = input.position;
        let damaged = |what| Err(ContainerError::Damaged(Format::Png, at, what));
        match self.state {
            State::Signature => {
                self.state = State::Header;
                return Ok(Step::Part(Part::cut(Class::Structure), Layout::framing(8)));
            }
            State::Trailer => return Ok(Step::Part(Part::cut(Class::Trailer), Layout::rest())),
            State::Header | State::Chunks => (),
        }

        let Some(&[a, b, c, d, ref kind @ ..]) = input.peek(8) else { return Ok(Step::More("a chunk")) };
        let Ok(kind) = <[u8; 4]>::try_from(kind) else { return Ok(Step::More("a chunk")) };
        let length = u32::from_be_bytes([a, b, c, d]);
        if i32::MAX as u32 <= length || !kind.iter().all(u8::is_ascii_alphabetic) {
            return damaged("no chunk where one must begin");
        }
        if matches!(self.state, State::Header) && &kind != b"IHDR" {
            return match &kind {
                b"CgBI" => Err(ContainerError::Unsupported(Format::Png, "Apple's CgBI variant")),
                _ => damaged("the first chunk is not IHDR"),
            };
        }
        self.state = State::Chunks;

        let mut part = match &kind {
            b"IHDR" | b"PLTE" | b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"cICP" | b"mDCV" | b"cLLI"
            | b"sBIT" | b"bKGD" | b"hIST" | b"pHYs" | b"acTL" | b"fcTL" => Part::cut(Class::Structure),
            b"IDAT" | b"fdAT" => {
                self.has_image_data = true;
                Part::cut(Class::ImageData)
            }
            b"IEND" if !self.has_image_data => return damaged("the file ends before any image data"),
            b"IEND" => {
                self.state = State::Trailer;
                Part::cut(Class::Structure)
            }
            b"iCCP" => Part::cut(Class::Icc),
            b"eXIf" if !std::mem::replace(&mut self.has_exif, true) => {
                Part::new(Class::Exif, Removal::Reorient(ExifFraming::PngChunk))
            }
            b"eXIf" => Part::cut(Class::Exif),
            b"iTXt" | b"tEXt" | b"zTXt" => Part::cut(Class::Text),
            b"tIME" => Part::cut(Class::Time),
            b"caBX" => Part::cut(Class::C2pa),
            [first, ..] if first.is_ascii_uppercase() => return damaged("a critical chunk of unknown type"),
            _ => Part::cut(Class::Vendor),
        };
        if part.class == Class::Text {
            let keyword_bytes = exif_text::KEYWORD_BYTES.max(XMP_KEYWORD.len()).min(length as usize);
            let Some(head) = input.peek(8 + keyword_bytes) else { return Ok(Step::More("a chunk")) };
            let head = head.get(8..).unwrap_or_default();
            if &kind == b"iTXt" && head.starts_with(XMP_KEYWORD) {
                part = Part::cut(Class::Xmp);
            } else if exif_text::has_keyword(head) {
                part = Part::cut(Class::ExifText);
            }
        }
        Ok(Step::Part(part, Layout::new(8, length.into(), 4)))
    }
}
