//! Decoding by `zune-jpeg` of files that [`safelight_jpeg`] does not support: CMYK, and RGB with components of
//! different resolutions.

use super::{FORMAT, OpenedJpeg};
use crate::{
    colour::{self, PROFILE_BYTES},
    error::CodecError,
};
use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Frame, Header, Image, Model, Opened, Result, Samples, Stop, frame::rgb_from_ycc,
};
use safelight_jpeg::decode;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// The largest side of an MCU in pixels; buffers are whole MCUs.
const MAX_MCU_SIDE: u64 = 32;
/// Bytes for each column: a row of MCUs of every component, before and after their chroma is upsampled.
const COLUMN_BYTES: u64 = 1024;

/// A whole JPEG of this kind.
pub(super) struct OpenedFallback {
    pub(super) source: Bytes,
    pub(super) opened: OpenedJpeg,
}

impl Opened for OpenedFallback {
    fn header(&self) -> &Header {
        &self.opened.header
    }

    fn cost(&self, _decode: &Decode) -> Cost {
        /// Nanoseconds for each pixel, conversion from CMYK included.
        const PIXEL_NS: u64 = 40;
        let jpeg = &self.opened.jpeg;
        let (w, h) = (u64::from(jpeg.width) + MAX_MCU_SIDE, u64::from(jpeg.height) + MAX_MCU_SIDE);
        let bytes = w * h * u64::from(jpeg.pixel_bytes()) + w * COLUMN_BYTES + PROFILE_BYTES;
        Cost::new(bytes, w * h * PIXEL_NS)
    }

    /// Decodes at full size, to greyscale or RGB.
    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let Self { source, opened: OpenedJpeg { header: Header { geometry, .. }, jpeg } } = *self;
        let Decoded { samples, colours, mut icc } = decode_samples(&source, &jpeg)?;
        let (model, samples) = match colours {
            ColorSpace::Luma => (Model::Grey, samples),
            ColorSpace::CMYK => {
                let icc = icc.take();
                (Model::Rgb, colour::cmyk_to_rgb(samples, icc.as_deref()))
            }
            _ => (Model::Rgb, samples),
        };
        let frame = Frame::whole(geometry.size, model, Samples::U8(samples));
        let mut frames = vec![Frame { geometry, ..frame }];
        let profile = colour::to_srgb(&mut frames, icc, decode);
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
    }
}

/// The output of the decoder.
struct Decoded {
    samples: Vec<u8>,
    /// `Luma`, `RGB`, or `CMYK` with 0 for none.
    colours: ColorSpace,
    icc: Option<Vec<u8>>,
}

/// Decodes all pixels; in a truncated file, the missing ones are grey, as in libjpeg.
fn decode_samples(bytes: &[u8], header: &decode::Header) -> Result<Decoded, CodecError> {
    let damaged = |error| CodecError::Damaged(FORMAT, Box::new(error));
    let inconsistent = |what: &'static str| CodecError::Damaged(FORMAT, what.into());
    let limit = |size: u32| size as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limit(header.width))
        .set_max_height(limit(header.height));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let is_same = decoder.dimensions() == Some((limit(header.width), limit(header.height)))
        && decoder.info().is_some_and(|info| usize::from(info.components) == header.component_count());
    if !is_same {
        return Err(inconsistent("two frame headers"));
    }
    let output = match (header.component_count(), decoder.input_colorspace()) {
        (1, _) => ColorSpace::Luma,
        (3, _) => ColorSpace::RGB,
        (_, Some(cmyk @ (ColorSpace::CMYK | ColorSpace::YCCK))) => cmyk,
        _ => return Err(inconsistent("four components other than CMYK")),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(output));
    let mut samples = decoder.decode().map_err(damaged)?;
    let colours = match output {
        ColorSpace::YCCK => {
            samples.chunks_exact_mut(4).for_each(ycck_to_cmyk);
            ColorSpace::CMYK
        }
        other => other,
    };
    if colours == ColorSpace::CMYK && header.has_adobe {
        for sample in &mut samples {
            *sample = 255 - *sample;
        }
    }
    Ok(Decoded { samples, colours, icc: decoder.icc_profile() })
}

/// Cyan, magenta and yellow are the complements of red, green and blue (Adobe Technical Note 5116, section 18).
fn ycck_to_cmyk(pixel: &mut [u8]) {
    let [y, cb, cr, _] = pixel else { return };
    [*y, *cb, *cr] = rgb_from_ycc(*y, *cb, *cr).map(|light| 255 - light);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ycck_follows_jfif() {
        let check = |pixel: [u8; 4], expected: [u8; 4]| {
            let mut cmyk = pixel;
            ycck_to_cmyk(&mut cmyk);
            assert_eq!(cmyk, expected, "{pixel:?}");
        };
        check([255, 128, 128, 9], [0, 0, 0, 9]);
        check([0, 128, 128, 9], [255, 255, 255, 9]);
        // Pure red has Y = 76, Cb = 85, Cr = 255.
        check([76, 85, 255, 0], [1, 255, 255, 0]);
        check([29, 255, 107, 0], [255, 255, 1, 0]);
    }
}
