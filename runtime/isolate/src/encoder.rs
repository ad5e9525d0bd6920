//! Encoders that run in a child process.

use crate::{Input, Pool, Task, wire::EncodeJob};
use safelight_core::{Encode, Encoder, Error, Format, Image, Kind, Registry, Result};
use std::{borrow::Cow, sync::Arc};

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

    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>> {
        let format = self.format();
        let image = in_srgb(image);
        let pixels: u64 = image.frames.iter().map(|frame| frame.geometry.size.pixels()).sum();
        let task = Task {
            input: EncodeJob::to_parts(format, options, &image),
            output_bytes: pixels * 8 + (1 << 20),
            memory_bytes: pixels * 80 + (32 << 20),
            cpu_secs: 60,
        };
        let problem = || format!("the image cannot be encoded as {format}");
        self.pool
            .run(&task, &|| Ok(()))
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
    encoder.encode(&image, &options)
}
