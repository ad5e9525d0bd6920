//! JPEG files that [`super::decode`] does not cover, by `zune-jpeg`: inks, and red, green and blue of
//! different resolutions.

use super::frame::FrameHeader;
use crate::{colour, error::CodecError};
use safelight_core::{Decode, Frame, Geometry, Image, Model, Result, Samples, Size, frame::rgb_from_ycc};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// An MCU has at most so many pixels a side; buffers are whole MCUs.
const MOST_MCU_SIDE: u64 = 32;
/// Bytes that are held for each column: a row of MCUs of every component, before and after their chroma
/// is scaled up.
const COLUMN_BYTES: u64 = 1024;

/// The size that the header says.
pub(super) fn size(source: &[u8]) -> Result<Size, CodecError> {
    Ok(FrameHeader::read(source)?.size)
}

/// Most bytes that a decode holds, a profile not counted.
pub(super) fn memory(source: &[u8]) -> u64 {
    let Ok(frame) = FrameHeader::read(source) else { return 0 };
    let (w, h) = (u64::from(frame.size.w) + MOST_MCU_SIDE, u64::from(frame.size.h) + MOST_MCU_SIDE);
    w * h * u64::from(frame.pixel_bytes()) + w * COLUMN_BYTES
}

/// Decodes at full size, to grey or to colours.
pub(super) fn decode(source: &[u8], geometry: Geometry, decode: &Decode) -> Result<Image> {
    let frame = FrameHeader::read(source)?;
    let Decoded { samples, colours, mut icc } = decode_samples(source, &frame)?;
    let (model, samples) = match colours {
        ColorSpace::Luma => (Model::Grey, samples),
        ColorSpace::CMYK => {
            let icc = icc.take();
            (Model::Rgb, colour::cmyk_to_rgb(samples, icc.as_deref()))
        }
        _ => (Model::Rgb, samples),
    };
    let mut frames = vec![Frame { geometry, ..Frame::whole(frame.size, model, Samples::U8(samples)) }];
    let profile = colour::settle(&mut frames, icc, decode);
    Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile })
}

/// What the decoder gives.
struct Decoded {
    samples: Vec<u8>,
    /// `Luma`, `RGB`, or `CMYK` with 0 for no ink.
    colours: ColorSpace,
    icc: Option<Vec<u8>>,
}

/// Decodes all there is: where a file is cut short, what is missing is grey, as libjpeg has it.
fn decode_samples(bytes: &[u8], frame: &FrameHeader) -> Result<Decoded, CodecError> {
    let damaged = |error| CodecError::Damaged("jpeg", Box::new(error));
    let strange = |what: &'static str| CodecError::Damaged("jpeg", what.into());
    let limit = |size: u32| size as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(limit(frame.size.w))
        .set_max_height(limit(frame.size.h));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let is_same = decoder.dimensions() == Some((limit(frame.size.w), limit(frame.size.h)))
        && decoder.info().is_some_and(|info| info.components == frame.components);
    if !is_same {
        return Err(strange("two frame headers"));
    }
    let wanted = match (frame.components, decoder.input_colorspace()) {
        (1, _) => ColorSpace::Luma,
        (3, _) => ColorSpace::RGB,
        (_, Some(inks @ (ColorSpace::CMYK | ColorSpace::YCCK))) => inks,
        _ => return Err(strange("four components that are no inks")),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let mut samples = decoder.decode().map_err(damaged)?;
    let colours = match wanted {
        ColorSpace::YCCK => {
            samples.chunks_exact_mut(4).for_each(ycck_to_cmyk);
            ColorSpace::CMYK
        }
        other => other,
    };
    if colours == ColorSpace::CMYK && frame.has_adobe {
        for ink in &mut samples {
            *ink = 255 - *ink;
        }
    }
    Ok(Decoded { samples, colours, icc: decoder.icc_profile() })
}

/// Cyan, magenta and yellow are what red, green and blue lack (Adobe Technical Note 5116, section 18).
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
            let mut inks = pixel;
            ycck_to_cmyk(&mut inks);
            assert_eq!(inks, expected, "{pixel:?}");
        };
        check([255, 128, 128, 9], [0, 0, 0, 9]);
        check([0, 128, 128, 9], [255, 255, 255, 9]);
        // Pure red has Y = 76, Cb = 85, Cr = 255.
        check([76, 85, 255, 0], [1, 255, 255, 0]);
        check([29, 255, 107, 0], [255, 255, 1, 0]);
    }
}
