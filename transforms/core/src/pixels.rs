//! The shared session of all pixel steps: one decode, the steps in order, one encode.

use crate::{
    Codec, Decode, Encode, Error, Flow, Frame, Geometry, Head, Header, Kind, Limits, PixelOp, Registry,
    Result, Session, Settings, Sink, Size,
};
use bytes::{Bytes, BytesMut};

/// Holds the whole source, then decodes once, applies every step and encodes once.
pub(crate) struct Pixels {
    registry: Registry,
    settings: Settings,
    ops: Vec<Box<dyn PixelOp>>,
    encode: Encode,
    source: BytesMut,
    ready: Option<Ready>,
}

/// What is settled once the header is read.
struct Ready {
    input: &'static dyn Codec,
    output: &'static dyn Codec,
    header: Header,
    decode: Decode,
    /// Pixels of the largest picture that any step makes.
    most_pixels: u64,
}

/// What a chain of steps makes of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// What comes out.
    pub answer: Geometry,
    /// The smallest decode that serves all steps.
    pub needed: Size,
    /// Pixels of the largest picture that any step makes.
    pub most_pixels: u64,
}

/// Folds geometries forwards over the steps, and needs backwards.
///
/// # Errors
/// [`Kind::InvalidParam`] if a step cannot be applied to what comes before it.
pub fn fold(ops: &[Box<dyn PixelOp>], source: Geometry) -> Result<Folded> {
    let mut inputs = Vec::with_capacity(ops.len());
    let (mut answer, mut most_pixels) = (source, 0);
    for op in ops {
        inputs.push(answer);
        answer = op.output(answer)?;
        most_pixels = most_pixels.max(answer.size.pixels());
    }
    let seams = ops.iter().zip(&inputs).rev();
    let needed = seams.fold(answer.size, |need, (op, &input)| op.needed(input, need));
    let needed = Size::new(needed.w.min(source.size.w), needed.h.min(source.size.h));
    Ok(Folded { answer, needed, most_pixels })
}

impl Pixels {
    pub(crate) fn new(
        registry: Registry,
        settings: &Settings,
        ops: Vec<Box<dyn PixelOp>>,
        encode: Encode,
    ) -> Self {
        let settings = settings.clone();
        Self { registry, settings, ops, encode, source: BytesMut::new(), ready: None }
    }

    /// Reads the header, and settles codecs, sizes and the decode.
    fn prepare(&self) -> Result<Ready> {
        let limits = &self.settings.limits;
        let codecs = self.registry.codecs;
        let input = *codecs.iter().find(|codec| codec.sniff(&self.source)).ok_or_else(|| {
            let message = "the source is of no image format that can be decoded";
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        let header = input.header(&self.source, limits)?;
        let Folded { answer, needed, most_pixels } = fold(&self.ops, header.geometry)?;
        check_answer(answer.size, limits)?;
        let animated = self.encode.animated_format.filter(|_| header.is_animated);
        let mime = animated.or(self.encode.format).unwrap_or(input.encoded_as());
        let can = |codec: &&&dyn Codec| codec.mime() == mime && codec.encoded_as() == mime;
        let output = *codecs.iter().find(can).ok_or_else(|| {
            let message = format!("{mime} cannot be encoded; ask for another with format=");
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        let all_frames = header.is_animated && output.is_animated();
        let keep_profile = self.settings.keep_profile && output.carries_profile();
        let decode = Decode { needed, all_frames, keep_profile };
        Ok(Ready { input, output, header, decode, most_pixels })
    }
}

/// Most bytes that a run may hold besides its decode, which is reserved apart.
pub(crate) fn memory(settings: &Settings) -> u64 {
    // The buffer doubles as it grows.
    settings.limits.max_source_bytes.saturating_mul(2)
}

fn check_answer(Size { w, h }: Size, limits: &Limits) -> Result<()> {
    let Limits { max_output_side: side, max_pixels: pixels, .. } = *limits;
    if w.max(h) <= side && u64::from(w) * u64::from(h) <= pixels {
        return Ok(());
    }
    let message = format!(
        "the answer would have {w} × {h} pixels; sides of {side} and {pixels} pixels are the most allowed"
    );
    Err(Error::new(Kind::LimitExceeded, "pixels", message))
}

impl Ready {
    /// Most bytes that decode and steps hold at once.
    fn bytes(&self, limits: &Limits) -> u64 {
        /// Of four channels of 16 bits.
        const MOST_PIXEL_BYTES: u64 = 8;
        let decode = self.input.decode_bytes(&self.header, &self.decode, limits);
        let frames = if self.decode.all_frames { u64::from(self.header.frames) } else { 1 };
        // One frame at a time is held as a step's input and output; what is done is held till the encode.
        let steps = self.most_pixels.saturating_mul(MOST_PIXEL_BYTES).saturating_mul(frames + 1);
        decode.saturating_add(steps).max(1)
    }
}

impl Session for Pixels {
    fn push(&mut self, chunk: Bytes, _out: &mut dyn Sink) -> Result<Flow> {
        let max = self.settings.limits.max_source_bytes;
        if max < (self.source.len() + chunk.len()) as u64 {
            let message = format!("the source is larger than {max} bytes, which is the limit");
            return Err(Error::new(Kind::LimitExceeded, "pixels", message));
        }
        self.source.extend_from_slice(&chunk);
        Ok(Flow::More)
    }

    fn reserve(&mut self) -> Result<u64> {
        let ready = self.prepare()?;
        let bytes = ready.bytes(&self.settings.limits);
        self.ready = Some(ready);
        Ok(bytes)
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let ready = match self.ready.take() {
            Some(ready) => ready,
            None => self.prepare()?,
        };
        let source = std::mem::take(&mut self.source).freeze();
        let mut image = ready.input.decode(&source, &ready.decode, &self.settings.limits)?;
        drop(source);
        let frames = std::mem::take(&mut image.frames);
        let apply =
            |frame| self.ops.iter().try_fold(frame, |frame, op| op.apply(frame)).and_then(Frame::flatten);
        image.frames = frames.into_iter().map(apply).collect::<Result<_>>()?;
        // A palette is of drawings, where a loss shows and costs more bytes than it saves.
        self.encode.lossless |= ready.header.has_palette && self.encode.quality.is_none();
        let encoded = ready.output.encode(&image, &self.encode)?;
        out.head(Head { content_type: ready.output.mime() });
        out.body(Bytes::from(encoded));
        Ok(())
    }
}
