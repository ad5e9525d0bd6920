//! Tests of the options that the shared encode gets from the source's header and from patches.

use bytes::Bytes;
use safelight_core::{
    Cost, Decode, Decoder, Encode, Encoder, Format, Frame, Geometry, Header, Image, Limits, Model, Opened,
    Orientation, Param, ParamKind, Plan, Query, Registry, Result, Samples, Settings, Size, Step, Stop,
    Transform, testing::Output,
};

/// The signature of the source format.
const SIGNATURE: &[u8] = b"GIF89a";

/// A codec for the signature and one pixel: `A` is an animation, `P` has a palette, `.` neither. Encoding writes the
/// options.
#[derive(Debug)]
struct Toy(Format);

impl Decoder for Toy {
    fn format(&self) -> Format {
        self.0
    }
    fn open(&self, source: Bytes, _limits: &Limits) -> Result<Box<dyn Opened>> {
        let geometry = Geometry { size: Size::new(1, 1), orientation: Orientation::UPRIGHT };
        let pixel = &source[SIGNATURE.len()..];
        let (is_animated, has_palette) = (pixel == b"A", pixel == b"P");
        Ok(Box::new(OpenedToy(Header { geometry, is_animated, frames: 1, has_palette, sample_bytes: 1 })))
    }
}

struct OpenedToy(Header);

impl Opened for OpenedToy {
    fn header(&self) -> &Header {
        &self.0
    }
    fn cost(&self, _decode: &Decode) -> Cost {
        Cost::new(1, 0)
    }
    fn decode(self: Box<Self>, _decode: &Decode, _stop: &Stop) -> Result<Image> {
        let frames = vec![Frame::whole(Size::new(1, 1), Model::Grey, Samples::U8(vec![0]))];
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile: None })
    }
}

impl Encoder for Toy {
    fn format(&self) -> Format {
        self.0
    }
    fn cost(&self, _size: Size, _frames: u32, _options: &Encode) -> Cost {
        Cost::default()
    }

    fn encode(&self, _image: &Image, options: &Encode, _stop: &Stop) -> Result<Vec<u8>> {
        Ok(format!("quality {:?} lossless {}", options.quality, options.is_lossless()).into_bytes())
    }
}

#[derive(Debug)]
struct Patch;

const QUALITY: Param = Param {
    key: "quality",
    aliases: &[],
    kind: ParamKind::Integer { min: 1, max: 100, unit: "" },
    default: None,
    doc: "x",
};

const FORMAT: Param =
    Param { key: "format", kind: ParamKind::OneOf { words: &["still", "either"], synonyms: &[] }, ..QUALITY };

impl Transform for Patch {
    fn name(&self) -> &'static str {
        "patch"
    }
    fn params(&self) -> &'static [Param] {
        &[FORMAT, QUALITY]
    }
    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let quality = query.integer("quality").map(|quality| quality as u8);
        let format = query.get("format").map(|_| Format::Png);
        let animated_format = query.get("format").filter(|word| *word == "either").map(|_| Format::Webp);
        Ok(Some(Step::Encode(Box::new(move |encode| {
            *encode = Encode { format, animated_format, quality, ..Encode::default() };
        }))))
    }
}

const TOYS: Registry = Registry {
    transforms: &[&Patch],
    decoders: &[&Toy(Format::Gif)],
    encoders: &[&Toy(Format::Gif), &Toy(Format::Png), &Toy(Format::Webp)],
};

fn output(source: &'static [u8], raw: &str) -> Result<(&'static str, String)> {
    let plan = Plan::new(TOYS, TOYS.query(raw, "")?)?;
    let source = [SIGNATURE, source].concat().into();
    let output = Output::collect(plan.start(&Settings::default()), &source, 1)?;
    Ok((output.content_type(), String::from_utf8_lossy(&output.body()).into_owned()))
}

fn check(source: &'static [u8], raw: &str, mime: &'static str, body: &str) {
    let found = output(source, raw).expect("a toy never fails");
    assert_eq!(found, (mime, body.to_owned()), "{raw} of {source:?}");
}

#[test]
fn animations_can_have_a_format_of_their_own() {
    let body = "quality None lossless false";
    check(b".", "", "image/gif", body);
    check(b"A", "", "image/gif", body);
    check(b".", "format=still", "image/png", body);
    check(b"A", "format=still", "image/png", body);
    check(b".", "format=either", "image/png", body);
    check(b"A", "format=either", "image/webp", body);
}

#[test]
fn palette_images_are_lossless_unless_a_quality_is_given() {
    check(b"P", "", "image/gif", "quality None lossless true");
    check(b"P", "format=still", "image/png", "quality None lossless true");
    check(b"P", "format=still&quality=80", "image/png", "quality Some(80) lossless false");
}
