//! Tests of the options that the shared encode gets from the source's header and from patches.

use bytes::Bytes;
use safelight_core::{
    Codec, Decode, Encode, Frame, Geometry, Header, Image, Limits, Model, Orientation, Param, ParamKind,
    Plan, Query, Registry, Result, Samples, Settings, Size, Step, Transform, testing::Output,
};

/// A codec for one pixel: `A` is an animation, `P` has a palette, `.` neither. Encoding writes the options.
#[derive(Debug)]
struct Toy(&'static str);

impl Codec for Toy {
    fn mime(&self) -> &'static str {
        self.0
    }
    fn sniff(&self, _head: &[u8]) -> bool {
        true
    }
    fn header(&self, bytes: &[u8], _limits: &Limits) -> Result<Header> {
        let geometry = Geometry { size: Size::new(1, 1), orientation: Orientation::UPRIGHT };
        let (is_animated, has_palette) = (bytes == b"A", bytes == b"P");
        Ok(Header { geometry, is_animated, frames: 1, has_palette, pixel_bytes: 1 })
    }
    fn decode_bytes(&self, _head: &[u8], _header: &Header, _decode: &Decode, _limits: &Limits) -> u64 {
        1
    }
    fn decode(&self, _bytes: &[u8], _decode: &Decode, _limits: &Limits) -> Result<Image> {
        let frames = vec![Frame::whole(Size::new(1, 1), Model::Grey, Samples::U8(vec![0]))];
        Ok(Image { frames, delays_ms: Vec::new(), plays: 0, profile: None })
    }
    fn encode(&self, _image: &Image, options: &Encode) -> Result<Vec<u8>> {
        Ok(format!("quality {:?} lossless {}", options.quality, options.lossless).into_bytes())
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

const FORMAT: Param = Param { key: "format", kind: ParamKind::OneOf(&["still", "either"]), ..QUALITY };

impl Transform for Patch {
    fn name(&self) -> &'static str {
        "patch"
    }
    fn params(&self) -> &'static [Param] {
        &[FORMAT, QUALITY]
    }
    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let quality = query.integer("quality").map(|quality| quality as u8);
        let format = query.get("format").map(|_| "image/x-still");
        let animated_format =
            query.get("format").filter(|word| *word == "either").map(|_| "image/x-animated");
        Ok(Some(Step::Encode(Box::new(move |encode| {
            *encode = Encode { format, animated_format, quality, ..Encode::default() };
        }))))
    }
}

const TOYS: Registry = Registry {
    transforms: &[&Patch],
    codecs: &[&Toy("image/x-source"), &Toy("image/x-still"), &Toy("image/x-animated")],
};

fn output(source: &'static [u8], raw: &str) -> Result<(&'static str, String)> {
    let plan = Plan::new(TOYS, TOYS.query(raw, "")?)?;
    let output = Output::collect(plan.start(&Settings::default()), &Bytes::from_static(source), 1)?;
    Ok((output.content_type(), String::from_utf8_lossy(&output.body()).into_owned()))
}

fn check(source: &'static [u8], raw: &str, mime: &'static str, body: &str) {
    let found = output(source, raw).expect("a toy never fails");
    assert_eq!(found, (mime, body.to_owned()), "{raw} of {source:?}");
}

#[test]
fn animations_can_have_a_format_of_their_own() {
    let body = "quality None lossless false";
    check(b".", "", "image/x-source", body);
    check(b"A", "", "image/x-source", body);
    check(b".", "format=still", "image/x-still", body);
    check(b"A", "format=still", "image/x-still", body);
    check(b".", "format=either", "image/x-still", body);
    check(b"A", "format=either", "image/x-animated", body);
}

#[test]
fn palette_images_are_lossless_unless_a_quality_is_given() {
    check(b"P", "", "image/x-source", "quality None lossless true");
    check(b"P", "format=still", "image/x-still", "quality None lossless true");
    check(b"P", "format=still&quality=80", "image/x-still", "quality Some(80) lossless false");
}
