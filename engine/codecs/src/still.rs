//! Formats that are read but not written: BMP, ICO and TIFF, decoded by the `image` crate.

use crate::colour;
use crate::error::CodecError;
use crate::header::check_pixels;
use image::codecs::{bmp::BmpDecoder, ico::IcoDecoder, tiff::TiffDecoder};
use image::{ColorType, ImageDecoder, ImageError, ImageResult};
use safelight_core::{
    Codec, Decode, Encode, Frame, Geometry, Header, Image, Limits, Model, Orientation, Result, Samples, Size,
};
use std::io::Cursor;

/// The BMP format: decoded only.
#[derive(Debug)]
pub struct Bmp;

/// The TIFF format, of which the first picture is decoded; nothing is encoded.
#[derive(Debug)]
pub struct Tiff;

/// The ICO format, of which the largest picture is decoded; nothing is encoded.
#[derive(Debug)]
pub struct Ico;

/// What the formats differ in.
trait Still {
    /// What errors call it.
    const NAME: &str;
    const MIME: &str;
    /// What a picture of the format becomes where nothing else is asked for.
    const ENCODED_AS: &str;
    /// How often the decoder holds the samples at once, its result included.
    const COPIES: u32;

    fn is_start(head: &[u8]) -> bool;

    fn open(bytes: &[u8]) -> ImageResult<Box<dyn ImageDecoder + '_>>;
}

impl Still for Bmp {
    const NAME: &str = "bmp";
    const MIME: &str = "image/bmp";
    // Most are drawings, and small.
    const ENCODED_AS: &str = "image/png";
    const COPIES: u32 = 2;

    /// The signature, and the length of one of the headers that there are.
    fn is_start(head: &[u8]) -> bool {
        head.starts_with(b"BM")
            && matches!(head.get(14..18), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
    }

    fn open(bytes: &[u8]) -> ImageResult<Box<dyn ImageDecoder + '_>> {
        Ok(Box::new(BmpDecoder::new(Cursor::new(bytes))?))
    }
}

impl Still for Ico {
    const NAME: &str = "ico";
    const MIME: &str = "image/x-icon";
    // Most have transparent parts.
    const ENCODED_AS: &str = "image/png";
    const COPIES: u32 = 2;

    /// The signature, at least one entry, and the zero in the first one.
    fn is_start(head: &[u8]) -> bool {
        matches!(head, [0, 0, 1, 0, low, high, _, _, _, 0, ..] if (*low, *high) != (0, 0))
    }

    fn open(bytes: &[u8]) -> ImageResult<Box<dyn ImageDecoder + '_>> {
        Ok(Box::new(IcoDecoder::new(Cursor::new(bytes))?))
    }
}

impl Still for Tiff {
    const NAME: &str = "tiff";
    const MIME: &str = "image/tiff";
    // Most are photos or scans.
    const ENCODED_AS: &str = "image/jpeg";
    // As they lie in the file, which may be in one strip, as they are read, and as they are asked for.
    const COPIES: u32 = 3;

    /// Byte order and version; 43 is BigTIFF.
    fn is_start(head: &[u8]) -> bool {
        matches!(head, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..])
    }

    fn open(bytes: &[u8]) -> ImageResult<Box<dyn ImageDecoder + '_>> {
        Ok(Box::new(TiffDecoder::new(Cursor::new(bytes))?))
    }
}

// A foreign trait cannot be implemented for every `Still` at once.
macro_rules! codec {
    ($($format:ty),*) => {$(
        impl Codec for $format {
        fn mime(&self) -> &'static str {
            <$format>::MIME
        }

        fn sniff(&self, head: &[u8]) -> bool {
            <$format>::is_start(head)
        }

        fn encoded_as(&self) -> &'static str {
            <$format>::ENCODED_AS
        }

        fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header> {
            let (decoder, geometry) = open::<$format>(bytes, limits)?;
            let pixel_bytes = pixel_bytes::<$format>(&*decoder);
            Ok(Header { geometry, is_animated: false, frames: 1, has_palette: false, pixel_bytes })
        }

        fn decode_bytes(&self, _head: &[u8], header: &Header, _decode: &Decode, limits: &Limits) -> u64 {
            let metadata = limits.max_metadata_bytes.saturating_mul(2).saturating_add(colour::PROFILE_BYTES);
            let pixels = header.geometry.size.pixels();
            pixels.saturating_mul(header.pixel_bytes.into()).saturating_add(metadata)
        }

        fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image> {
            let (mut decoder, geometry) = open::<$format>(bytes, limits)?;
            let icc = decoder.icc_profile().map_err(not_decoded::<$format>)?;
            let mut frame = read::<$format>(decoder, geometry.size)?;
            frame.geometry = geometry;
            let mut frames = vec![frame];
            let icc = icc.filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
            let profile = colour::settle(&mut frames, icc, decode);
            Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
        }

        fn encode(&self, _image: &Image, _options: &Encode) -> Result<Vec<u8>> {
            Err(CodecError::NotEncoded(<$format>::NAME, "the format is not written".into()).into())
        }
        }
    )*};
}

codec!(Bmp, Ico, Tiff);

/// Reads the header, checks it, and sets what the decoder may allocate.
fn open<'a, S: Still>(bytes: &'a [u8], limits: &Limits) -> Result<(Box<dyn ImageDecoder + 'a>, Geometry)> {
    let mut decoder = S::open(bytes).map_err(not_decoded::<S>)?;
    let (w, h) = decoder.dimensions();
    let size = Size::new(w, h);
    check_pixels(S::NAME, size, limits)?;
    let mut allowed = image::Limits::no_limits();
    let most = size.pixels().saturating_mul(pixel_bytes::<S>(&*decoder).into());
    allowed.max_alloc = Some(most.saturating_add(limits.max_metadata_bytes));
    decoder.set_limits(allowed).map_err(not_decoded::<S>)?;
    let stored = decoder.orientation().map_err(not_decoded::<S>)?;
    let orientation = Orientation::new(stored.to_exif()).unwrap_or(Orientation::UPRIGHT);
    Ok((decoder, Geometry { size, orientation }))
}

/// Most bytes that are held at once for a pixel; inks take more than the colours that are made of them.
fn pixel_bytes<S: Still>(decoder: &dyn ImageDecoder) -> u32 {
    let colours = u32::from(decoder.color_type().bytes_per_pixel());
    S::COPIES * colours.max(u32::from(decoder.original_color_type().bits_per_pixel()).div_ceil(8))
}

/// Decodes to the model and depth that the source has.
fn read<S: Still>(decoder: Box<dyn ImageDecoder + '_>, size: Size) -> Result<Frame> {
    let (model, is_wide) = match decoder.color_type() {
        ColorType::L8 => (Model::Grey, false),
        ColorType::La8 => (Model::GreyAlpha, false),
        ColorType::Rgb8 => (Model::Rgb, false),
        ColorType::Rgba8 => (Model::Rgba, false),
        ColorType::L16 => (Model::Grey, true),
        ColorType::La16 => (Model::GreyAlpha, true),
        ColorType::Rgb16 => (Model::Rgb, true),
        ColorType::Rgba16 => (Model::Rgba, true),
        _ => return Err(CodecError::Unsupported(S::NAME, "a picture of floating-point samples").into()),
    };
    let count = size.pixels() as usize * usize::from(model.channels());
    let samples = if is_wide {
        let mut samples = vec![0u16; count];
        decoder.read_image_boxed(bytemuck::cast_slice_mut(&mut samples)).map_err(not_decoded::<S>)?;
        Samples::U16(samples)
    } else {
        let mut samples = vec![0u8; count];
        decoder.read_image_boxed(&mut samples).map_err(not_decoded::<S>)?;
        Samples::U8(samples)
    };
    Ok(Frame::whole(size, model, samples))
}

fn not_decoded<S: Still>(error: ImageError) -> CodecError {
    match error {
        ImageError::Unsupported(_) => CodecError::Unsupported(S::NAME, "a picture of this kind"),
        error => CodecError::Damaged(S::NAME, Box::new(error)),
    }
}
