//! Decoders that run in a child process.

use crate::{
    BYTES_PER_NS, CHILD, IsolateError, MIN_OUTPUT_BYTES, Pool, Task, is_isolated,
    wire::{DecodeJob, image_from},
};
use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Format, Header, Image, Isolation, Kind, Limits, Opened, Opening, Result, Size,
    Stop,
};
use std::sync::Arc;

/// A decoder that gives a source to a child process, if [`Opened::isolation`] asks for it.
///
/// A child returns sRGB, also where [`Decode::keep_profile`] is set: a profile has a function of the decoder that read
/// it, which cannot be sent.
#[derive(Debug)]
pub struct IsolatedDecoder {
    decoder: &'static dyn Decoder,
    pool: Arc<Pool>,
}

impl IsolatedDecoder {
    /// Returns a decoder that runs `decoder` in children of `pool`, whose work is [`work`](crate::work).
    pub fn new(decoder: &'static dyn Decoder, pool: Arc<Pool>) -> Self {
        Self { decoder, pool }
    }

    /// Returns `opened`, whose decode runs in a child if it asks for it.
    fn isolated(
        &self,
        opened: Box<dyn Opened>,
        source: Bytes,
        page: Option<u32>,
        limits: &Limits,
    ) -> Box<dyn Opened> {
        if opened.isolation() == Isolation::Never {
            return opened;
        }
        let (format, limits, pool) = (self.format(), limits.clone(), self.pool.clone());
        Box::new(IsolatedSource { format, source, page, limits, pool, opened })
    }
}

impl Decoder for IsolatedDecoder {
    fn format(&self) -> Format {
        self.decoder.format()
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        let opened = self.decoder.open(source.clone(), limits)?;
        Ok(self.isolated(opened, source, None, limits))
    }

    fn open_page(&self, source: Bytes, page: u32, limits: &Limits) -> Result<Box<dyn Opened>> {
        let opened = self.decoder.open_page(source.clone(), page, limits)?;
        Ok(self.isolated(opened, source, Some(page), limits))
    }

    /// Sources that are decoded while they arrive stay in this process, because their decode stops between chunks.
    fn open_stream(&self, head: &[u8], limits: &Limits) -> Result<Opening> {
        self.decoder.open_stream(head, limits)
    }
}

/// A source whose header was read in this process.
struct IsolatedSource {
    format: Format,
    source: Bytes,
    page: Option<u32>,
    limits: Limits,
    pool: Arc<Pool>,
    opened: Box<dyn Opened>,
}

impl IsolatedSource {
    /// Returns whether a child runs `decode`.
    fn is_isolated(&self, decode: &Decode) -> bool {
        is_isolated(self.opened.isolation(), || {
            self.opened.cost(decode).cpu_ns / u64::from(self.frames(decode).max(1))
        })
    }

    /// The frames of the image that `decode` returns.
    fn frames(&self, decode: &Decode) -> u32 {
        if decode.all_frames { self.header().frames } else { 1 }
    }

    /// The most bytes of the image that the child returns.
    fn image_bytes(&self, decode: &Decode) -> u64 {
        const MAX_CHANNELS: u64 = 4;
        let (frames, sample_bytes) = (self.frames(decode), self.header().sample_bytes);
        // Planes of some decoders have one more column and row.
        let Size { w, h } = self.opened.decoded_size(decode);
        let samples = (u64::from(w) + 1).saturating_mul(u64::from(h) + 1).saturating_mul(MAX_CHANNELS);
        samples
            .saturating_mul(sample_bytes.into())
            .saturating_mul(frames.into())
            .saturating_add(MIN_OUTPUT_BYTES)
    }

    /// Bytes of the shared memory.
    fn shared_bytes(&self, decode: &Decode) -> u64 {
        self.image_bytes(decode).max(self.input_bytes() + MIN_OUTPUT_BYTES)
    }

    /// Bytes of the source and of fonts.
    fn input_bytes(&self) -> u64 {
        let fonts = self.opened.fonts().iter();
        fonts.chain([&self.source]).map(|file| file.len() as u64).sum()
    }
}

impl Opened for IsolatedSource {
    fn header(&self) -> &Header {
        self.opened.header()
    }

    /// The cost of the decoder in the child, and of the ways of the source, of fonts and of the image.
    fn cost(&self, decode: &Decode) -> Cost {
        let decoder = self.opened.cost(decode);
        if !self.is_isolated(decode) {
            return decoder;
        }
        let (image, shared) = (self.image_bytes(decode), self.shared_bytes(decode));
        let input = self.input_bytes();
        let in_child = decoder + Cost::new(input.saturating_add(shared), (input + image) / BYTES_PER_NS);
        // The child has ended when the image is copied.
        let copied = Cost::new(image.saturating_add(shared), image / BYTES_PER_NS);
        in_child.then(copied) + CHILD
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        self.opened.decoded_size(decode)
    }

    fn has_transparency(&self) -> bool {
        self.opened.has_transparency()
    }

    fn is_vector(&self) -> bool {
        self.opened.is_vector()
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        if !self.is_isolated(decode) {
            return self.opened.decode(decode, stop);
        }
        let (cost, output_bytes) = (self.opened.cost(decode), self.image_bytes(decode));
        let Self { format, source, page, limits, pool, opened } = *self;
        let input = DecodeJob::to_parts(format, page, decode, &limits, opened.fonts(), &source);
        let task = Task::of_codec(input, output_bytes, cost);
        let problem = || format!("the {format} image cannot be decoded");
        let failed = |error: IsolateError| error.into_error(format.name(), &problem(), Kind::Corrupt);
        let result = pool.run(&task, &|| stop.check()).map_err(failed)?;
        image_from(result).map_err(|_| failed(IsolateError::InvalidResult))
    }
}
