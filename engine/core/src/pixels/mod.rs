//! The session that all pixel steps share: one decode, the steps in order, one encode.

mod limits;
mod reports;
mod sizes;
mod sample;
mod encoding;
mod target;

pub use sizes::{SizePlan, plan_sizes};

use crate::{
    Compression, Cost, Decode, Decoder, Decoding, Detection, Encode, Encoder, Error, Flow, Format, Frame,
    Geometry, Head, Header, Image, Kind, Opened, Opening, PixelOp, Registry, Report, Result, Selection,
    Session, Settings, Side, Sink, Size, Stage, Stop, plan::Decoded,
};
use bytes::{Bytes, BytesMut};
use encoding::{Encoded, Encoding};
use limits::{check_drawing, check_output, check_reserved, check_work};
pub(crate) use reports::REPORT_TYPE;
use sizes::{Parts, max_open_output, needed_for, plan_drawing};

/// Decodes once, applies every step and encodes once. The source is decoded while it arrives where its format
/// allows that; otherwise it is buffered whole.
pub(crate) struct Pixels {
    registry: Registry,
    settings: Settings,
    selection: Selection,
    steps: Steps,
    encode: Encode,
    reports: Vec<Box<dyn Report>>,
    /// Bytes of the source that were pushed.
    length: u64,
    /// The bytes among them that were not yet passed to a decoder.
    source: BytesMut,
    /// The length at which opening the source is tried next; `None` once it is to be buffered whole.
    next_attempt: Option<usize>,
    input: Option<(Input, Prepared)>,
}

/// The steps on pixels, in order.
#[derive(Default)]
pub(crate) struct Steps {
    ops: Vec<Box<dyn PixelOp>>,
    /// The names of their transforms.
    names: Vec<&'static str>,
}

impl Steps {
    /// Appends a step of the transform `name`.
    pub(crate) fn push(&mut self, name: &'static str, op: Box<dyn PixelOp>) {
        self.ops.push(op);
        self.names.push(name);
    }

    /// Returns the needs for images besides the source.
    pub(crate) fn sides(&mut self) -> impl Iterator<Item = &mut Side> {
        self.ops.iter_mut().filter_map(|op| op.side())
    }
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

/// What a whole source tells besides its header.
#[derive(Clone, Copy, Default)]
struct Nature {
    has_transparency: bool,
    is_vector: bool,
}

/// The decisions that follow from the header.
struct Prepared {
    input: Format,
    decode: Decode,
    end: End,
    /// Geometry of the source.
    source: Geometry,
    is_vector: bool,
    /// The most pixels of an output whose size depends on content; 0 if it does not.
    max_output: u64,
    /// The cost of decode, steps and encode.
    cost: Cost,
}

/// What the picture becomes.
enum End {
    Encoded {
        encoding: Encoding,
        /// Whether the encoder accepts planes of luma and chroma.
        takes_chroma: bool,
    },
    Reported,
}

impl Pixels {
    pub(crate) fn new(settings: &Settings, plan: Decoded) -> Self {
        let Decoded { registry, selection, steps, encode, reports } = plan;
        Self {
            registry,
            settings: settings.clone(),
            selection,
            steps,
            encode,
            reports,
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
    fn begin(&mut self, out: &mut dyn Sink) -> Result<Flow> {
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
        if self.selection.page.is_some() {
            // A page may be anywhere.
            self.next_attempt = None;
            return Ok(Flow::Keep);
        }
        match decoder.open_stream(&self.source, &self.settings.limits)? {
            Opening::NeedMore => Ok(Flow::More),
            Opening::NeedAll => {
                self.next_attempt = None;
                Ok(Flow::Keep)
            }
            Opening::Opened(opened) => {
                let cost = |decode: &Decode| (opened.cost(decode), opened.decoded_size(decode));
                let prepared = self.negotiate(decoder.format(), opened.header(), Nature::default(), &cost)?;
                let cost = prepared.cost;
                let decoding = opened.start(&prepared.decode)?;
                out.stage(Stage::Decode(prepared.input));
                self.input = Some((Input::Stream(decoding), prepared));
                Ok(Flow::Reserve(cost))
            }
        }
    }

    /// Opens a source that is whole.
    fn open(&mut self) -> Result<(Box<dyn Opened>, Prepared)> {
        let decoder = self.decoder()?.ok_or_else(|| self.unrecognised())?;
        let (source, limits) = (self.source.split().freeze(), &self.settings.limits);
        let opened = match self.selection.page {
            Some(page) => decoder.open_page(source, page, limits)?,
            None => decoder.open(source, limits)?,
        };
        let cost = |decode: &Decode| (opened.cost(decode), opened.decoded_size(decode));
        let nature = Nature { has_transparency: opened.has_transparency(), is_vector: opened.is_vector() };
        if nature.is_vector {
            self.steps.ops.iter_mut().for_each(|op| op.expect_vector());
        }
        let prepared = self.negotiate(decoder.format(), opened.header(), nature, &cost)?;
        Ok((opened, prepared))
    }

    /// Chooses the encoder, the sizes and the decode for a source, and checks the limits. `decode_cost` returns the
    /// cost of a decode and the size of its frames.
    fn negotiate(
        &self,
        input: Format,
        header: &Header,
        nature: Nature,
        decode_cost: &dyn Fn(&Decode) -> (Cost, Size),
    ) -> Result<Prepared> {
        let limits = &self.settings.limits;
        let source = header.geometry;
        let plan = if nature.is_vector { plan_drawing } else { plan_sizes };
        let SizePlan { output: geometry, needed } = plan(&self.steps.ops, source)?;
        // A drawing is not enlarged, but drawn larger.
        let pixels = if nature.is_vector { geometry.size } else { source.size };
        check_output(geometry.size, pixels, limits)?;
        if !self.reports.is_empty() {
            return self.negotiate_reports(input, header, nature, geometry.size, decode_cost);
        }
        if nature.is_vector {
            check_drawing(needed, limits)?;
        }
        let is_animated = header.is_animated && !self.selection.is_still;
        let mut encoding = self.encoding(input, header, nature, is_animated)?;
        let all_frames = is_animated && encoding.encoders().all(Encoder::is_animated);
        let frames = if all_frames { header.frames } else { 1 };
        let keep_profile = self.settings.keep_profile && encoding.encoders().all(Encoder::carries_profile);
        let chroma = encoding.chroma();
        let decode = Decode { needed, all_frames, keep_profile, chroma: chroma.unwrap_or((1, 1)) };
        let max_output = self.max_output(geometry.size);
        let decode_cost = decode_cost(&decode);
        let cost = loop {
            let end = encoding.cost(geometry.size, frames, max_output);
            let ops = &self.steps.ops;
            let cost = Parts { ops, header, frames, decode: decode_cost, end, max_output }.cost()?;
            let checked = check_work(cost, limits);
            if checked.is_ok() || !encoding.reduce(geometry.size, frames) {
                break checked.map(|()| cost)?;
            }
        };
        let takes_chroma = chroma.is_some();
        let end = End::Encoded { encoding, takes_chroma };
        Ok(Prepared { input, decode, end, source, is_vector: nature.is_vector, max_output, cost })
    }

    /// Chooses the encoders for a source of the format `input`, and their options.
    fn encoding(
        &self,
        input: Format,
        header: &Header,
        nature: Nature,
        is_animated: bool,
    ) -> Result<Encoding> {
        let finds_quality = self.encode.auto_quality && self.encode.quality.is_none();
        let aimed = |encoding: Encoding| {
            if finds_quality { encoding.aimed_at(self.settings.quality_target.into()) } else { encoding }
        };
        if !is_animated && let Some(best) = Encoding::best(&self.registry, &self.encode) {
            return Ok(aimed(best));
        }
        let animated = self.encode.animated_format.filter(|_| is_animated);
        let has_transparency = nature.has_transparency || self.steps.ops.iter().any(|op| op.adds_alpha());
        let own = || self.default_format(input, is_animated, has_transparency);
        let format = animated.or(self.encode.format).unwrap_or_else(own);
        let encoder = self.registry.encoder(format).ok_or_else(|| {
            let supported = Format::list(self.registry.encoders.iter().map(|encoder| encoder.format()));
            let message = format!("{format} cannot be encoded; choose another format: {supported}");
            Error::new(Kind::UnsupportedFormat, "pixels", message)
        })?;
        // Palette images are mostly drawings, where lossy coding is visible and often takes more bytes.
        let has_choice = self.encode.quality.is_none() && self.encode.max_bytes.is_none();
        let exact = (header.has_palette && has_choice).then_some(Compression::Lossless);
        let options = Encode { compression: self.encode.compression.or(exact), ..self.encode.clone() };
        Ok(aimed(Encoding::one(&self.registry, encoder, options)))
    }

    /// Chooses the decode for the reports on a picture of `size`, and checks the limits.
    fn negotiate_reports(
        &self,
        input: Format,
        header: &Header,
        nature: Nature,
        size: Size,
        decode_cost: &dyn Fn(&Decode) -> (Cost, Size),
    ) -> Result<Prepared> {
        let mut needed = needed_for(&self.steps.ops, header.geometry, reports::needed(&self.reports, size))?;
        if nature.is_vector {
            check_drawing(needed, &self.settings.limits)?;
        } else {
            needed = needed.intersection(header.geometry.size);
        }
        let decode = Decode { needed, all_frames: false, keep_profile: false, chroma: (1, 1) };
        let decode_cost = decode_cost(&decode);
        let end = reports::cost(&self.reports, decode_cost.1.pixels().min(size.pixels()));
        let max_output = self.max_output(size);
        let parts = Parts { ops: &self.steps.ops, header, frames: 1, decode: decode_cost, end, max_output };
        let cost = parts.cost()?;
        check_work(cost, &self.settings.limits)?;
        let (end, source, is_vector) = (End::Reported, header.geometry, nature.is_vector);
        Ok(Prepared { input, decode, end, source, is_vector, max_output, cost })
    }

    /// The most pixels of an output that is `output` before the steps have examined the image; 0 if they do not change it.
    fn max_output(&self, output: Size) -> u64 {
        let is_open = self.steps.ops.iter().any(|op| op.depends_on_content());
        if is_open { max_open_output(output) } else { 0 }
    }

    /// Returns the output format for a source of the format `input` where the query names none.
    fn default_format(&self, input: Format, is_animated: bool, has_transparency: bool) -> Format {
        let own = input.encoded_as();
        let keeps_frames = |format| self.registry.encoder(format).is_some_and(Encoder::is_animated);
        if is_animated && !keeps_frames(own) && keeps_frames(Format::Webp) {
            return Format::Webp;
        }
        match own {
            own if self.encode.universal && !own.is_universal() => {
                if has_transparency {
                    Format::Png
                } else {
                    Format::Jpeg
                }
            }
            Format::Jpeg if has_transparency => Format::Png,
            own => own,
        }
    }

    /// Decodes the rest of the source.
    fn decode(&mut self, input: Input, decode: &Decode, stop: &Stop) -> Result<Image> {
        match input {
            Input::Whole(opened) => opened.decode(decode, stop),
            Input::Stream(mut decoding) => {
                // The source ended with the chunk that completed the header.
                let source = self.source.split();
                if !source.is_empty() {
                    decoding.push(&source)?;
                }
                decoding.finish(stop)
            }
        }
    }

    /// Decodes the rest of the source, applies the steps, and encodes.
    fn encode(&mut self, input: Input, prepared: &Prepared, out: &mut dyn Sink) -> Result<()> {
        let stop = out.stop();
        out.stage(Stage::Decode(prepared.input));
        let mut image = self.decode(input, &prepared.decode, &stop)?;
        out.decoded(image.frames.iter().map(pixels).sum());
        let frames = std::mem::take(&mut image.frames).into_iter().enumerate();
        image.frames =
            frames.map(|(i, frame)| self.apply(frame, i == 0, prepared, out)).collect::<Result<_>>()?;
        let image = image.with_fitting_profile();
        stop.check()?;
        match &prepared.end {
            End::Encoded { encoding, .. } => {
                let Encoded { format, quality, bytes } =
                    encoding.encode(&image, &self.settings.limits, out)?;
                out.head(Head { content_type: format.mime(), quality });
                out.body(Bytes::from(bytes));
            }
            End::Reported => {
                out.stage(Stage::Transform(self.reports.first().map_or("", |report| report.key())));
                let report = reports::write(&self.reports, image, &stop)?;
                out.head(Head::new(REPORT_TYPE));
                out.body(Bytes::from(report));
            }
        }
        Ok(())
    }

    /// Lets the step at `index` examine the first frame. If that changes the size of the output, checks the limits again.
    fn examine(&mut self, index: usize, first: &Frame, prepared: &Prepared, stop: &Stop) -> Result<()> {
        let op = &mut self.steps.ops[index];
        op.examine(first, stop)?;
        if !op.depends_on_content() {
            return Ok(());
        }
        let output = plan_sizes(&self.steps.ops, prepared.source)?.output.size;
        let pixels = if prepared.is_vector { output } else { prepared.source.size };
        check_output(output, pixels, &self.settings.limits)?;
        check_reserved(output, prepared.max_output)
    }

    /// Applies every step. Each examines the first frame.
    fn apply(
        &mut self,
        mut frame: Frame,
        is_first: bool,
        prepared: &Prepared,
        out: &mut dyn Sink,
    ) -> Result<Frame> {
        let stop = out.stop();
        for i in 0..self.steps.ops.len() {
            stop.check()?;
            out.stage(Stage::Transform(self.steps.names[i]));
            if is_first {
                self.examine(i, &frame, prepared, &stop)?;
            }
            frame = self.steps.ops[i].apply(frame, &stop)?;
        }
        stop.check()?;
        let End::Encoded { takes_chroma, .. } = prepared.end else { return frame.into_rgb() };
        let frame = frame.materialize()?;
        stop.check()?;
        if takes_chroma { Ok(frame) } else { frame.into_rgb() }
    }
}

/// Returns the pixels of a decoded frame: the samples of its largest plane.
fn pixels(frame: &Frame) -> u64 {
    frame.planes.iter().map(|plane| plane.size.pixels()).max().unwrap_or_default()
}

/// Returns the maximum number of bytes that a session buffers; the decode is reserved separately.
pub(crate) fn memory(settings: &Settings) -> u64 {
    // A growing buffer doubles its capacity.
    settings.limits.max_source_bytes.saturating_mul(2)
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
            return self.begin(out);
        };
        out.stop().check()?;
        // The decoder first gets the bytes in which the header was found.
        if decoding.push(&self.source.split())? && decoding.push(&chunk)? {
            return Ok(Flow::More);
        }
        if let Some((input, prepared)) = self.input.take() {
            self.encode(input, &prepared, out)?;
        }
        Ok(Flow::Done)
    }

    fn expect(&mut self, bytes: u64) {
        let missing = bytes.min(self.settings.limits.max_source_bytes).saturating_sub(self.length);
        self.source.reserve(usize::try_from(missing).unwrap_or_default());
    }

    fn reserve(&mut self) -> Result<Option<Cost>> {
        if self.input.is_some() {
            return Ok(None);
        }
        let (opened, prepared) = self.open()?;
        let cost = prepared.cost;
        self.input = Some((Input::Whole(opened), prepared));
        Ok(Some(cost))
    }

    fn finish(&mut self, out: &mut dyn Sink) -> Result<()> {
        let (input, prepared) = match self.input.take() {
            Some(input) => input,
            None => self.open().map(|(opened, prepared)| (Input::Whole(opened), prepared))?,
        };
        self.encode(input, &prepared, out)
    }
}
