//! JPEG (ITU-T T.81): from entropy decode to entropy encode on planes of luma and chroma.
//!
//! `adapter` converts between frames and the planes of [`safelight_jpeg`]. `fallback` decodes files that
//! [`safelight_jpeg`] does not support.

mod adapter;
mod fallback;

use crate::{colour, error::CodecError, guard, header};
use bytes::Bytes;
use fallback::OpenedFallback;
use safelight_core::{
    Cost, Decode, Decoder, Decoding, Encode, Encoder, Format, Geometry, Header, Image, Limits, Opened,
    OpenedStream, Opening, Orientation, Result, Size, Stop,
};
use safelight_jpeg::decode::{self, Coding, DecodeError, Progress};

/// The format in errors.
const FORMAT: Format = Format::Jpeg;
/// The largest side of an MCU in pixels; buffers are whole MCUs.
const MAX_MCU_SIDE: u64 = 32;

/// Bytes of a whole source that are decoded between two checks whether to stop.
const CHUNK_BYTES: usize = 256 << 10;

/// Decodes and encodes JPEG.
#[derive(Clone, Copy, Debug)]
pub struct Jpeg;

impl Decoder for Jpeg {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        let Some(opened) = OpenedJpeg::read(&source, limits)? else {
            return Err(CodecError::Damaged(FORMAT, "it ends before its first scan".into()).into());
        };
        if opened.jpeg.is_covered() {
            return Ok(Box::new(WholeJpeg { source, opened }));
        }
        guard::open(FORMAT, || Ok(OpenedFallback::new(source, opened)?))
    }

    fn open_stream(&self, head: &[u8], limits: &Limits) -> Result<Opening> {
        Ok(match OpenedJpeg::read(head, limits)? {
            None => Opening::NeedMore,
            Some(opened) if opened.is_streamed() => Opening::Opened(Box::new(opened)),
            Some(_) => Opening::NeedAll,
        })
    }
}

impl Encoder for Jpeg {
    fn format(&self) -> Format {
        FORMAT
    }

    fn carries_profile(&self) -> bool {
        true
    }

    fn chroma(&self, options: &Encode) -> Option<(u8, u8)> {
        Some(adapter::chroma(options))
    }

    fn default_quality(&self) -> Option<u8> {
        Some(adapter::DEFAULT_QUALITY)
    }

    fn cost(&self, size: Size, _frames: u32, options: &Encode) -> Cost {
        adapter::encode_cost(size, options)
    }

    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        stop.check()?;
        adapter::encode(image, options, stop)
    }
}

/// The header of a JPEG.
struct OpenedJpeg {
    header: Header,
    /// The same header, as the engine needs it.
    jpeg: decode::Header,
}

impl OpenedJpeg {
    /// Reads and checks the header; `None` if `head` does not contain all of it.
    fn read(head: &[u8], limits: &Limits) -> Result<Option<Self>> {
        let Some(jpeg) = decode::Header::read(head).map_err(CodecError::from)? else { return Ok(None) };
        let size = Size::new(jpeg.width, jpeg.height);
        header::check_pixels(FORMAT, size, limits)?;
        let geometry = Geometry { size, orientation: header::orientation(head, limits) };
        let sample_bytes = if 8 < jpeg.precision { 2 } else { 1 };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes };
        Ok(Some(Self { header, jpeg }))
    }

    /// Whether the file is decoded while it arrives. A few bytes of arithmetic coding can stand for any number of
    /// blocks, and only the decode of a whole source can stop between them.
    fn is_streamed(&self) -> bool {
        self.jpeg.is_covered() && self.jpeg.coding != Coding::Arithmetic
    }

    fn decoding(self, decode: &Decode) -> Result<JpegDecoding, CodecError> {
        let scales = adapter::scales(&self.jpeg, decode);
        let is_interleaved = adapter::is_interleaved(&self.jpeg);
        let wide_bits = self.jpeg.is_wide().then_some(self.jpeg.precision);
        let decoder = decode::Decoder::new(self.jpeg, scales, true)?;
        let orientation = self.header.geometry.orientation;
        Ok(JpegDecoding { decoder, is_interleaved, wide_bits, orientation, decode: decode.clone() })
    }
}

impl OpenedStream for OpenedJpeg {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        let profile = colour::profile_cost(self.jpeg.profile_bytes as u64);
        adapter::decode_cost(&self.jpeg, decode) + Cost::new(profile, 0)
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        adapter::decoded_size(&self.jpeg, decode)
    }

    fn start(self: Box<Self>, decode: &Decode) -> Result<Box<dyn Decoding>> {
        Ok(Box::new(self.decoding(decode)?))
    }
}

/// A JPEG that arrived before its header could be read from its first bytes.
struct WholeJpeg {
    source: Bytes,
    opened: OpenedJpeg,
}

impl Opened for WholeJpeg {
    fn header(&self) -> &Header {
        &self.opened.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        self.opened.cost(decode)
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        self.opened.decoded_size(decode)
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let mut decoding = Box::new(self.opened.decoding(decode)?);
        for chunk in self.source.chunks(CHUNK_BYTES) {
            stop.check()?;
            if !decoding.push_unless(chunk, stop)? {
                break;
            }
        }
        decoding.finish(stop)
    }
}

/// A decode of a source that arrives.
struct JpegDecoding {
    decoder: decode::Decoder,
    is_interleaved: bool,
    /// Bits of a sample, if the engine returns wide ones.
    wide_bits: Option<u8>,
    orientation: Orientation,
    decode: Decode,
}

impl JpegDecoding {
    /// As [`Decoding::push`], until `stop` tells to.
    fn push_unless(&mut self, chunk: &[u8], stop: &Stop) -> Result<bool> {
        let progress = self.decoder.push_unless(chunk, &|| stop.reason().is_some());
        stop.check()?;
        Ok(progress.map_err(CodecError::from)? == Progress::More)
    }
}

impl Decoding for JpegDecoding {
    fn push(&mut self, chunk: &[u8]) -> Result<bool> {
        Ok(self.decoder.push(chunk).map_err(CodecError::from)? == Progress::More)
    }

    fn finish(self: Box<Self>, stop: &Stop) -> Result<Image> {
        let Self { decoder, is_interleaved, wide_bits, orientation, decode } = *self;
        let is_interrupted = &|| stop.reason().is_some();
        if let Some(bits) = wide_bits {
            let planes = decoder.finish_wide_unless(is_interrupted);
            stop.check()?;
            return adapter::wide_image(planes.map_err(CodecError::from)?, bits, orientation, &decode);
        }
        let planes = decoder.finish_unless(is_interrupted);
        stop.check()?;
        adapter::image(planes.map_err(CodecError::from)?, is_interleaved, orientation, &decode)
    }
}

impl From<DecodeError> for CodecError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Unsupported(what) => Self::Unsupported(FORMAT, what),
            error => Self::Damaged(FORMAT, Box::new(error)),
        }
    }
}
