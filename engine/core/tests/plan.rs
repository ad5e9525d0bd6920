//! Tests of the planner with a toy codec and a toy transform of every shape.

use bytes::Bytes;
use safelight_core::{
    ByteOp, Cost, Decode, Decoder, Encode, Encoder, Error, Flow, Format, Frame, Geometry, Head, Header,
    Image, Kind, Limits, Model, Opened, Orientation, Param, ParamKind, PixelOp, Plan, Query, Registry,
    Result, Samples, Session, Settings, Sink, Size, Step, Stop, Transform, pixels::plan_sizes,
    testing::Output,
};

/// The signature of JPEG, then `width height samples…`, one byte each, grey.
#[derive(Debug)]
struct Toy;

impl Decoder for Toy {
    fn format(&self) -> Format {
        Format::Jpeg
    }
    fn open(&self, source: Bytes, _limits: &Limits) -> Result<Box<dyn Opened>> {
        let size = Size::new(source[3].into(), source[4].into());
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        let header = Header { geometry, is_animated: false, frames: 1, has_palette: false, sample_bytes: 1 };
        Ok(Box::new(OpenedToy { header, samples: source.slice(5..) }))
    }
}

struct OpenedToy {
    header: Header,
    samples: Bytes,
}

impl Opened for OpenedToy {
    fn header(&self) -> &Header {
        &self.header
    }
    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(self.header.geometry.size.pixels(), 0)
    }
    fn decode(self: Box<Self>, _decode: &Decode, _stop: &Stop) -> Result<Image> {
        let size = self.header.geometry.size;
        if self.samples.len() as u64 != size.pixels() {
            return Err(Error::new(Kind::Corrupt, "toy", "too few samples"));
        }
        let frames = vec![Frame::whole(size, Model::Grey, Samples::U8(self.samples.to_vec()))];
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile: None })
    }
}

impl Encoder for Toy {
    fn format(&self) -> Format {
        Format::Jpeg
    }
    fn cost(&self, _size: Size, _frames: u32, _options: &Encode) -> Cost {
        Cost::default()
    }

    fn encode(&self, image: &Image, options: &Encode, _stop: &Stop) -> Result<Vec<u8>> {
        let plane = &image.frames[0].planes[0];
        let Samples::U8(samples) = &plane.samples else { panic!("toys have 8 bits") };
        Ok([&[plane.size.w as u8, plane.size.h as u8, options.quality.unwrap_or(0)], &samples[..]].concat())
    }
}

macro_rules! toy_transform {
    ($name:ident, $text:literal, $param:expr, |$query:ident| $step:expr) => {
        #[derive(Debug)]
        struct $name;
        impl Transform for $name {
            fn name(&self) -> &'static str {
                $text
            }
            fn params(&self) -> &'static [Param] {
                const { &[$param] }
            }
            fn step(&self, $query: &Query) -> Result<Option<Step>> {
                Ok($step)
            }
        }
    };
}

const fn flag(key: &'static str) -> Param {
    Param { key, aliases: &[], kind: ParamKind::Flag, default: None, doc: "a toy" }
}

/// A byte step with one word as output. The flag is whether an encode can absorb it.
struct Say(&'static str, bool);

impl ByteOp for Say {
    fn start(self: Box<Self>, _settings: &Settings) -> Box<dyn Session> {
        self
    }
    fn memory(&self, _settings: &Settings) -> u64 {
        0
    }
    fn absorb(&self, _encode: &mut Encode) -> bool {
        self.1
    }
}

impl Session for Say {
    fn push(&mut self, _chunk: Bytes, out: &mut dyn Sink) -> Result<Flow> {
        out.head(Head::new("text/plain"));
        out.body(Bytes::from_static(self.0.as_bytes()));
        Ok(Flow::Done)
    }
    fn finish(&mut self, _out: &mut dyn Sink) -> Result<()> {
        Err(Error::new(Kind::Corrupt, "say", "the source is empty"))
    }
}

/// Crops to the left half, and adds one to every sample.
struct Halve;

impl PixelOp for Halve {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: Size::new(input.size.w / 2, input.size.h), ..input })
    }
    fn needed(&self, _input: Geometry, need: Size) -> Size {
        Size::new(need.w * 2, need.h)
    }
    fn apply(&self, mut frame: Frame, _stop: &Stop) -> Result<Frame> {
        let size = self.output(frame.geometry)?.size;
        frame.crop(safelight_core::Rect { x: 0, y: 0, size });
        if let Samples::U8(samples) = &mut frame.planes[0].samples {
            for sample in samples {
                *sample += 1;
            }
        }
        Ok(frame)
    }
}

toy_transform!(Strip, "strip", flag("strip"), |query| (query.is_empty() || query.flag("strip"))
    .then(|| Step::Bytes(Box::new(Say("strip", true)))));
toy_transform!(Show, "show", flag("show"), |query| query
    .flag("show")
    .then(|| Step::Bytes(Box::new(Say("show", false)))));
toy_transform!(Shrink, "halve", flag("halve"), |query| query
    .flag("halve")
    .then(|| Step::Pixels(Box::new(Halve))));
toy_transform!(
    Quality,
    "quality",
    Param {
        key: "quality",
        aliases: &["q"],
        kind: ParamKind::Integer { min: 1, max: 100, unit: "" },
        default: None,
        doc: "a toy"
    },
    |query| query
        .integer("quality")
        .map(|quality| Step::Encode(Box::new(move |encode| encode.quality = u8::try_from(quality).ok())))
);

/// Darkens every sample by one.
struct Darken;

impl PixelOp for Darken {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }
    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }
    fn apply(&self, mut frame: Frame, _stop: &Stop) -> Result<Frame> {
        if let Samples::U8(samples) = &mut frame.planes[0].samples {
            for sample in samples {
                *sample -= 1;
            }
        }
        Ok(frame)
    }
}

toy_transform!(Shade, "shade", flag("shade"), |_query| Some(Step::PixelsIfDecoding(Box::new(Darken))));
toy_transform!(Base, "base", flag("base"), |query| query
    .flag("base")
    .then(|| Step::EncodeIfDecoding(Box::new(|encode| encode.quality = Some(50)))));

const TOYS: Registry =
    Registry { transforms: &[&Show, &Strip, &Shrink, &Quality], decoders: &[&Toy], encoders: &[&Toy] };

fn run(raw: &str, source: &'static [u8]) -> Result<Vec<u8>> {
    let plan = Plan::new(TOYS, TOYS.query(raw, "")?)?;
    Ok(Output::collect(plan.start(&Settings::default()), &Bytes::from_static(source), 3)?.body())
}

const IMAGE: &[u8] = &[0xFF, 0xD8, 0xFF, 2, 2, 10, 20, 30, 40];

#[test]
fn steps_of_every_shape_run_in_registry_order() {
    let check = |raw, expected: &[u8]| assert_eq!(run(raw, IMAGE).unwrap(), expected, "{raw}");
    check("", b"strip");
    check("utm_source=mail", b"strip");
    check("show=true", b"show");
    check("halve=true", &[1, 2, 0, 11, 31]);
    check("q=7&halve=true", &[1, 2, 7, 11, 31]);
    check("halve=true&quality=7&strip=true", &[1, 2, 7, 11, 31]);
}

#[test]
fn conflicts_are_reported_before_the_source_is_read() {
    let check = |raw, expected: Kind| assert_eq!(run(raw, IMAGE).unwrap_err().kind, expected, "{raw}");
    check("show=true&halve=true", Kind::Conflict);
    check("show=true&q=5", Kind::Conflict);
    check("show=true&strip=true", Kind::Conflict);
    check("q=101", Kind::InvalidParam);
}

#[test]
fn a_query_without_a_transform_is_an_internal_error_and_not_a_pass_through() {
    let incomplete = Registry { transforms: &[&Show], decoders: &[], encoders: &[] };
    let error = Plan::new(incomplete, incomplete.query("", "").unwrap()).err().unwrap();
    assert_eq!(error.kind, Kind::Internal);
}

#[test]
fn steps_for_decoded_plans_require_no_decode() {
    let registry = Registry {
        transforms: &[&Shade, &Show, &Strip, &Shrink, &Base, &Quality],
        decoders: &[&Toy],
        encoders: &[&Toy],
    };
    let check = |raw, canonical: &str, expected: &[u8]| {
        let plan = Plan::new(registry, registry.query(raw, "").unwrap()).unwrap();
        assert_eq!(plan.query.to_string(), canonical, "{raw}");
        let session = plan.start(&Settings::default());
        let body = Output::collect(session, &Bytes::from_static(IMAGE), 3).unwrap().body();
        assert_eq!(body, expected, "{raw}");
    };
    check("", "", b"strip");
    check("show=true", "show=true", b"show");
    check("halve=true", "halve=true", &[1, 2, 0, 10, 30]);
    check("q=7", "quality=7", &[2, 2, 7, 9, 19, 29, 39]);
    check("base=true&halve=true", "halve=true&base=true", &[1, 2, 50, 10, 30]);
    check("base=true&q=7", "base=true&quality=7", &[2, 2, 7, 9, 19, 29, 39]);
    // A key without effect on its own is equivalent to no query.
    check("shade=true", "", b"strip");
    check("base=true", "", b"strip");
}

#[test]
fn a_source_above_the_limit_is_not_buffered() {
    let mut settings = Settings::default();
    settings.limits.max_source_bytes = 5;
    let plan = Plan::new(TOYS, TOYS.query("halve=true", "").unwrap()).unwrap();
    assert_eq!(plan.memory(&settings), 10);
    let error = Output::collect(plan.start(&settings), &Bytes::from_static(IMAGE), 3).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
}

#[test]
fn codecs_report_damage() {
    assert_eq!(run("halve=true", &IMAGE[..8]).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(run("halve=true", &IMAGE[..1]).unwrap_err().kind, Kind::UnsupportedFormat);
}

#[test]
fn an_output_above_the_limit_is_not_started() {
    let mut settings = Settings::default();
    settings.limits.max_output_side = 1;
    let plan = Plan::new(TOYS, TOYS.query("halve=true", "").unwrap()).unwrap();
    let error = Output::collect(plan.start(&settings), &Bytes::from_static(IMAGE), 3).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
}

#[test]
fn sizes_are_planned_forwards_and_needs_backwards() {
    let ops: Vec<Box<dyn PixelOp>> = vec![Box::new(Halve), Box::new(Halve)];
    let source = |w, h| Geometry { size: Size::new(w, h), orientation: Orientation::UPRIGHT };
    let plan = plan_sizes(&ops, source(40, 20)).unwrap();
    assert_eq!((plan.output, plan.needed), (source(10, 20), Size::new(40, 20)));
    let plan = plan_sizes(&ops, source(43, 23)).unwrap();
    assert_eq!((plan.output, plan.needed), (source(10, 23), Size::new(40, 23)));
}
