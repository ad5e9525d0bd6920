//! The planner, over a toy codec and toy transforms of every shape.

use bytes::Bytes;
use safelight_core::{
    Answer, ByteOp, Codec, Decode, Encode, Error, Flow, Frame, Geometry, Head, Header, Image, Kind, Limits,
    Model, Orientation, Param, ParamKind, PixelOp, Plan, Query, Registry, Result, Samples, Session, Settings,
    Sink, Size, Step, Transform, pixels::fold,
};

/// `width height samples…`, one byte each, grey.
#[derive(Debug)]
struct Toy;

impl Codec for Toy {
    fn mime(&self) -> &'static str {
        "image/x-toy"
    }
    fn sniff(&self, head: &[u8]) -> bool {
        2 <= head.len()
    }
    fn header(&self, bytes: &[u8], _limits: &Limits) -> Result<Header> {
        let size = Size::new(bytes[0].into(), bytes[1].into());
        let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
        Ok(Header { geometry, is_animated: false, frames: 1, has_palette: false, pixel_bytes: 1 })
    }
    fn decode_bytes(&self, _head: &[u8], header: &Header, _decode: &Decode, _limits: &Limits) -> u64 {
        header.geometry.size.pixels()
    }
    fn decode(&self, bytes: &[u8], _decode: &Decode, limits: &Limits) -> Result<Image> {
        let size = self.header(bytes, limits)?.geometry.size;
        let data = bytes[2..].to_vec();
        if data.len() as u64 != size.pixels() {
            return Err(Error::new(Kind::Corrupt, "toy", "too few samples"));
        }
        let frames = vec![Frame::whole(size, Model::Grey, Samples::U8(data))];
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile: None })
    }
    fn encode(&self, image: &Image, options: &Encode) -> Result<Vec<u8>> {
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

/// A step on bytes that answers with one word.
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
        out.head(Head { content_type: "text/plain" });
        out.body(Bytes::from_static(self.0.as_bytes()));
        Ok(Flow::Done)
    }
    fn finish(&mut self, _out: &mut dyn Sink) -> Result<()> {
        Err(Error::new(Kind::Corrupt, "say", "the source is empty"))
    }
}

/// Cuts the left half out; adds one to every sample.
struct Halve;

impl PixelOp for Halve {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: Size::new(input.size.w / 2, input.size.h), ..input })
    }
    fn needed(&self, _input: Geometry, need: Size) -> Size {
        Size::new(need.w * 2, need.h)
    }
    fn apply(&self, mut frame: Frame) -> Result<Frame> {
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
    fn apply(&self, mut frame: Frame) -> Result<Frame> {
        if let Samples::U8(samples) = &mut frame.planes[0].samples {
            for sample in samples {
                *sample -= 1;
            }
        }
        Ok(frame)
    }
}

toy_transform!(Company, "company", flag("company"), |_query| Some(Step::PixelsToo(Box::new(Darken))));

const TOYS: Registry = Registry { transforms: &[&Show, &Strip, &Shrink, &Quality], codecs: &[&Toy] };

fn answer(raw: &str, source: &'static [u8]) -> Result<Vec<u8>> {
    let plan = Plan::new(TOYS, TOYS.query(raw, "")?)?;
    Ok(Answer::new(plan.start(&Settings::default()), &Bytes::from_static(source), 3)?.body())
}

const PICTURE: &[u8] = &[2, 2, 10, 20, 30, 40];

#[test]
fn steps_of_every_shape_are_run_in_the_order_of_the_registry() {
    let check = |raw, expected: &[u8]| assert_eq!(answer(raw, PICTURE).unwrap(), expected, "{raw}");
    check("", b"strip");
    check("utm_source=mail", b"strip");
    check("show=true", b"show");
    check("halve=true", &[1, 2, 0, 11, 31]);
    check("q=7&halve=true", &[1, 2, 7, 11, 31]);
    check("halve=true&quality=7&strip=true", &[1, 2, 7, 11, 31]);
}

#[test]
fn what_cannot_be_combined_is_refused_before_anything_is_read() {
    let check = |raw, expected: Kind| assert_eq!(answer(raw, PICTURE).unwrap_err().kind, expected, "{raw}");
    check("show=true&halve=true", Kind::Conflict);
    check("show=true&q=5", Kind::Conflict);
    check("show=true&strip=true", Kind::Conflict);
    check("q=101", Kind::InvalidParam);
}

#[test]
fn a_query_that_nothing_answers_is_a_defect_and_not_a_pass_through() {
    let silent = Registry { transforms: &[&Show], codecs: &[] };
    let error = Plan::new(silent, silent.query("", "").unwrap()).err().unwrap();
    assert_eq!(error.kind, Kind::Internal);
}

#[test]
fn a_step_in_company_joins_a_plan_of_pixels_and_makes_none() {
    let registry = Registry { transforms: &[&Company, &Show, &Strip, &Shrink, &Quality], codecs: &[&Toy] };
    let check = |raw, canonical: &str, expected: &[u8]| {
        let plan = Plan::new(registry, registry.query(raw, "").unwrap()).unwrap();
        assert_eq!(plan.query.to_string(), canonical, "{raw}");
        let session = plan.start(&Settings::default());
        let body = Answer::new(session, &Bytes::from_static(PICTURE), 3).unwrap().body();
        assert_eq!(body, expected, "{raw}");
    };
    check("", "", b"strip");
    check("show=true", "show=true", b"show");
    check("halve=true", "halve=true", &[1, 2, 0, 10, 30]);
    check("q=7", "quality=7", &[2, 2, 7, 9, 19, 29, 39]);
    // A key that asks for nothing on its own is as if it were absent.
    check("company=true", "", b"strip");
}

#[test]
fn a_source_beyond_the_limit_is_not_held() {
    let mut settings = Settings::default();
    settings.limits.max_source_bytes = 5;
    let plan = Plan::new(TOYS, TOYS.query("halve=true", "").unwrap()).unwrap();
    assert_eq!(plan.memory(&settings), 10);
    let error = Answer::new(plan.start(&settings), &Bytes::from_static(PICTURE), 3).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
}

#[test]
fn damage_is_the_codecs_to_report() {
    assert_eq!(answer("halve=true", &PICTURE[..5]).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(answer("halve=true", &PICTURE[..1]).unwrap_err().kind, Kind::UnsupportedFormat);
}

#[test]
fn an_answer_beyond_the_limit_is_not_begun() {
    let mut settings = Settings::default();
    settings.limits.max_output_side = 1;
    let plan = Plan::new(TOYS, TOYS.query("halve=true", "").unwrap()).unwrap();
    let error = Answer::new(plan.start(&settings), &Bytes::from_static(PICTURE), 3).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
}

#[test]
fn needs_fold_backwards_over_sizes_that_fold_forwards() {
    let ops: Vec<Box<dyn PixelOp>> = vec![Box::new(Halve), Box::new(Halve)];
    let source = |w, h| Geometry { size: Size::new(w, h), orientation: Orientation::UPRIGHT };
    let folded = fold(&ops, source(40, 20)).unwrap();
    assert_eq!((folded.answer, folded.needed, folded.most_pixels), (source(10, 20), Size::new(40, 20), 400));
    let folded = fold(&ops, source(43, 23)).unwrap();
    assert_eq!((folded.answer, folded.needed), (source(10, 23), Size::new(40, 23)));
}
