//! BMP, ICO and TIFF: decoded by the `image` crate.

use crate::colour;
use crate::error::CodecError;
use crate::guard;
use crate::header::check_pixels;
use bytes::Bytes;
#[cfg(feature = "bmp")]
use image::codecs::bmp::BmpDecoder;
#[cfg(feature = "ico")]
use image::codecs::ico::IcoDecoder;
#[cfg(feature = "tiff")]
use image::codecs::tiff::TiffDecoder;
use image::{ColorType, ImageDecoder, ImageError, ImageResult};
use safelight_containers::camera_raw;
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened, Orientation,
    Result, Samples, Size, Stop,
};
use std::io::Cursor;

/// Decodes BMP.
#[cfg(feature = "bmp")]
#[derive(Debug)]
pub struct Bmp;

/// Decodes the first image of a TIFF.
#[cfg(feature = "tiff")]
#[derive(Debug)]
pub struct Tiff;

/// Decodes the largest image of an ICO.
#[cfg(feature = "ico")]
#[derive(Debug)]
pub struct Ico;

/// A format of the `image` crate.
#[derive(Clone, Copy)]
struct ImageRsFormat {
    format: Format,
    /// Copies of the samples that exist at once during a decode, its result included.
    copies: u32,
    decoder: fn(Cursor<Bytes>) -> ImageResult<BoxedDecoder>,
}

type BoxedDecoder = Box<dyn ImageDecoder + Send>;

#[cfg(feature = "bmp")]
const BMP: ImageRsFormat = ImageRsFormat {
    format: Format::Bmp,
    copies: 2,
    decoder: |source| Ok(Box::new(BmpDecoder::new(source)?)),
};

#[cfg(feature = "ico")]
const ICO: ImageRsFormat = ImageRsFormat {
    format: Format::Ico,
    copies: 2,
    decoder: |source| Ok(Box::new(IcoDecoder::new(source)?)),
};

#[cfg(feature = "tiff")]
const TIFF: ImageRsFormat = ImageRsFormat {
    format: Format::Tiff,
    // The compressed samples, since the file may have a single strip, the decoded and the converted ones.
    copies: 3,
    decoder: |source| Ok(Box::new(TiffDecoder::new(source)?)),
};

// A foreign trait cannot be implemented for every format of a list at once.
macro_rules! decoder {
    ($feature:literal, $type:ty, $format:expr) => {
        #[cfg(feature = $feature)]
        impl Decoder for $type {
            fn format(&self) -> Format {
                $format.format
            }

            fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
                guard::open($format.format, || OpenedImage::new($format, source, limits))
            }
        }
    };
}

decoder!("bmp", Bmp, BMP);
decoder!("ico", Ico, ICO);
decoder!("tiff", Tiff, TIFF);

/// A source whose header was read, with the decoder that read it.
struct OpenedImage {
    format: Format,
    decoder: BoxedDecoder,
    header: Header,
    /// The most bytes that a decode allocates at once for a pixel.
    pixel_bytes: u32,
    max_metadata_bytes: u64,
}

impl OpenedImage {
    /// Reads and checks the header, and limits the allocations of the decoder.
    fn new(format: ImageRsFormat, source: Bytes, limits: &Limits) -> Result<Self> {
        let ImageRsFormat { format, copies, decoder } = format;
        let failed = |error| not_decoded(format, error);
        if let Some(what) = camera_raw(&source).filter(|_| format == Format::Tiff) {
            return Err(CodecError::Unsupported(format, what).into());
        }
        let mut decoder = decoder(Cursor::new(source)).map_err(failed)?;
        let (w, h) = decoder.dimensions();
        let size = Size::new(w, h);
        check_pixels(format, size, limits)?;
        let pixel_bytes = copies * pixel_bytes(&*decoder);
        let mut allowed = image::Limits::no_limits();
        let max = size.pixels().saturating_mul(pixel_bytes.into());
        allowed.max_alloc = Some(max.saturating_add(limits.max_metadata_bytes));
        decoder.set_limits(allowed).map_err(failed)?;
        let stored = decoder.orientation().map_err(failed)?;
        let orientation = Orientation::new(stored.to_exif()).unwrap_or(Orientation::UPRIGHT);
        let geometry = Geometry { size, orientation };
        let sample_bytes =
            if 8 < decoder.color_type().bits_per_pixel() / u16::from(decoder.color_type().channel_count()) {
                2
            } else {
                1
            };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes };
        Ok(Self { format, decoder, header, pixel_bytes, max_metadata_bytes: limits.max_metadata_bytes })
    }
}

impl Opened for OpenedImage {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// Nanoseconds for each pixel.
        const PIXEL_NS: u64 = 30;
        let metadata = self.max_metadata_bytes.saturating_mul(2).saturating_add(colour::PROFILE_BYTES);
        let pixels = self.header.geometry.size.pixels();
        let bytes = pixels.saturating_mul(self.pixel_bytes.into()).saturating_add(metadata);
        Cost::new(bytes, pixels.saturating_mul(PIXEL_NS))
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let Self { format, mut decoder, header: Header { geometry, .. }, max_metadata_bytes, .. } = *self;
        let icc = decoder.icc_profile().map_err(|error| not_decoded(format, error))?;
        let mut frame = read(format, decoder, geometry.size)?;
        frame.geometry = geometry;
        let mut frames = vec![frame];
        let icc = icc.filter(|icc| icc.len() as u64 <= max_metadata_bytes);
        let profile = colour::to_srgb(&mut frames, icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

/// Bytes of a pixel, as decoded or as stored, whichever is more: CMYK takes more than the RGB that it becomes.
fn pixel_bytes(decoder: &dyn ImageDecoder) -> u32 {
    let converted = u32::from(decoder.color_type().bytes_per_pixel());
    converted.max(u32::from(decoder.original_color_type().bits_per_pixel()).div_ceil(8))
}

/// Decodes to the model and depth of the source.
fn read(format: Format, decoder: BoxedDecoder, size: Size) -> Result<Frame> {
    let failed = |error| not_decoded(format, error);
    let (model, is_wide) = match decoder.color_type() {
        ColorType::L8 => (Model::Grey, false),
        ColorType::La8 => (Model::GreyAlpha, false),
        ColorType::Rgb8 => (Model::Rgb, false),
        ColorType::Rgba8 => (Model::Rgba, false),
        ColorType::L16 => (Model::Grey, true),
        ColorType::La16 => (Model::GreyAlpha, true),
        ColorType::Rgb16 => (Model::Rgb, true),
        ColorType::Rgba16 => (Model::Rgba, true),
        _ => return Err(CodecError::Unsupported(format, "floating-point samples").into()),
    };
    let count = size.pixels() as usize * usize::from(model.channels());
    let samples = if is_wide {
        let mut samples = vec![0u16; count];
        decoder.read_image_boxed(bytemuck::cast_slice_mut(&mut samples)).map_err(failed)?;
        Samples::U16(samples)
    } else {
        let mut samples = vec![0u8; count];
        decoder.read_image_boxed(&mut samples).map_err(failed)?;
        Samples::U8(samples)
    };
    Ok(Frame::whole(size, model, samples))
}

fn not_decoded(format: Format, error: ImageError) -> CodecError {
    match error {
        ImageError::Unsupported(_) => CodecError::Unsupported(format, "coding or colour model"),
        error => CodecError::Damaged(format, Box::new(error)),
    }
}
