//! Steps whose geometry depends on what the image shows.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Encode, Encoder, Error, Format, Frame, Geometry, Header, Image, Kind, Limits,
    Model, Opened, Orientation, Param, PixelOp, Plan, Query, Rect, Registry, Result, Samples, Settings, Size,
    Step, Stop, Transform, testing::Output,
};

/// The signature of the source format. A source has it, and for each frame the number of columns that are kept.
const SIGNATURE: &[u8] = b"GIF89a";
const SIZE: Size = Size::new(200, 100);

/// Decodes frames whose first sample is their number, and encodes the size and the number of frames.
#[derive(Debug)]
struct Toy;

impl Decoder for Toy {
    fn format(&self) -> Format {
        Format::Gif
    }
    fn open(&self, source: Bytes, _limits: &Limits) -> Result<Box<dyn Opened>> {
        let geometry = Geometry { size: SIZE, orientation: Orientation::UPRIGHT };
        let frames = source.slice(SIGNATURE.len()..);
        let header = Header {
            geometry,
            is_animated: true,
            frames: frames.len() as u32,
            has_palette: false,
            sample_bytes: 1,
        };
        Ok(Box::new(OpenedToy { header, frames }))
    }
}

struct OpenedToy {
    header: Header,
    frames: Bytes,
}

impl Opened for OpenedToy {
    fn header(&self) -> &Header {
        &self.header
    }
    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(1, 0)
    }
    fn decode(self: Box<Self>, _decode: &Decode, _stop: &Stop) -> Result<Image> {
        let frame = |columns: &u8| Frame::whole(SIZE, Model::Grey, Samples::U8(vec![*columns; 20_000]));
        let frames: Vec<_> = self.frames.iter().map(frame).collect();
        Ok(Image { delays_ms: vec![10; frames.len()], frames, plays: 0, profile: None })
    }
}

impl Encoder for Toy {
    fn format(&self) -> Format {
        Format::Gif
    }
    fn is_animated(&self) -> bool {
        true
    }
    fn cost(&self, size: Size, _frames: u32, _options: &Encode) -> Cost {
        Cost::new(size.pixels(), size.pixels())
    }
    fn encode(&self, image: &Image, _options: &Encode, _stop: &Stop) -> Result<Vec<u8>> {
        let sizes =
            image.frames.iter().map(|frame| format!("{}x{};", frame.geometry.size.w, frame.geometry.size.h));
        Ok(sizes.collect::<String>().into_bytes())
    }
}

/// Keeps as many columns as the first sample of the first frame says.
#[derive(Debug)]
struct Narrow;

struct NarrowOp(Option<u32>);

impl PixelOp for NarrowOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: Size::new(self.0.unwrap_or(input.size.w), input.size.h), ..input })
    }
    fn needed(&self, input: Geometry, _need: Size) -> Size {
        input.size
    }
    fn depends_on_content(&self) -> bool {
        true
    }
    fn examine(&mut self, first: &Frame, _stop: &Stop) -> Result<()> {
        let Samples::U8(samples) = &first.planes[0].samples else { panic!("8 bits") };
        assert_eq!(self.0.replace(samples[0].into()), None, "only one frame is examined");
        Ok(())
    }
    fn apply(&self, mut frame: Frame, _stop: &Stop) -> Result<Frame> {
        frame.crop(Rect { x: 0, y: 0, size: self.output(frame.geometry)?.size });
        Ok(frame)
    }
}

/// Stretches to a width of 1000, and the height with it.
#[derive(Debug)]
struct Widen;

struct WidenOp;

impl PixelOp for WidenOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: Size::new(1000, input.size.h * 1000 / input.size.w), ..input })
    }
    fn needed(&self, input: Geometry, _need: Size) -> Size {
        input.size
    }
    fn apply(&self, frame: Frame, _stop: &Stop) -> Result<Frame> {
        let size = self.output(frame.geometry)?.size;
        Ok(Frame::whole(size, Model::Grey, Samples::U8(vec![0; size.pixels() as usize])))
    }
}

macro_rules! always {
    ($transform:ident, $op:expr) => {
        impl Transform for $transform {
            fn name(&self) -> &'static str {
                stringify!($transform)
            }
            fn params(&self) -> &'static [Param] {
                &[]
            }
            fn step(&self, _query: &Query) -> Result<Option<Step>> {
                Ok(Some(Step::Pixels(Box::new($op))))
            }
        }
    };
}

always!(Narrow, NarrowOp(None));
always!(Widen, WidenOp);

const TOYS: Registry = Registry { transforms: &[&Narrow, &Widen], decoders: &[&Toy], encoders: &[&Toy] };

fn source(frames: &[u8]) -> Bytes {
    [SIGNATURE, frames].concat().into()
}

fn output(frames: &[u8], limits: Limits) -> Result<String> {
    let plan = Plan::new(TOYS, Query::default())?;
    let settings = Settings { limits, ..Settings::default() };
    let output = Output::collect(plan.start(&settings), &source(frames), 3)?;
    Ok(String::from_utf8(output.body()).unwrap())
}

#[test]
fn all_frames_have_the_size_that_the_first_one_gives() {
    assert_eq!(output(&[100, 7, 200], Limits::default()).unwrap(), "1000x1000;1000x1000;1000x1000;");
}

#[test]
fn a_size_that_becomes_known_late_is_within_what_was_reserved_and_the_limits() {
    let check = |columns, limits, message: &str| {
        let error: Error = output(&[columns], limits).unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded, "{error}");
        assert!(error.message.contains(message), "{error}");
    };
    // The whole image gives 1000 × 500 pixels, so twice as many are reserved.
    check(
        99,
        Limits::default(),
        "becomes 1000 × 1010 pixels, which is more than the 1000000 that were reserved",
    );
    check(99, Limits { max_output_side: 1005, ..Limits::default() }, "the limit is 1005 a side");
}

#[test]
fn the_memory_of_the_largest_size_is_reserved() {
    let mut session = Plan::new(TOYS, Query::default()).unwrap().start(&Settings::default());
    session.push(source(&[100]), &mut Output::default()).unwrap();
    let cost = session.reserve().unwrap().unwrap();
    // Both the encoder and its input count; the time is that of the likely size.
    assert!(2_000_000 <= cost.bytes, "{cost:?}");
    assert!(cost.cpu_ns < 20_000_000, "{cost:?}");
}
