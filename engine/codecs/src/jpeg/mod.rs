//! JPEG (ITU-T T.81): from entropy decode to entropy encode on planes of luma and chroma.
//!
//! `picture` converts between frames and the planes of [`safelight_jpeg`]. `fallback` decodes what that engine
//! does not cover.

mod picture;
mod fallback;
mod frame;
mod markers;

use crate::{error::CodecError, header};
use safelight_core::{
    Codec, Decode, Decoding, Encode, Geometry, Header, Image, Limits, Orientation, Result, Size, Streaming,
};
use safelight_jpeg::decode::{self, ColourModel, DecodeError, Decoder, Progress};

/// The JPEG codec.
#[derive(Clone, Copy, Debug)]
pub struct Jpeg;

impl Codec for Jpeg {
    fn mime(&self) -> &'static str {
        "image/jpeg"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"\xFF\xD8\xFF")
    }

    fn carries_profile(&self) -> bool {
        true
    }

    fn chroma(&self, options: &Encode) -> Option<(u8, u8)> {
        Some(picture::chroma(options))
    }

    fn streaming(&self) -> Option<&dyn Streaming> {
        Some(self)
    }

    fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header> {
        described(&read(bytes)?, bytes, limits)
    }

    fn decode_bytes(&self, head: &[u8], _header: &Header, decode: &Decode, _limits: &Limits) -> u64 {
        let planes = match read(head) {
            Ok(Source::Covered(header)) => picture::memory(&header, decode),
            _ => fallback::memory(head),
        };
        planes + crate::colour::PROFILE_BYTES
    }

    fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image> {
        let source = read(bytes)?;
        // Checked here too: whoever decodes may not have asked for the header.
        let geometry = described(&source, bytes, limits)?.geometry;
        let Source::Covered(header) = source else { return fallback::decode(bytes, geometry, decode) };
        let mut decoding = Box::new(JpegDecoding::new(header, geometry.orientation, decode)?);
        decoding.push(bytes)?;
        decoding.finish()
    }

    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>> {
        picture::encode(image, options)
    }
}

impl Streaming for Jpeg {
    fn header(&self, head: &[u8], limits: &Limits) -> Result<Option<Header>> {
        let source = read(head)?;
        let is_covered = matches!(source, Source::Covered(_));
        is_covered.then(|| described(&source, head, limits)).transpose()
    }

    fn start(&self, head: &[u8], header: &Header, decode: &Decode) -> Result<Box<dyn Decoding>> {
        let Source::Covered(frame) = read(head)? else {
            return Err(damaged("the head is not one that can be decoded as it arrives").into());
        };
        Ok(Box::new(JpegDecoding::new(frame, header.geometry.orientation, decode)?))
    }
}

/// What can be told from the start of a source.
enum Source {
    /// It is decoded here.
    Covered(decode::Header),
    /// It must be whole, for another decoder.
    Other,
    /// More of it is needed to tell.
    Short,
}

fn read(head: &[u8]) -> Result<Source, CodecError> {
    match decode::Header::read(head) {
        // Red, green and blue of different resolutions make no pixels.
        Ok(Some(header)) if header.colour_model == ColourModel::Rgb && !header.has_one_resolution() => {
            Ok(Source::Other)
        }
        Ok(Some(header)) if header.is_covered() => Ok(Source::Covered(header)),
        Ok(Some(_)) => Ok(Source::Other),
        Ok(None) => Ok(Source::Short),
        Err(error) => Err(error.into()),
    }
}

fn described(source: &Source, head: &[u8], limits: &Limits) -> Result<Header> {
    let size = match source {
        Source::Covered(header) => Size::new(header.width, header.height),
        Source::Other => fallback::size(head)?,
        Source::Short => return Err(damaged("it ends before its first scan").into()),
    };
    header::check_pixels("jpeg", size, limits)?;
    let orientation = header::orientation(head, limits);
    let geometry = Geometry { size, orientation };
    // What a decode holds, `decode_bytes` says: it depends on the scale.
    Ok(Header { geometry, is_animated: false, frames: 1, has_palette: false, pixel_bytes: 3 })
}

fn damaged(what: &'static str) -> CodecError {
    CodecError::Damaged("jpeg", what.into())
}

impl From<DecodeError> for CodecError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Unsupported(what) => Self::Unsupported("jpeg", what),
            error => Self::Damaged("jpeg", Box::new(error)),
        }
    }
}

/// A decode under way.
struct JpegDecoding {
    decoder: Decoder,
    orientation: Orientation,
    decode: Decode,
}

impl JpegDecoding {
    fn new(header: decode::Header, orientation: Orientation, decode: &Decode) -> Result<Self, CodecError> {
        let scales = picture::scales(&header, decode);
        Ok(Self { decoder: Decoder::new(header, scales, true)?, orientation, decode: decode.clone() })
    }
}

impl Decoding for JpegDecoding {
    fn push(&mut self, chunk: &[u8]) -> Result<bool> {
        Ok(self.decoder.push(chunk).map_err(CodecError::from)? == Progress::More)
    }

    fn finish(self: Box<Self>) -> Result<Image> {
        let planes = self.decoder.finish().map_err(CodecError::from)?;
        picture::image(planes, self.orientation, &self.decode)
    }
}
