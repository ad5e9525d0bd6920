//! Tests of sources that are decoded while they arrive.

use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Decoding, Encode, Encoder, Error, Flow, Format, Frame, Geometry, Head, Header,
    Image, Kind, Limits, Model, Opened, OpenedStream, Opening, Orientation, Plan, Query, Registry, Result,
    Samples, Session, Settings, Sink, Size, Step, Stop, StopReason, Transform, testing::Output,
};

/// The signature of JPEG.
const SIGNATURE: &[u8] = b"\xFF\xD8\xFF";

/// The signature, a digit for the length of the header, the header, one sample, then unused bytes. The sample `!` is
/// damage. A header that starts with `w` cannot be read before the source is complete; one that starts with `n`
/// declares this.
#[derive(Clone, Copy, Debug)]
struct Toy;

impl Toy {
    fn sample(source: &[u8]) -> Result<Option<u8>> {
        let source = source.get(SIGNATURE.len()..).unwrap_or_default();
        let sample = source.first().and_then(|length| source.get(usize::from(length - b'0') + 1));
        if sample == Some(&b'!') {
            return Err(Error::new(Kind::Corrupt, "toy", "damaged"));
        }
        Ok(sample.copied())
    }

    fn image(source: &[u8]) -> Result<Image> {
        let missing = || Error::new(Kind::Corrupt, "toy", "no sample");
        let sample = Self::sample(source)?.ok_or_else(missing)?;
        let frames = vec![Frame::whole(Size::new(1, 1), Model::Grey, Samples::U8(vec![sample]))];
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile: None })
    }
}

const HEADER: Header = Header {
    geometry: Geometry { size: Size::new(1, 1), orientation: Orientation::UPRIGHT },
    is_animated: false,
    frames: 1,
    has_palette: false,
    sample_bytes: 1,
};

impl Decoder for Toy {
    fn format(&self) -> Format {
        Format::Jpeg
    }
    fn open(&self, source: Bytes, _limits: &Limits) -> Result<Box<dyn Opened>> {
        Ok(Box::new(WholeToy(source)))
    }
    fn open_stream(&self, head: &[u8], _limits: &Limits) -> Result<Opening> {
        Ok(match &head[SIGNATURE.len()..] {
            [] | [_, b'w', ..] => Opening::NeedMore,
            [_, b'n', ..] => Opening::NeedAll,
            [length, header @ ..] if header.len() < usize::from(length - b'0') => Opening::NeedMore,
            _ => Opening::Opened(Box::new(*self)),
        })
    }
}

impl OpenedStream for Toy {
    fn header(&self) -> &Header {
        &HEADER
    }
    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(1000, 0)
    }
    fn start(self: Box<Self>, _decode: &Decode) -> Result<Box<dyn Decoding>> {
        Ok(Box::new(ToyDecoding(Vec::new())))
    }
}

struct WholeToy(Bytes);

impl Opened for WholeToy {
    fn header(&self) -> &Header {
        &HEADER
    }
    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(1000, 0)
    }
    fn decode(self: Box<Self>, _decode: &Decode, _stop: &Stop) -> Result<Image> {
        Toy::image(&self.0)
    }
}

impl Encoder for Toy {
    fn format(&self) -> Format {
        Format::Jpeg
    }
    fn cost(&self, _size: Size, _frames: u32, _options: &Encode) -> Cost {
        Cost::default()
    }

    fn encode(&self, image: &Image, _options: &Encode, _stop: &Stop) -> Result<Vec<u8>> {
        let Samples::U8(samples) = &image.frames[0].planes[0].samples else { panic!("toys have 8 bits") };
        Ok(samples.clone())
    }
}

struct ToyDecoding(Vec<u8>);

impl Decoding for ToyDecoding {
    fn push(&mut self, chunk: &[u8]) -> Result<bool> {
        self.0.extend_from_slice(chunk);
        Ok(Toy::sample(&self.0)?.is_none())
    }
    fn finish(self: Box<Self>, _stop: &Stop) -> Result<Image> {
        Toy::image(&self.0)
    }
}

#[derive(Debug)]
struct Pixels;

impl Transform for Pixels {
    fn name(&self) -> &'static str {
        "pixels"
    }
    fn params(&self) -> &'static [safelight_core::Param] {
        &[]
    }
    fn step(&self, _query: &Query) -> Result<Option<Step>> {
        Ok(Some(Step::Encode(Box::new(|_| ()))))
    }
}

const TOYS: Registry = Registry { transforms: &[&Pixels], decoders: &[&Toy], encoders: &[&Toy] };

fn session() -> Box<dyn Session> {
    let plan = Plan::new(TOYS, TOYS.query("", "").expect("it is empty")).expect("toys have no conflicts");
    plan.start(&Settings::default())
}

#[test]
fn output_is_complete_before_the_source_ends() {
    let source = Bytes::from_static(b"\xFF\xD8\xFF3abcX and bytes without use");
    for chunk in 1..8 {
        let output = Output::collect(session(), &source, chunk).unwrap();
        assert_eq!(output.body(), b"X", "in chunks of {chunk}");
        // Bytes read for the header reach the decoder with the next push at the latest.
        assert!(output.read <= 7 + 2 * chunk.max(7), "{} bytes in chunks of {chunk}", output.read);
    }
    let whole = Output::collect(session(), &source, source.len()).unwrap();
    assert_eq!(whole.body(), b"X");
}

#[test]
fn memory_is_reserved_once_when_the_header_is_complete() {
    let mut session = session();
    let mut out = Output::default();
    let mut push = |bytes: &'static [u8]| session.push(Bytes::from_static(bytes), &mut out).unwrap();
    assert_eq!(push(b"\xFF\xD8\xFF4"), Flow::More);
    assert!(matches!(push(b"abcd"), Flow::Reserve(cost) if cost.bytes == 1000));
    assert_eq!(push(b""), Flow::More);
    assert_eq!(push(b"X"), Flow::Done);
    assert_eq!(out.body(), b"X");
}

#[test]
fn sources_that_cannot_stream_are_buffered_whole() {
    let mut session = session();
    let mut out = Output::default();
    assert_eq!(session.push(Bytes::from_static(b"\xFF\xD8\xFF1w"), &mut out).unwrap(), Flow::More);
    assert_eq!(session.push(vec![b'X'; 1 << 20].into(), &mut out).unwrap(), Flow::Keep);
    assert_eq!(session.reserve().unwrap().unwrap().bytes, 1000);
    session.finish(&mut out).unwrap();
    assert_eq!(out.body(), b"X");
}

#[test]
fn a_decoder_may_require_the_whole_source() {
    let mut session = session();
    let mut out = Output::default();
    assert_eq!(session.push(Bytes::from_static(b"\xFF\xD8\xFF1n"), &mut out).unwrap(), Flow::Keep);
    assert_eq!(session.push(Bytes::from_static(b"X"), &mut out).unwrap(), Flow::Keep);
    assert_eq!(session.reserve().unwrap().unwrap().bytes, 1000);
    session.finish(&mut out).unwrap();
    assert_eq!(out.body(), b"X");
}

#[test]
fn sources_without_a_decoder_are_rejected_by_their_signature() {
    let check = |source: &'static [u8], expected: &str| {
        let error = session().push(Bytes::from_static(source), &mut Output::default()).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::UnsupportedFormat, expected));
    };
    check(b"GIF89a", "GIF cannot be decoded; supported: JPEG");
    check(b"%PDF-1.7\n%%%", "unrecognised image format; supported: JPEG");
}

#[test]
fn damage_is_an_error_at_any_position() {
    for chunk in 1..6 {
        let damaged =
            Output::collect(session(), &Bytes::from_static(b"\xFF\xD8\xFF2ab!"), chunk).unwrap_err();
        let short = Output::collect(session(), &Bytes::from_static(b"\xFF\xD8\xFF2ab"), chunk).unwrap_err();
        assert_eq!((damaged.kind, short.kind), (Kind::Corrupt, Kind::Corrupt), "in chunks of {chunk}");
    }
}

/// A sink whose client disconnected.
struct Gone;

impl Sink for Gone {
    fn head(&mut self, _head: Head) {
        panic!("the client disconnected before the head");
    }
    fn body(&mut self, _bytes: Bytes) {}
    fn stop(&self) -> Stop {
        let stop = Stop::default();
        stop.set(StopReason::Disconnected);
        stop
    }
}

#[test]
fn work_stops_when_the_client_disconnects() {
    let mut session = session();
    session.push(Bytes::from_static(b"\xFF\xD8\xFF0"), &mut Gone).unwrap();
    assert_eq!(session.push(Bytes::from_static(b"X"), &mut Gone).unwrap_err().kind, Kind::Cancelled);
}
