//! Encoders that run in a child process.

use crate::{BYTES_PER_NS, CHILD, MIN_OUTPUT_BYTES, Pool, Task, TaskResult, is_isolated, wire::EncodeJob};
use safelight_core::{Cost, Encode, Encoder, Format, Image, Isolation, Kind, Result, Size, Stop};
use std::{borrow::Cow, sync::Arc};

/// An encoder that gives images to a child process, if [`Encoder::isolation`] asks for it.
///
/// Images with a colour profile are converted to sRGB first: a profile has a function of the decoder that read it,
/// which cannot be sent. So an encoder that is always isolated carries none.
#[derive(Debug)]
pub struct IsolatedEncoder {
    encoder: &'static dyn Encoder,
    pool: Arc<Pool>,
}

impl IsolatedEncoder {
    /// Returns an encoder that runs `encoder` in children of `pool`, whose work is [`work`](crate::work).
    pub fn new(encoder: &'static dyn Encoder, pool: Arc<Pool>) -> Self {
        Self { encoder, pool }
    }

    /// Returns whether a child encodes frames of `size`.
    fn is_isolated(&self, size: Size, options: &Encode) -> bool {
        is_isolated(self.encoder.isolation(), || self.encoder.cost(size, 1, options).cpu_ns)
    }
}

impl Encoder for IsolatedEncoder {
    fn format(&self) -> Format {
        self.encoder.format()
    }

    fn is_animated(&self) -> bool {
        self.encoder.is_animated()
    }

    fn carries_profile(&self) -> bool {
        self.encoder.isolation() != Isolation::Always && self.encoder.carries_profile()
    }

    fn default_quality(&self) -> Option<u8> {
        self.encoder.default_quality()
    }

    fn chroma(&self, options: &Encode) -> Option<(u8, u8)> {
        self.encoder.chroma(options)
    }

    /// The cost of the encoder in the child, and of the image's way there.
    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost {
        /// Four channels of 16 bits.
        const MAX_PIXEL_BYTES: u64 = 8;
        let encoder = self.encoder.cost(size, frames, options);
        if !self.is_isolated(size, options) {
            return encoder;
        }
        let samples = size.pixels().saturating_mul(MAX_PIXEL_BYTES).saturating_mul(frames.into());
        // In the shared memory, and in the child.
        let copies = Cost::new(samples.saturating_mul(2), samples / BYTES_PER_NS);
        encoder + copies + CHILD
    }

    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        let size = image.frames.iter().map(|frame| frame.geometry.size).fold(Size::new(0, 0), Size::union);
        if !self.is_isolated(size, options) {
            return self.encoder.encode(image, options, stop);
        }
        let format = self.format();
        let image = in_srgb(image);
        let input = EncodeJob::to_parts(format, options, &image);
        let input_bytes: u64 = input.iter().map(|part| part.len() as u64).sum();
        let cost = self.encoder.cost(size, image.frames.len() as u32, options);
        // Lossless formats give noise a few per cent more bytes than its samples have.
        let output_bytes = input_bytes.saturating_mul(2).saturating_add(MIN_OUTPUT_BYTES);
        let task = Task::of_codec(input, output_bytes, cost);
        let problem = || format!("the image cannot be encoded as {format}");
        self.pool
            .run(&task, &|| stop.check())
            .and_then(TaskResult::into_bytes)
            .map_err(|error| error.into_error(format.name(), &problem(), Kind::Internal))
    }
}

/// Returns the image in sRGB. Copies it only if it has a profile.
fn in_srgb(image: &Image) -> Cow<'_, Image> {
    let Some(profile) = &image.profile else { return Cow::Borrowed(image) };
    let mut converted = Image { profile: None, ..image.clone() };
    profile.to_srgb(&mut converted.frames);
    Cow::Owned(converted)
}
