//! The work of a child: one encode or one decode.

use crate::{
    Input, Output,
    wire::{DecodeJob, EncodeJob, Job, image_parts},
};
use safelight_core::{Error, Kind, Registry, Result, Stop};

/// Runs the task of an [`IsolatedEncoder`](crate::IsolatedEncoder) or an [`IsolatedDecoder`](crate::IsolatedDecoder), in
/// a child, with the codec that `registry` has for its format.
///
/// # Errors
/// Those of the codec.
pub fn work(registry: Registry, input: Input, output: &mut Output) -> Result<()> {
    // The sandbox allows no other thread: what a codec shares out runs on this one. It fails only where a pool exists.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    let internal = |message| Error::new(Kind::Internal, "isolated process", message);
    let bytes = input.remaining();
    let job =
        Job::read(input, bytes).map_err(|error| internal("the task is malformed").with_source(error))?;
    // The parent ends this process to stop it.
    let stop = Stop::default();
    match job {
        Job::Encode(EncodeJob { format, options, image }) => {
            let encoder = registry.encoder(format).ok_or_else(|| internal("the format has no encoder"))?;
            output.put(&encoder.encode(&image, &options, &stop)?)
        }
        Job::Decode(DecodeJob { format, page, decode, limits, fonts, source }) => {
            let decoder = registry.decoder(format).ok_or_else(|| internal("the format has no decoder"))?;
            let fonts = fonts.into_iter().map(Into::into).collect();
            let with_fonts = decoder.with_fonts(fonts);
            let decoder = with_fonts.as_deref().unwrap_or(decoder);
            let opened = match page {
                Some(page) => decoder.open_page(source.into(), page, &limits)?,
                None => decoder.open(source.into(), &limits)?,
            };
            let mut image = opened.decode(&decode, &stop)?;
            if let Some(profile) = image.profile.take() {
                profile.to_srgb(&mut image.frames);
            }
            image_parts(&image).iter().try_for_each(|part| output.put(part))
        }
    }
}
