//! JPEG files by `jpeg-encoder`.

use crate::{error::CodecError, samples};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use safelight_core::{Encode, Image, Model, Size};

/// The quality that nobody asked for.
const QUALITY: u8 = 80;
/// From here on chroma keeps its resolution, as in libvips and libjpeg-turbo's tools: who asks for so much
/// wants coloured edges sharp.
const QUALITY_OF_FULL_CHROMA: u8 = 90;
/// T.81 B.2.2.
const MOST_SIDE: u32 = 65_535;

/// Encodes the first frame of `image`.
pub(super) fn encode(image: &Image, options: &Encode) -> Result<Vec<u8>, CodecError> {
    let not_encoded = |what: &'static str| CodecError::NotEncoded("jpeg", what.into());
    let frame = image.frames.first().ok_or_else(|| not_encoded("an image without frames"))?;
    let plane = samples::whole(frame).ok_or_else(|| not_encoded("planes that are not whole"))?;
    let Size { w, h } = plane.size;
    let (Ok(width), Ok(height)) = (u16::try_from(w), u16::try_from(h)) else {
        return Err(CodecError::TooLong { codec: "jpeg", size: plane.size, max: MOST_SIDE });
    };
    let (samples, model) = samples::flatten(samples::eight(&plane.samples), frame.model, options.background);
    let quality = options.quality.unwrap_or(QUALITY).clamp(1, 100);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality);
    let sampling =
        if quality < QUALITY_OF_FULL_CHROMA { SamplingFactor::R_4_2_0 } else { SamplingFactor::R_4_4_4 };
    encoder.set_sampling_factor(sampling);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    // Optimised Huffman tables would save 3 % of a photo, but come with a scan for each component, which
    // some viewers show as garbage (zune-image issue 419) and none can show while it arrives.
    encoder.set_optimized_huffman_tables(false);
    let failed = |error| CodecError::NotEncoded("jpeg", Box::new(error));
    if let Some(profile) = &image.profile {
        encoder.add_icc_profile(profile).map_err(failed)?;
    }
    let colours = if model == Model::Grey { ColorType::Luma } else { ColorType::Rgb };
    encoder.encode(&samples, width, height, colours).map_err(failed)?;
    Ok(file)
}
