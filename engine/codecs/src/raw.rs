//! Camera raw: the photo that the camera rendered is decoded, turned as the raw file states.

use crate::error::CodecError;
use crate::jpeg::Jpeg;
use bytes::Bytes;
use safelight_containers::{RawPreview, raw_preview};
use safelight_core::{
    Cost, Decode, Decoder, Format, Header, Image, Isolation, Limits, Opened, Result, Size, Stop,
};

/// Decodes the photo of raw files that are not in the form of TIFF.
#[derive(Debug)]
pub struct Raw;

impl Decoder for Raw {
    fn format(&self) -> Format {
        Format::Raw
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        open(Format::Raw, &source, limits)
    }
}

/// Opens the photo of a raw file; errors name `format`.
///
/// # Errors
/// [`safelight_core::Kind::UnsupportedFormat`] without a photo, and those of the decoder of JPEG.
pub(crate) fn open(format: Format, source: &Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
    let RawPreview { jpeg, orientation } = raw_preview(source)
        .ok_or(CodecError::Unsupported(format, "a camera raw file without a photo that can be decoded"))?;
    let photo = Jpeg.open(source.slice(jpeg), limits)?;
    let mut header = *photo.header();
    header.geometry.orientation = orientation.unwrap_or(header.geometry.orientation);
    Ok(Box::new(OpenedRaw { photo, header }))
}

/// A photo, and its header with the orientation of the raw file.
struct OpenedRaw {
    photo: Box<dyn Opened>,
    header: Header,
}

impl Opened for OpenedRaw {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        self.photo.cost(decode)
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        self.photo.decoded_size(decode)
    }

    fn isolation(&self) -> Isolation {
        self.photo.isolation()
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let Self { photo, header } = *self;
        let mut image = photo.decode(decode, stop)?;
        for frame in &mut image.frames {
            frame.geometry.orientation = header.geometry.orientation;
        }
        Ok(image)
    }
}
