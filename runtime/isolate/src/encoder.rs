//! Encoders that run in a child process.

use crate::{Input, Pool, Task, wire::EncodeJob};
use safelight_core::{Cost, Encode, Encoder, Error, Format, Image, Kind, Registry, Result, Size, Stop};
use std::{borrow::Cow, sync::Arc};

/// The cost of a child: what a process takes besides its task, and its start.
const CHILD: Cost = Cost::new(8 << 20, 5_000_000);

/// Bytes that are copied in a nanosecond.
const BYTES_PER_NS: u64 = 1;

/// Room for headers and tables of tiny images.
const MIN_OUTPUT_BYTES: u64 = 1 << 20;

/// The factor between the estimated CPU time and its limit: the estimate is for one machine, and others are slower.
const CPU_MARGIN: u64 = 10;

/// An encoder that gives each image to a child process.
///
/// Images with a colour profile are converted to sRGB first: a profile has a function of the decoder that read it,
/// which cannot be sent. So the formats of these encoders never carry one.
#[derive(Debug)]
pub struct IsolatedEncoder {
    encoder: &'static dyn Encoder,
    pool: Arc<Pool>,
}

impl IsolatedEncoder {
    /// Returns an encoder that runs `encoder` in children of `pool`, whose work is [`encode`].
    pub fn new(encoder: &'static dyn Encoder, pool: Arc<Pool>) -> Self {
        Self { encoder, pool }
    }
}

impl Encoder for IsolatedEncoder {
    fn format(&self) -> Format {
        self.encoder.format()
    }

    fn is_animated(&self) -> bool {
        self.encoder.is_animated()
    }

    fn chroma(&self, options: &Encode) -> Option<(u8, u8)> {
        self.encoder.chroma(options)
    }

    /// The cost of the encoder in the child, and of the image's way there.
    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost {
        /// Four channels of 16 bits.
        const MAX_PIXEL_BYTES: u64 = 8;
        let samples = size.pixels().saturating_mul(MAX_PIXEL_BYTES).saturating_mul(frames.into());
        // In the shared memory, and in the child.
        let copies = Cost::new(samples.saturating_mul(2), samples / BYTES_PER_NS);
        self.encoder.cost(size, frames, options) + copies + CHILD
    }

    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> Result<Vec<u8>> {
        let format = self.format();
        let image = in_srgb(image);
        let input = EncodeJob::to_parts(format, options, &image);
        let input_bytes: u64 = input.iter().map(|part| part.len() as u64).sum();
        let size = image.frames.iter().map(|frame| frame.geometry.size).fold(Size::new(0, 0), Size::union);
        let cost = self.encoder.cost(size, image.frames.len() as u32, options);
        let task = Task {
            input,
            // Lossless formats give noise a few per cent more bytes than its samples have.
            output_bytes: input_bytes.saturating_mul(2).saturating_add(MIN_OUTPUT_BYTES),
            memory_bytes: cost.bytes.saturating_add(input_bytes).saturating_add(CHILD.bytes),
            cpu_secs: (cost.cpu_ns / 1_000_000_000 + 1).saturating_mul(CPU_MARGIN),
        };
        let problem = || format!("the image cannot be encoded as {format}");
        self.pool
            .run(&task, &|| stop.check())
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

/// Runs the task of an [`IsolatedEncoder`], in a child, with the encoder that `registry` has for its format.
///
/// # Errors
/// Those of the encoder.
pub fn encode(registry: Registry, input: Input) -> Result<Vec<u8>> {
    let internal = |message| Error::new(Kind::Internal, "isolated process", message);
    let bytes = input.remaining();
    let EncodeJob { format, options, image } = EncodeJob::read(input, bytes)
        .map_err(|error| internal("the task is malformed").with_source(error))?;
    let encoder = registry.encoder(format).ok_or_else(|| internal("the format has no encoder"))?;
    // The parent ends this process to stop it.
    encoder.encode(&image, &options, &Stop::default())
}
