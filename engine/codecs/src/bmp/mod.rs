//! BMP: samples are decoded by the `image` crate; headers that it does not know are read here.

mod dib;

use crate::error::CodecError;
use crate::header::check_pixels;
use crate::segments::Segments;
use crate::{colour, guard};
use bytes::Bytes;
#[cfg(feature = "ico")]
pub(crate) use dib::row_bytes;
pub(crate) use dib::{Dib, FILE_HEADER_BYTES, replaced};
use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Isolation, Limits, Model, Opened,
    Orientation, Result, Samples, Size, Stop,
};

/// Decodes BMP.
#[derive(Debug)]
pub struct Bmp;

impl Decoder for Bmp {
    fn format(&self) -> Format {
        Format::Bmp
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(Format::Bmp, || OpenedBmp::new(&source, limits))
    }
}

/// A bitmap whose header was read, with the decoder that read it.
pub(crate) struct Bitmap {
    format: Format,
    decoder: BmpDecoder<Segments<Bytes>>,
    pub(crate) size: Size,
    pub(crate) model: Model,
}

impl Bitmap {
    /// Reads the header of a BMP file in several parts; errors name `format`.
    ///
    /// # Errors
    /// [`safelight_core::Kind::Corrupt`], [`safelight_core::Kind::UnsupportedFormat`] or
    /// [`safelight_core::Kind::LimitExceeded`].
    pub(crate) fn new(format: Format, file: Vec<Bytes>, limits: &Limits) -> Result<Self> {
        let decoder = BmpDecoder::new(Segments::new(file)).map_err(|error| not_decoded(format, error))?;
        let (w, h) = decoder.dimensions();
        let size = Size::new(w, h);
        check_pixels(format, size, limits)?;
        let model = match decoder.color_type() {
            ColorType::L8 => Model::Grey,
            ColorType::Rgba8 => Model::Rgba,
            _ => Model::Rgb,
        };
        Ok(Self { format, decoder, size, model })
    }

    /// Decodes the samples, shape `[size.h, size.w, channels of model]`.
    ///
    /// # Errors
    /// [`safelight_core::Kind::Corrupt`].
    pub(crate) fn samples(self) -> Result<Vec<u8>> {
        let mut samples = vec![0; self.size.pixels() as usize * usize::from(self.model.channels())];
        self.decoder.read_image(&mut samples).map_err(|error| not_decoded(self.format, error))?;
        Ok(samples)
    }
}

struct OpenedBmp {
    bitmap: Bitmap,
    header: Header,
    icc: Option<Vec<u8>>,
}

impl OpenedBmp {
    fn new(source: &Bytes, limits: &Limits) -> Result<Self> {
        let bytes = source.get(FILE_HEADER_BYTES..).unwrap_or_default();
        let dib = Dib::read(bytes);
        let head = dib.as_ref().and_then(|dib| dib.file_head(source));
        let file = match head {
            Some(head) => {
                let rest = head.len();
                replaced(head, source, rest)
            }
            None => vec![source.clone()],
        };
        let bitmap = Bitmap::new(Format::Bmp, file, limits)?;
        let icc = dib.and_then(|dib| dib.profile(bytes).map(<[u8]>::to_vec));
        let icc = icc.filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
        let geometry = Geometry { size: bitmap.size, orientation: Orientation::UPRIGHT };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes: 1 };
        Ok(Self { bitmap, header, icc })
    }
}

impl Opened for OpenedBmp {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        cost(
            self.bitmap.size,
            u64::from(self.bitmap.model.channels()) * 2,
            self.icc.as_ref().map_or(0, Vec::len),
        )
    }

    fn isolation(&self) -> Isolation {
        Isolation::IfLong
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let Self { bitmap, icc, .. } = *self;
        let (size, model) = (bitmap.size, bitmap.model);
        let mut frames = vec![Frame::whole(size, model, Samples::U8(bitmap.samples()?))];
        let profile = colour::to_srgb(&mut frames, icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

/// The cost of a decode that allocates `pixel_bytes` for each pixel, and has a profile of `icc` bytes.
pub(crate) fn cost(size: Size, pixel_bytes: u64, icc: usize) -> Cost {
    /// Nanoseconds for each pixel.
    const PIXEL_NS: u64 = 30;
    /// Palette and rows.
    const WORK_BYTES: u64 = 64 << 10;
    /// Buffers of a row.
    const COLUMN_BYTES: u64 = 16;
    let profile = 2 * icc as u64 + colour::PROFILE_BYTES;
    let rows = u64::from(size.w) * COLUMN_BYTES;
    let bytes = size.pixels().saturating_mul(pixel_bytes).saturating_add(rows + WORK_BYTES + profile);
    Cost::new(bytes, size.pixels().saturating_mul(PIXEL_NS))
}

fn not_decoded(format: Format, error: ImageError) -> CodecError {
    match error {
        ImageError::Unsupported(_) => CodecError::Unsupported(format, "coding or colour model"),
        error => CodecError::Damaged(format, Box::new(error)),
    }
}
