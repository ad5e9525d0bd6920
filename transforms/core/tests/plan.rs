//! The planner, over a toy codec and toy transforms of every shape.

use bytes::Bytes;
use safelight_core::{
    Answer, ByteOp, Codec, Encode, Error, Flow, Frame, Head, Header, Kind, Limits, Param, ParamKind, PixelOp,
    Plan, Plane, Query, Registry, Result, Session, Settings, Sink, Size, Step, Transform, View,
    pixels::needed,
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
    fn header(&self, bytes: &[u8]) -> Result<Header> {
        Ok(Header { size: Size::new(bytes[0].into(), bytes[1].into()) })
    }
    fn decode(&self, bytes: &[u8], _needed: Size, _limits: &Limits) -> Result<Frame> {
        let size = self.header(bytes)?.size;
        let data = bytes[2..].to_vec();
        if data.len() != (size.w * size.h) as usize {
            return Err(Error::new(Kind::Corrupt, "toy", "too few samples"));
        }
        Ok(Frame { nominal: size, view: View::WHOLE, planes: vec![Plane { size, channels: 1, data }] })
    }
    fn encode(&self, frame: &Frame, options: &Encode) -> Result<Vec<u8>> {
        let plane = &frame.planes[0];
        let mut bytes = vec![plane.size.w as u8, plane.size.h as u8, options.quality.unwrap_or(0)];
        bytes.extend_from_slice(&plane.data);
        Ok(bytes)
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
    Param { key, aliases: &[], kind: ParamKind::Flag, doc: "a toy" }
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

/// Halves the size; adds one to every sample.
struct Halve;

impl PixelOp for Halve {
    fn output(&self, input: Size) -> Size {
        Size::new(input.w / 2, input.h / 2)
    }
    fn needed(&self, _input: Size, need: Size) -> Size {
        Size::new(need.w * 2, need.h * 2)
    }
    fn apply(&self, mut frame: Frame) -> Result<Frame> {
        frame.planes[0].data.iter_mut().for_each(|sample| *sample += 1);
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
        doc: "a toy"
    },
    |query| query
        .integer("quality")
        .map(|quality| Step::Encode(Box::new(move |encode| encode.quality = u8::try_from(quality).ok())))
);

const TOYS: Registry = Registry { transforms: &[&Show, &Strip, &Shrink, &Quality], codecs: &[&Toy] };

fn answer(raw: &str, source: &'static [u8]) -> Result<Vec<u8>> {
    let plan = Plan::new(TOYS, TOYS.query(raw)?)?;
    Ok(Answer::new(plan.start(&Settings::default()), &Bytes::from_static(source), 3)?.body())
}

const PICTURE: &[u8] = &[2, 2, 10, 20, 30, 40];

#[test]
fn steps_of_every_shape_are_run_in_the_order_of_the_registry() {
    let check = |raw, expected: &[u8]| assert_eq!(answer(raw, PICTURE).unwrap(), expected, "{raw}");
    check("", b"strip");
    check("utm_source=mail", b"strip");
    check("show=true", b"show");
    check("halve=true", &[2, 2, 0, 11, 21, 31, 41]);
    check("q=7&halve=true", &[2, 2, 7, 11, 21, 31, 41]);
    check("halve=true&quality=7&strip=true", &[2, 2, 7, 11, 21, 31, 41]);
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
    let error = Plan::new(silent, silent.query("").unwrap()).err().unwrap();
    assert_eq!(error.kind, Kind::Internal);
}

#[test]
fn a_source_beyond_the_limit_is_not_held() {
    let mut settings = Settings::default();
    settings.limits.max_source_bytes = 5;
    let plan = Plan::new(TOYS, TOYS.query("halve=true").unwrap()).unwrap();
    assert_eq!(plan.memory(&settings), 5);
    let error = Answer::new(plan.start(&settings), &Bytes::from_static(PICTURE), 3).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
}

#[test]
fn damage_is_the_codecs_to_report() {
    assert_eq!(answer("halve=true", &PICTURE[..5]).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(answer("halve=true", &PICTURE[..1]).unwrap_err().kind, Kind::UnsupportedFormat);
}

#[test]
fn needs_fold_backwards_over_sizes_that_fold_forwards() {
    let ops: Vec<Box<dyn PixelOp>> = vec![Box::new(Halve), Box::new(Halve)];
    assert_eq!(needed(&ops, Size::new(40, 20)), Size::new(40, 20));
    assert_eq!(needed(&ops, Size::new(41, 23)), Size::new(40, 20));
}
