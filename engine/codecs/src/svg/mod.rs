//! SVG: drawn by `resvg` at the size that is needed, always in a child process, since nothing in it bounds its work.
//!
//! A source is first sanitised, so that the parser sees neither entities nor references out of the file. Pictures in it
//! are opened by the decoders of this crate. What references multiply out to is counted before `resvg` follows any.

mod size;
mod pictures;
mod load;
mod fonts;
mod draw;
mod compose;
mod paint;
mod raster;

use crate::animation::drop_opaque_alpha;
use crate::error::{Cause, CodecError};
use crate::guard;
use crate::header::check_pixels;
use bytes::Bytes;
use load::Load;
use pictures::Pictures;
use resvg::usvg::roxmltree::{self, Document, ParsingOptions};
use safelight_containers::svg::sanitise;
use safelight_core::{
    Cost, Decode, Decoder, Format, Frame, Geometry, Header, Image, Isolation, Limits, Model, Opened,
    Orientation, Plane, Result, Samples, Size, Stop,
};

/// The format in errors.
const FORMAT: Format = Format::Svg;

/// Draws SVG.
#[derive(Debug)]
pub struct Svg;

impl Decoder for Svg {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        SvgWithFonts::default().open(source, limits)
    }

    fn with_fonts(&self, fonts: Vec<Bytes>) -> Option<Box<dyn Decoder>> {
        Some(Box::new(SvgWithFonts(fonts)))
    }
}

/// Draws SVG with these font files besides those of the program.
#[derive(Debug, Default)]
struct SvgWithFonts(Vec<Bytes>);

impl Decoder for SvgWithFonts {
    fn format(&self) -> Format {
        FORMAT
    }

    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        guard::open(FORMAT, || OpenedSvg::new(&source, &self.0, limits))
    }
}

/// A drawing that was sanitised and counted.
struct OpenedSvg {
    /// The sanitised file, with the nominal size as width and height, and numbers of pictures.
    text: String,
    pictures: Pictures,
    header: Header,
    load: Load,
    /// Fonts of the operator, if there is text.
    fonts: Vec<Bytes>,
    limits: Limits,
}

impl OpenedSvg {
    fn new(source: &[u8], fonts: &[Bytes], limits: &Limits) -> Result<Self> {
        let text = String::from_utf8(sanitise(source, limits)?).map_err(damaged)?;
        let (text, pictures) = Pictures::take(&text, &parse(&text)?, limits)?;
        let document = parse(&text)?;
        let load = load::count(&document)?;
        let (text, size) = size::with_size(&text, document.root_element());
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        // Drawings are encoded without loss, as images of few colours are.
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: true, sample_bytes: 1 };
        let fonts = if load.has_text { fonts.to_vec() } else { Vec::new() };
        Ok(Self { text, pictures, header, load, fonts, limits: limits.clone() })
    }
}

impl Opened for OpenedSvg {
    fn header(&self) -> &Header {
        &self.header
    }

    fn cost(&self, decode: &Decode) -> Cost {
        /// An RGBA pixel of the canvas or of a layer.
        const PIXEL_BYTES: u64 = 4;
        /// Layers may reach beyond the canvas.
        const LAYER_CANVASES: u64 = 2;
        /// What a byte of the source becomes: attributes, then paths, then edges.
        const TEXT_BYTES: u64 = 24;
        const WORK_BYTES: u64 = 32 << 20;
        const PIXEL_NS: u64 = 20;
        const PASS_PIXEL_NS: u64 = 2;
        const ELEMENT_NS: u64 = 20_000;
        let pixels = self.decoded_size(decode).pixels();
        let Load { elements, passes, layers, .. } = self.load;
        // The canvas, and the straight samples that it becomes.
        let canvases = LAYER_CANVASES.saturating_mul(layers).saturating_add(2);
        let text = (self.text.len() as u64).saturating_mul(TEXT_BYTES);
        let bytes = pixels.saturating_mul(PIXEL_BYTES).saturating_mul(canvases);
        let pixel_ns = PASS_PIXEL_NS.saturating_mul(passes).saturating_add(PIXEL_NS);
        let ns = pixels.saturating_mul(pixel_ns).saturating_add(elements.saturating_mul(ELEMENT_NS));
        self.pictures.cost() + Cost::new(bytes.saturating_add(text).saturating_add(WORK_BYTES), ns)
    }

    fn decoded_size(&self, decode: &Decode) -> Size {
        decode.needed.union(Size::new(1, 1))
    }

    fn has_transparency(&self) -> bool {
        true
    }

    fn is_vector(&self) -> bool {
        true
    }

    fn fonts(&self) -> &[Bytes] {
        &self.fonts
    }

    fn isolation(&self) -> Isolation {
        Isolation::Always
    }

    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        stop.check()?;
        let (nominal, size) = (self.header.geometry.size, self.decoded_size(decode));
        check_pixels(FORMAT, size, &self.limits)?;
        let Self { text, pictures, load, fonts, .. } = *self;
        let fonts = load.has_text.then_some(fonts);
        let mut samples = [draw::rgba(&text, pictures, fonts, size, stop)?];
        let model = if drop_opaque_alpha(&mut samples) { Model::Rgb } else { Model::Rgba };
        let [samples] = samples;
        let covered = (f64::from(nominal.w) / f64::from(size.w), f64::from(nominal.h) / f64::from(size.h));
        let plane = Plane { size, channels: model.channels(), samples: Samples::U8(samples), step: covered };
        let frame = Frame { planes: vec![plane], ..Frame::whole(nominal, model, Samples::U8(Vec::new())) };
        Ok(Image { frames: vec![frame], delays_ms: Vec::new(), plays: 0, profile: None })
    }
}

/// Parses a sanitised file.
fn parse(text: &str) -> Result<Document<'_>, CodecError> {
    /// The most elements and texts of a file, and the most attributes: 72 and 56 bytes each.
    const MAX_NODES: u32 = 100_000;
    const MAX_ATTRIBUTES: usize = 500_000;
    const TOO_MANY: CodecError = CodecError::TooComplex(FORMAT, "it has too many elements or attributes");
    if MAX_ATTRIBUTES < text.matches("=\"").count() {
        return Err(TOO_MANY);
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => TOO_MANY,
        error => damaged(error),
    })
}

fn damaged(cause: impl Into<Cause>) -> CodecError {
    CodecError::Damaged(FORMAT, cause.into())
}
