//! Are animated PNGs composed as browsers show them, and written so that others read them?

#![cfg(feature = "png")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    assert_round_trip, assert_survives, decode, decode_all, image, scene, to_rgba, try_decode, wanted,
};
use safelight_codecs::Png;
use safelight_core::{Decoder, Encode, Encoder, Frame, Image, Kind, Limits, Model, Samples, Size, Stop};

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [kind, data].concat();
    let checksum = crc32fast::hash(&checked).to_be_bytes();
    [&(data.len() as u32).to_be_bytes()[..], &checked, &checksum].concat()
}

/// A frame of one colour, RGBA, in a canvas of 2 × 1.
struct Part {
    x: u8,
    w: u8,
    colour: [u8; 4],
    dispose: u8,
    blend: u8,
    delay: [u8; 4],
}

impl Part {
    fn new(x: u8, w: u8, colour: [u8; 4]) -> Self {
        Self { x, w, colour, dispose: 0, blend: 0, delay: [0, 1, 0, 10] }
    }

    fn control(&self, sequence: u8) -> Vec<u8> {
        let sides = [0, 0, 0, self.w, 0, 0, 0, 1, 0, 0, 0, self.x, 0, 0, 0, 0];
        chunk(b"fcTL", &[&[0, 0, 0, sequence][..], &sides, &self.delay, &[self.dispose, self.blend]].concat())
    }

    fn data(&self) -> Vec<u8> {
        fdeflate::compress_to_vec(&[vec![0], self.colour.repeat(self.w.into())].concat())
    }
}

const PLAYS: u8 = 3;

/// A file of these frames; the first is the default image unless `default` is another one.
fn file(default: Option<&Part>, parts: &[Part]) -> Vec<u8> {
    let header = chunk(b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 1, 8, 6, 0, 0, 0]);
    let animation = chunk(b"acTL", &[0, 0, 0, parts.len() as u8, 0, 0, 0, PLAYS]);
    let mut chunks = vec![header, animation];
    chunks.extend(default.map(|part| chunk(b"IDAT", &part.data())));
    let mut sequence = 0;
    let mut next = || {
        sequence += 1;
        sequence - 1
    };
    for (index, part) in parts.iter().enumerate() {
        chunks.push(part.control(next()));
        chunks.push(if index == 0 && default.is_none() {
            chunk(b"IDAT", &part.data())
        } else {
            chunk(b"fdAT", &[&[0, 0, 0, next()][..], &part.data()].concat())
        });
    }
    chunks.push(chunk(b"IEND", &[]));
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
}

const RED: [u8; 4] = [200, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 200, 255];
const GLASS: [u8; 4] = [0, 200, 0, 128];
const NOTHING: [u8; 4] = [0; 4];

#[test]
fn frames_are_composed_as_browsers_show_them() {
    let check = |parts: &[Part], expected: &[[[u8; 4]; 2]]| {
        let image = decode_all(&Png, &file(None, parts));
        let shown: Vec<_> = image.frames.iter().map(to_rgba).collect();
        assert_eq!(shown, expected.iter().map(|pixels| pixels.concat()).collect::<Vec<_>>());
        assert_eq!((image.plays, image.delays_ms), (PLAYS.into(), vec![100; parts.len()]));
    };
    let with = |part: Part, dispose, blend| Part { dispose, blend, ..part };
    let whole = || Part::new(0, 2, RED);
    // Kept, cleared, restored.
    check(&[whole(), Part::new(1, 1, BLUE)], &[[RED, RED], [RED, BLUE]]);
    check(&[with(whole(), 1, 0), Part::new(1, 1, BLUE)], &[[RED, RED], [NOTHING, BLUE]]);
    let restored = [whole(), with(Part::new(0, 1, BLUE), 2, 0), Part::new(1, 1, BLUE)];
    check(&restored, &[[RED, RED], [BLUE, RED], [RED, BLUE]]);
    // Before the first frame there is nothing to restore.
    check(&[with(whole(), 2, 0), Part::new(1, 1, BLUE)], &[[RED, RED], [NOTHING, BLUE]]);
    // Replaced, and blended.
    check(&[whole(), Part::new(1, 1, GLASS)], &[[RED, RED], [RED, GLASS]]);
    let mixed = [100, 100, 0, 255];
    check(&[whole(), with(Part::new(1, 1, GLASS), 0, 1)], &[[RED, RED], [RED, mixed]]);
}

#[test]
fn a_default_image_without_a_control_is_shown_only_as_a_still() {
    let bytes = file(Some(&Part::new(0, 2, GLASS)), &[Part::new(0, 2, RED), Part::new(0, 2, BLUE)]);
    let shown: Vec<_> = decode_all(&Png, &bytes).frames.iter().map(to_rgba).collect();
    assert_eq!(shown, [RED.repeat(2), BLUE.repeat(2)]);
    let still = decode(&Png, &bytes);
    assert_eq!((still.frames.len(), to_rgba(&still.frames[0])), (1, GLASS.repeat(2)));
    assert!(still.delays_ms.is_empty());
    let single = file(Some(&Part::new(0, 2, GLASS)), &[Part::new(0, 2, RED)]);
    let opened = Png.open(single.into(), &Limits::default()).unwrap();
    assert!(!opened.header().is_animated);
}

#[test]
fn frames_count_against_the_limits_and_cut_files_show_what_is_there() {
    let parts = [Part::new(0, 2, RED), Part::new(0, 2, BLUE), Part::new(0, 2, GLASS)];
    let bytes = file(None, &parts);
    let limited = |limits: &Limits| try_decode(&Png, &bytes, &wanted(true), limits).unwrap_err().kind;
    assert_eq!(limited(&Limits { max_frames: 2, ..Limits::default() }), Kind::LimitExceeded);
    assert_eq!(limited(&Limits { max_pixels: 5, ..Limits::default() }), Kind::LimitExceeded);
    assert!(try_decode(&Png, &bytes, &wanted(false), &Limits { max_pixels: 2, ..Limits::default() }).is_ok());
    // In the data of the last frame.
    let cut = decode_all(&Png, &bytes[..bytes.len() - 30]);
    assert_eq!(cut.frames.iter().map(to_rgba).collect::<Vec<_>>(), [RED.repeat(2), BLUE.repeat(2)]);
    assert_survives(&Png, &bytes);
}

#[test]
fn animations_survive_a_round_trip() {
    let size = Size::new(23, 17);
    let animation = |frames: Vec<Frame>, delays_ms: Vec<u32>| Image { delays_ms, plays: 2, ..image(frames) };
    for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
        let frames = [0, 3, 3, 0, 7].map(|shift| scene(size, model, shift)).to_vec();
        assert_round_trip(&Png, &animation(frames, vec![100, 40, 60, 1000, 70_000]));
    }
    // Of few colours, of which one only appears late: the palette is shared.
    let flat = |level: u8| Frame::whole(Size::new(2, 1), Model::Rgb, Samples::U8(vec![7, 7, 7, level, 0, 0]));
    let before = animation(vec![flat(1), flat(2), flat(2), flat(3)], vec![50; 4]);
    let bytes = Png.encode(&before, &Encode::default(), &Stop::default()).unwrap();
    let after = decode_all(&Png, &bytes);
    assert_eq!(after.delays_ms, [50, 100, 50]);
    assert_eq!(after.plays, 2);
    let pixels: Vec<_> = after.frames.iter().map(to_rgba).collect();
    assert_eq!(pixels, [flat(1), flat(2), flat(3)].iter().map(to_rgba).collect::<Vec<_>>());
    assert_eq!(bytes.windows(4).filter(|kind| kind == b"PLTE").count(), 1);
}

/// Writes the RGBA of every frame, and the durations, of the file in its argument.
const PILLOW: &str = "
import sys
from PIL import Image, ImageSequence
with Image.open(sys.argv[1]) as image:
    for frame in ImageSequence.Iterator(image):
        sys.stdout.buffer.write(frame.convert('RGBA').tobytes() + bytes([int(frame.info['duration'])]))
";

#[test]
fn pillow_reads_what_is_written() {
    let Some(python) = safelight_images::python_with_pillow() else { return };
    let frames = [0, 3, 7].map(|shift| scene(Size::new(23, 17), Model::Rgba, shift)).to_vec();
    let before = Image { delays_ms: vec![100, 40, 60], plays: 2, ..image(frames) };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.png");
    std::fs::write(&path, Png.encode(&before, &Encode::default(), &Stop::default()).unwrap()).unwrap();
    let output = std::process::Command::new(python).args(["-c", PILLOW]).arg(path).output().unwrap();
    let shown = before.frames.iter().zip(&before.delays_ms);
    let expected: Vec<u8> =
        shown.flat_map(|(frame, delay)| [to_rgba(frame), vec![*delay as u8]].concat()).collect();
    assert!(output.stdout == expected, "{}", String::from_utf8_lossy(&output.stderr));
}
