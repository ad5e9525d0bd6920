//! The session that all pixel steps share: one decode, the steps in order, one encode.

use crate::{
    Decode, Decoder, Decoding, Detection, Encode, Encoder, Error, Flow, Format, Frame, Geometry, Head,
    Header, Image, Kind, Limits, Opened, Opening, PixelOp, Registry, Result, Session, Settings, Sink, Size,
};
use bytes::{Bytes, BytesMut};

/// Decodes once, applies every step and encodes once. The source is decoded while it arrives where its format
/// allows that; otherwise it is buffered whole.
pub(crate) struct Pixels {
    registry: Registry,
    settings: Settings,
    ops: Vec<Box<dyn PixelOp>>,
    encode: Encode,
    /// Bytes of the source that were pushed.
    length: u64,
    /// The bytes among them that were not yet passed to a decoder.
    source: BytesMut,
    /// The length at which opening the source is tried next; `None` once it is to be buffered whole.
    next_attempt: Option<usize>,
    input: Option<(Input, Prepared)>,
}

/// A source with a longer header is buffered whole.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// A source that was opened.
enum Input {
    /// Decoded while it arrives.
    Stream(Box<dyn Decoding>),
    /// Buffered whole.
    Whole(Box<dyn Opened>),
}

/// The decisions that follow from the header.
struct Prepared {
    output: &'static dyn Encoder,
    decode: Decode,
    encode: Encode,
    /// Whether the encoder accepts planes of luma and chroma.
    takes_chroma: bool,
    /// Frames that are decoded.
    frames: u32,
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
            next_attempt: Some(1),
            input: None,
        }
    }

    /// The decoder for the source; `None` while its format is not known yet.
    fn decoder(&self) -> Result<Option<&'static dyn Decoder>> {
        match Format::detect(&self.source) {
            Detection::NeedMore => Ok(None),
            Detection::Known(format) => match self.registry.decoder(format) {
                Some(decoder) => Ok(Some(decoder)),
                None => Err(self.undecodable(&format!("{format} cannot be decoded"))),
            },
            Detection::Unknown => Err(self.unrecognised()),
        }
    }

    fn unrecognised(&self) -> Error {
        self.undecodable("unrecognised image format")
    }

    fn undecodable(&self, problem: &str) -> Error {
        let decoders = self.registry.decoders.iter();
        let supported = Format::list(decoders.map(|decoder| decoder.format()));
        Error::new(Kind::UnsupportedFormat, "pixels", format!("{problem}; supported: {supported}"))
    }

    /// Starts to decode if enough of the source has arrived.
    fn begin(&mut self) -> Result<Flow> {
        let Some(next_attempt) = self.next_attempt else { return Ok(Flow::Keep) };
        if self.source.len() < next_attempt {
            return Ok(Flow::More);
        }
        if MAX_HEAD_BYTES < self.source.len() {
            self.next_attempt = None;
            return Ok(Flow::Keep);
        }
        self.next_attempt = Some(2 * self.source.len());
        let Some(decoder) = self.decoder()? else { return Ok(Flow::More) };
        match decoder.open_stream(&self.source, &self.settings.limits)? {
            Opening::NeedMore => Ok(Flow::More),
            Opening::NeedAll => {
                self.next_attempt = None;
                Ok(Flow::Keep)
            }
            Opening::Opened(opened) => {
                let prepared = self.negotiate(decoder.format(), opened.header())?;
                let bytes = prepared.bytes(opened.memory(&prepared.decode));
                let decoding = opened.start(&prepared.decode)?;
                self.input = Some((Input::Stream(decoding), prepared));
                Ok(Flow::Reserve(bytes))
            }
        }
    }

    /// Opens a source that is whole.
    fn open(&mut self) -> Result<(Box<dyn Opened>, Prepared)> {
        let decoder = self.decoder()?.ok_or_else(|| self.unrecognised())?;
        let opened = decoder.open(self.source.split().freeze(), &self.settings.limits)?;
        let prepared = self.negotiate(decoder.format(), opened.header())?;
        Ok((opened, prepared))
    }

    /// Chooses the encoder, the sizes and the decode for a source.
    fn negotiate(&self, input: Format, header: &Header) -> Result<Prepared> {
        let limits = &self.settings.limits;
        let SizePlan { output: geometry, needed, max_pixels } = plan_sizes(&self.ops, header.geometry)?;
        check_output(geometry.size, limits)?;
        let animated = self.encode.animated_format.filter(|_| header.is_animated);
        let format = animated.or(self.encode.format).unwrap_or(input.encoded_as());
        let output = self.registry.encoder(format).ok_or_else(|| {
            let supported = Format::list(self.registry.encoders.iter().map(|encoder| encoder.format()));
            let message = format!("{format} cannot be encoded; choose another format: {supported}");
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        let all_frames = header.is_animated && output.is_animated();
        let frames = if all_frames { header.frames } else { 1 };
        let keep_profile = self.settings.keep_profile && output.carries_profile();
        // Palette images are mostly drawings, where lossy coding is visible and often takes more bytes.
        let lossless = self.encode.lossless || (header.has_palette && self.encode.quality.is_none());
        let encode = Encode { lossless, ..self.encode.clone() };
        let chroma = output.chroma(&encode);
        let decode = Decode { needed, all_frames, keep_profile, chroma: chroma.unwrap_or((1, 1)) };
        Ok(Prepared { output, decode, encode, takes_chroma: chroma.is_some(), frames, max_pixels })
    }

    /// Decodes the rest of the source.
    fn decode(&mut self, input: Input, decode: &Decode) -> Result<Image> {
        match input {
            Input::Whole(opened) => opened.decode(decode),
            Input::Stream(mut decoding) => {
                // The source ended with the chunk that completed the header.
                let source = self.source.split();
                if !source.is_empty() {
                    decoding.push(&source)?;
                }
                decoding.finish()
            }
        }
    }

    /// Decodes the rest of the source, applies the steps, and encodes.
    fn encode(&mut self, input: Input, prepared: &Prepared, out: &mut dyn Sink) -> Result<()> {
        let mut image = self.decode(input, &prepared.decode)?;
        let frames = std::mem::take(&mut image.frames).into_iter();
        image.frames = frames.map(|frame| self.apply(frame, prepared, out)).collect::<Result<_>>()?;
        let image = image.with_fitting_profile();
        check_connected(out)?;
        let encoded = prepared.output.encode(&image, &prepared.encode)?;
        out.head(Head { content_type: prepared.output.format().mime() });
        out.body(Bytes::from(encoded));
        Ok(())
    }

    /// Applies every step.
    fn apply(&self, mut frame: Frame, prepared: &Prepared, out: &dyn Sink) -> Result<Frame> {
        for op in &self.ops {
            check_connected(out)?;
            frame = op.apply(frame)?;
        }
        let frame = frame.materialize()?;
        if prepared.takes_chroma { Ok(frame) } else { frame.into_rgb() }
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
        "output of {w} × {h} pixels is too large: the limit is {side} a side and {pixels} pixels in total"
    );
    Err(Error::new(Kind::LimitExceeded, "pixels", message))
}

impl Prepared {
    /// The maximum number of bytes that the decode, of `decode` bytes, and the steps allocate at once.
    fn bytes(&self, decode: u64) -> u64 {
        /// Four channels of 16 bits.
        const MAX_PIXEL_BYTES: u64 = 8;
        // The input and the output of a step exist for one frame at a time; finished frames are kept for the
        // encode.
        let frames = u64::from(self.frames) + 1;
        let steps = self.max_pixels.saturating_mul(MAX_PIXEL_BYTES).saturating_mul(frames);
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
        let Some((Input::Stream(decoding), _)) = &mut self.input else {
            self.source.extend_from_slice(&chunk);
            return self.begin();
        };
        // The decoder first gets the bytes in which the header was found.
        if decoding.push(&self.source.split())? && decoding.push(&chunk)? {
            return Ok(Flow::More);
        }
        if let Some((input, prepared)) = self.input.take() {
            self.encode(input, &prepared, out)?;
        }
        Ok(Flow::Done)
    }

    fn reserve(&mut self) -> Result<u64> {
        if self.input.is_some() {
            return Ok(0);
        }
        let (opened, prepared) = self.open()?;
        let bytes = prepared.bytes(opened.memory(&prepared.decode));
        self.input = Some((Input::Whole(opened), prepared));
        Ok(bytes)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let (input, prepared) = match self.input.take() {
            Some(input) => input,
            None => self.open().map(|(opened, prepared)| (Input::Whole(opened), prepared))?,
        };
        self.encode(input, &prepared, out)
    }
}
