//! The session that all pixel steps share: one decode, the steps in order, one encode.

use crate::{
    Codec, Decode, Decoding, Encode, Error, Flow, Frame, Geometry, Head, Header, Image, Kind, Limits,
    PixelOp, Registry, Result, Session, Settings, Sink, Size,
};
use bytes::{Bytes, BytesMut};

/// Decodes once, applies every step and encodes once. The source is decoded while it arrives if its format
/// allows that, else it is buffered whole.
pub(crate) struct Pixels {
    registry: Registry,
    settings: Settings,
    ops: Vec<Box<dyn PixelOp>>,
    encode: Encode,
    /// Bytes of the source that were pushed.
    length: u64,
    /// Bytes that are not yet passed to a decoder.
    source: BytesMut,
    /// Number of buffered bytes at which the header is tried again.
    next_attempt: usize,
    ready: Option<Ready>,
    decoding: Option<Box<dyn Decoding>>,
}

/// Maximum length of a header; a source with a longer one is buffered whole.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// What is settled once the header is read.
struct Ready {
    input: &'static dyn Codec,
    output: &'static dyn Codec,
    header: Header,
    decode: Decode,
    encode: Encode,
    /// Whether the encoder accepts planes of luma and chroma.
    takes_chroma: bool,
    /// Pixels of the largest image that any step produces.
    max_pixels: u64,
}

/// The sizes that follow from a chain of steps and a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizePlan {
    /// Geometry of the output.
    pub output: Geometry,
    /// The smallest decode that is enough for all steps.
    pub needed: Size,
    /// Pixels of the largest image that any step produces.
    pub max_pixels: u64,
}

/// Computes geometries forwards through the steps, and needed sizes backwards.
///
/// # Errors
/// [`Kind::InvalidParam`] if a step cannot be applied to its input.
pub fn plan_sizes(ops: &[Box<dyn PixelOp>], source: Geometry) -> Result<SizePlan> {
    let mut inputs = Vec::with_capacity(ops.len());
    let (mut output, mut max_pixels) = (source, 0);
    for op in ops {
        inputs.push(output);
        output = op.output(output)?;
        max_pixels = max_pixels.max(output.size.pixels());
    }
    let backwards = ops.iter().zip(&inputs).rev();
    let needed = backwards.fold(output.size, |need, (op, &input)| op.needed(input, need));
    let needed = Size::new(needed.w.min(source.size.w), needed.h.min(source.size.h));
    Ok(SizePlan { output, needed, max_pixels })
}

impl Pixels {
    pub(crate) fn new(
        registry: Registry,
        settings: &Settings,
        ops: Vec<Box<dyn PixelOp>>,
        encode: Encode,
    ) -> Self {
        Self {
            registry,
            settings: settings.clone(),
            ops,
            encode,
            length: 0,
            source: BytesMut::new(),
            next_attempt: 1,
            ready: None,
            decoding: None,
        }
    }

    fn codec(&self) -> Option<&'static dyn Codec> {
        self.registry.codecs.iter().copied().find(|codec| codec.sniff(&self.source))
    }

    /// Starts to decode if the header is complete.
    fn begin(&mut self) -> Result<Flow> {
        if MAX_HEAD_BYTES < self.source.len() {
            return Ok(Flow::Keep);
        }
        if self.source.len() < self.next_attempt {
            return Ok(Flow::More);
        }
        self.next_attempt = 2 * self.source.len();
        let limits = &self.settings.limits;
        let Some(input) = self.codec() else { return Ok(Flow::Keep) };
        let Some(streaming) = input.streaming() else { return Ok(Flow::Keep) };
        let Some(header) = streaming.header(&self.source, limits)? else { return Ok(Flow::More) };
        let ready = self.settle(input, header)?;
        let bytes = ready.bytes(&self.source, limits);
        self.decoding = Some(streaming.start(&self.source, &ready.header, &ready.decode)?);
        self.ready = Some(ready);
        Ok(Flow::Reserve(bytes))
    }

    /// Reads the header of a source that is whole.
    fn prepare(&self) -> Result<Ready> {
        let input = self.codec().ok_or_else(|| {
            let message = "unsupported image format: the source cannot be decoded";
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        let header = input.header(&self.source, &self.settings.limits)?;
        self.settle(input, header)
    }

    /// Chooses codecs, sizes and decode options.
    fn settle(&self, input: &'static dyn Codec, header: Header) -> Result<Ready> {
        let limits = &self.settings.limits;
        let codecs = self.registry.codecs;
        let SizePlan { output: geometry, needed, max_pixels } = plan_sizes(&self.ops, header.geometry)?;
        check_output(geometry.size, limits)?;
        let animated = self.encode.animated_format.filter(|_| header.is_animated);
        let mime = animated.or(self.encode.format).unwrap_or(input.encoded_as());
        let can = |codec: &&&dyn Codec| codec.mime() == mime && codec.encoded_as() == mime;
        let output = *codecs.iter().find(can).ok_or_else(|| {
            let message = format!("{mime} cannot be encoded: choose another format with format=");
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        let all_frames = header.is_animated && output.is_animated();
        let keep_profile = self.settings.keep_profile && output.carries_profile();
        // Palette images are mostly drawings, where lossy coding is visible and often takes more bytes.
        let lossless = self.encode.lossless || (header.has_palette && self.encode.quality.is_none());
        let encode = Encode { lossless, ..self.encode.clone() };
        let takes_chroma = output.chroma(&encode);
        let decode = Decode { needed, all_frames, keep_profile, chroma: takes_chroma.unwrap_or((1, 1)) };
        Ok(Ready { input, output, header, decode, encode, takes_chroma: takes_chroma.is_some(), max_pixels })
    }

    /// Decodes the rest of the source and returns the image.
    fn decode(&mut self, ready: &Ready) -> Result<Image> {
        let source = self.source.split().freeze();
        match self.decoding.take() {
            Some(mut decoding) => {
                // The source ended with the chunk that completed the header.
                if !source.is_empty() {
                    decoding.push(&source)?;
                }
                decoding.finish()
            }
            None => ready.input.decode(&source, &ready.decode, &self.settings.limits),
        }
    }

    /// Decodes the rest of the source, applies the steps and encodes.
    fn encode(&mut self, ready: &Ready, out: &mut dyn Sink) -> Result<()> {
        let mut image = self.decode(ready)?;
        let frames = std::mem::take(&mut image.frames).into_iter();
        image.frames = frames.map(|frame| self.apply(frame, ready, out)).collect::<Result<_>>()?;
        let image = image.with_fitting_profile();
        check_connected(out)?;
        let encoded = ready.output.encode(&image, &ready.encode)?;
        out.head(Head { content_type: ready.output.mime() });
        out.body(Bytes::from(encoded));
        Ok(())
    }

    /// Applies every step.
    fn apply(&self, mut frame: Frame, ready: &Ready, out: &dyn Sink) -> Result<Frame> {
        for op in &self.ops {
            check_connected(out)?;
            frame = op.apply(frame)?;
        }
        let frame = frame.materialize()?;
        if ready.takes_chroma { Ok(frame) } else { frame.into_rgb() }
    }
}

fn check_connected(out: &dyn Sink) -> Result<()> {
    if out.is_gone() {
        return Err(Error::new(Kind::Cancelled, "pixels", "client disconnected"));
    }
    Ok(())
}

/// Returns the maximum number of bytes that a session buffers; the decode is reserved separately.
pub(crate) fn memory(settings: &Settings) -> u64 {
    // A growing buffer doubles its capacity.
    settings.limits.max_source_bytes.saturating_mul(2)
}

fn check_output(Size { w, h }: Size, limits: &Limits) -> Result<()> {
    let Limits { max_output_side: side, max_pixels: pixels, .. } = *limits;
    if w.max(h) <= side && u64::from(w) * u64::from(h) <= pixels {
        return Ok(());
    }
    let message = format!(
        "output of {w} × {h} pixels is too large: the limit is {side} a side and {pixels} pixels in all"
    );
    Err(Error::new(Kind::LimitExceeded, "pixels", message))
}

impl Ready {
    /// Returns the maximum number of bytes that decode and steps use at once.
    fn bytes(&self, head: &[u8], limits: &Limits) -> u64 {
        /// Four channels of 16 bits.
        const MAX_PIXEL_BYTES: u64 = 8;
        let decode = self.input.decode_bytes(head, &self.header, &self.decode, limits);
        let frames = if self.decode.all_frames { u64::from(self.header.frames) } else { 1 };
        // One frame exists twice, as a step's input and output; finished frames stay until the encode.
        let steps = self.max_pixels.saturating_mul(MAX_PIXEL_BYTES).saturating_mul(frames + 1);
        decode.saturating_add(steps).max(1)
    }
}

impl Session for Pixels {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        let max = self.settings.limits.max_source_bytes;
        self.length += chunk.len() as u64;
        if max < self.length {
            let message = format!("source too large: the limit is {max} bytes");
            return Err(Error::new(Kind::LimitExceeded, "pixels", message));
        }
        let Some(decoding) = &mut self.decoding else {
            self.source.extend_from_slice(&chunk);
            return self.begin();
        };
        // The decoder first gets the bytes in which the header was found.
        if decoding.push(&self.source.split())? && decoding.push(&chunk)? {
            return Ok(Flow::More);
        }
        if let Some(ready) = self.ready.take() {
            self.encode(&ready, out)?;
        }
        Ok(Flow::Done)
    }

    fn reserve(&mut self) -> Result<u64> {
        if self.decoding.is_some() {
            return Ok(0);
        }
        let ready = self.prepare()?;
        let bytes = ready.bytes(&self.source, &self.settings.limits);
        self.ready = Some(ready);
        Ok(bytes)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let ready = match self.ready.take() {
            Some(ready) => ready,
            None => self.prepare()?,
        };
        self.encode(&ready, out)
    }
}
