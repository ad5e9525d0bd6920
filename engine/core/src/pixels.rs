//! The shared session of all pixel steps: one decode, the steps in order, one encode.

use crate::{
    Codec, Decode, Decoding, Encode, Error, Flow, Frame, Geometry, Head, Header, Image, Kind, Limits,
    PixelOp, Registry, Result, Session, Settings, Sink, Size,
};
use bytes::{Bytes, BytesMut};

/// Decodes once, applies every step and encodes once. The source is decoded while it arrives, or else held
/// whole.
pub(crate) struct Pixels {
    registry: Registry,
    settings: Settings,
    ops: Vec<Box<dyn PixelOp>>,
    encode: Encode,
    /// Bytes of the source that were pushed.
    length: u64,
    /// Those that no decode has taken yet.
    source: BytesMut,
    /// The header is looked for again when so many bytes are there.
    next_look: usize,
    ready: Option<Ready>,
    decoding: Option<Box<dyn Decoding>>,
}

/// A source whose header is longer is held whole.
const MOST_HEAD_BYTES: usize = 1 << 20;

/// What is settled once the header is read.
struct Ready {
    input: &'static dyn Codec,
    output: &'static dyn Codec,
    header: Header,
    decode: Decode,
    encode: Encode,
    /// Whether the encoder takes planes of luma and chroma.
    takes_chroma: bool,
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
        Self {
            registry,
            settings: settings.clone(),
            ops,
            encode,
            length: 0,
            source: BytesMut::new(),
            next_look: 1,
            ready: None,
            decoding: None,
        }
    }

    fn codec(&self) -> Option<&'static dyn Codec> {
        self.registry.codecs.iter().copied().find(|codec| codec.sniff(&self.source))
    }

    /// Starts to decode if what has come is enough for that.
    fn begin(&mut self) -> Result<Flow> {
        if MOST_HEAD_BYTES < self.source.len() {
            return Ok(Flow::Keep);
        }
        if self.source.len() < self.next_look {
            return Ok(Flow::More);
        }
        self.next_look = 2 * self.source.len();
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
            let message = "the source is of no image format that can be decoded";
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        let header = input.header(&self.source, &self.settings.limits)?;
        self.settle(input, header)
    }

    /// Settles codecs, sizes and the decode.
    fn settle(&self, input: &'static dyn Codec, header: Header) -> Result<Ready> {
        let limits = &self.settings.limits;
        let codecs = self.registry.codecs;
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
        // A palette is of drawings, where a loss shows and costs more bytes than it saves.
        let lossless = self.encode.lossless || (header.has_palette && self.encode.quality.is_none());
        let encode = Encode { lossless, ..self.encode.clone() };
        let takes_chroma = output.chroma(&encode);
        let decode = Decode { needed, all_frames, keep_profile, chroma: takes_chroma.unwrap_or((1, 1)) };
        Ok(Ready { input, output, header, decode, encode, takes_chroma: takes_chroma.is_some(), most_pixels })
    }

    /// The picture, when there is no more of the source.
    fn decode(&mut self, ready: &Ready) -> Result<Image> {
        let source = self.source.split().freeze();
        match self.decoding.take() {
            Some(mut decoding) => {
                // Nothing came behind what the header was found in.
                if !source.is_empty() {
                    decoding.push(&source)?;
                }
                decoding.finish()
            }
            None => ready.input.decode(&source, &ready.decode, &self.settings.limits),
        }
    }

    /// Decodes what is left, and answers.
    fn answer(&mut self, ready: &Ready, out: &mut dyn Sink) -> Result<()> {
        let mut image = self.decode(ready)?;
        let frames = std::mem::take(&mut image.frames).into_iter();
        image.frames = frames.map(|frame| self.apply(frame, ready, out)).collect::<Result<_>>()?;
        check_wanted(out)?;
        let encoded = ready.output.encode(&image, &ready.encode)?;
        out.head(Head { content_type: ready.output.mime() });
        out.body(Bytes::from(encoded));
        Ok(())
    }

    /// Applies every step.
    fn apply(&self, mut frame: Frame, ready: &Ready, out: &dyn Sink) -> Result<Frame> {
        for op in &self.ops {
            check_wanted(out)?;
            frame = op.apply(frame)?;
        }
        let frame = frame.flatten()?;
        if ready.takes_chroma { Ok(frame) } else { frame.into_rgb() }
    }
}

fn check_wanted(out: &dyn Sink) -> Result<()> {
    if out.is_gone() {
        return Err(Error::new(Kind::Cancelled, "pixels", "nobody waits for the answer any more"));
    }
    Ok(())
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
    fn bytes(&self, head: &[u8], limits: &Limits) -> u64 {
        /// Of four channels of 16 bits.
        const MOST_PIXEL_BYTES: u64 = 8;
        let decode = self.input.decode_bytes(head, &self.header, &self.decode, limits);
        let frames = if self.decode.all_frames { u64::from(self.header.frames) } else { 1 };
        // One frame at a time is held as a step's input and output; what is done is held till the encode.
        let steps = self.most_pixels.saturating_mul(MOST_PIXEL_BYTES).saturating_mul(frames + 1);
        decode.saturating_add(steps).max(1)
    }
}

impl Session for Pixels {
    fn push(&mut self, chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        let max = self.settings.limits.max_source_bytes;
        self.length += chunk.len() as u64;
        if max < self.length {
            let message = format!("the source is larger than {max} bytes, which is the limit");
            return Err(Error::new(Kind::LimitExceeded, "pixels", message));
        }
        let Some(decoding) = &mut self.decoding else {
            self.source.extend_from_slice(&chunk);
            return self.begin();
        };
        // What the header was found in comes first.
        if decoding.push(&self.source.split())? && decoding.push(&chunk)? {
            return Ok(Flow::More);
        }
        if let Some(ready) = self.ready.take() {
            self.answer(&ready, out)?;
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
        self.answer(&ready, out)
    }
}
