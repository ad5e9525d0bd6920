//! JPEG 2000 (ITU-T T.800) and HTJ2K (T.814), bare codestreams and JP2 and JPH files: decoded by
//! `hayro-jpeg2000` and `dicom-toolkit-jpeg2000`, which are Rust without `unsafe`; nothing is encoded. What the
//! decoders would not get right, or would allocate without bound, is refused here, by headers.

mod decode;
mod decoder;
mod file;
mod pieces;

use crate::colour;
use crate::error::CodecError;
use crate::header::check_pixels;
use file::File;
use safelight_containers::codestream::{CODESTREAM_START, CodestreamError, Component, MainHeader};
use safelight_core::{
    Codec, Decode, Encode, Geometry, Header, Image, Limits, Model, Orientation, Result, SampleEncoding, Size,
};

/// What errors call this codec.
const NAME: &str = "jpeg 2000";

/// Tables and buffers of a decode that do not grow with the picture.
const WORK_BYTES: u64 = 1 << 20;

/// The JPEG 2000 format, HTJ2K included: decoded only.
#[derive(Debug)]
pub struct Jpeg2000;

impl Codec for Jpeg2000 {
    fn mime(&self) -> &'static str {
        "image/jp2"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&CODESTREAM_START) || head.starts_with(&file::SIGNATURE)
    }

    // Pictures of 16 bits, for whose sake the format is here, lose nothing.
    fn encoded_as(&self) -> &'static str {
        "image/png"
    }

    fn header(&self, bytes: &[u8], limits: &Limits) -> Result<Header> {
        let picture = Picture::read(bytes, limits)?;
        let geometry = Geometry { size: picture.size, orientation: Orientation::UPRIGHT };
        let pieces = pieces::bytes(&picture)?;
        let pieces = u32::try_from(pieces.div_ceil(picture.size.pixels())).unwrap_or(u32::MAX);
        let pixel_bytes = picture.pixel_bytes().saturating_add(pieces);
        Ok(Header { geometry, is_animated: false, frames: 1, has_palette: false, pixel_bytes })
    }

    fn decode_bytes(&self, _head: &[u8], header: &Header, _decode: &Decode, limits: &Limits) -> u64 {
        let Size { w, h } = header.geometry.size;
        // Buffers of the transform are a sample longer than the picture on each axis.
        let pixels = (u64::from(w) + 1).saturating_mul(u64::from(h) + 1);
        let profile = colour::PROFILE_BYTES.saturating_add(limits.max_metadata_bytes);
        pixels.saturating_mul(header.pixel_bytes.into()).saturating_add(WORK_BYTES).saturating_add(profile)
    }

    fn decode(&self, bytes: &[u8], decode: &Decode, limits: &Limits) -> Result<Image> {
        let picture = Picture::read(bytes, limits)?;
        pieces::bytes(&picture)?;
        let mut frames = vec![decode::frame(&picture, decode.needed)?];
        let icc = picture.file.icc.filter(|icc| icc.len() as u64 <= limits.max_metadata_bytes);
        let profile = colour::settle(&mut frames, icc.map(<[u8]>::to_vec), decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }

    fn encode(&self, _image: &Image, _options: &Encode) -> Result<Vec<u8>> {
        Err(CodecError::NotEncoded(NAME, "the format is not written".into()).into())
    }
}

/// A picture whose header has passed every check.
struct Picture<'a> {
    file: File<'a>,
    header: MainHeader,
    size: Size,
    model: Model,
    /// What samples are before they are scaled.
    stored: SampleEncoding,
}

impl<'a> Picture<'a> {
    fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let file = File::read(bytes)?;
        let unsupported = |what| Err(CodecError::Unsupported(NAME, what).into());
        let header = MainHeader::read(file.main_header)?;
        let sizes = &header.sizes;
        let [Component { bits, is_signed, .. }, ..] = *sizes.components else {
            return Err(CodestreamError::Damaged("it has no components").into());
        };
        if sizes.components.iter().any(|it| it.step != (1, 1)) {
            return unsupported("a picture of components with fewer samples than pixels");
        }
        if sizes.components.iter().any(|it| (it.bits, it.is_signed) != (bits, is_signed)) {
            return unsupported("a picture of components of several depths");
        }
        if 16 < bits {
            return unsupported("a picture of more than 16 bits a sample");
        }
        if sizes.origin != Size::new(0, 0) {
            return unsupported("a picture that does not start where its grid does");
        }
        let model = match sizes.components.len() {
            1 => Model::Grey,
            2 => Model::GreyAlpha,
            3 => Model::Rgb,
            4 => Model::Rgba,
            _ => return unsupported("a picture of more than four components"),
        };
        let size = sizes.picture();
        check_pixels(NAME, size, limits)?;
        Ok(Self { file, size, model, stored: SampleEncoding { bits, is_signed }, header })
    }

    /// Most bytes that a decode holds for a pixel, besides the pieces that it is cut into.
    fn pixel_bytes(&self) -> u32 {
        let channels = u32::from(self.model.channels());
        let sample_bytes = u32::from(self.stored.bits.div_ceil(8));
        // Coefficients and what they become are floating-point numbers, of one component once more and of its
        // second-largest resolution too; then the samples as the decoder hands them out.
        8 * channels + 4 + 2 + sample_bytes * channels
    }
}
