//! Shared by the tests of several formats: images, comparisons, independent decoders, damage.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod float;
#[cfg(all(feature = "avif", feature = "heic"))]
pub(crate) mod heif;
pub(crate) mod icc;
pub(crate) mod jpeg;
pub(crate) mod psd;
pub(crate) mod tiff;

use bytes::Bytes;
use safelight_core::{
    Decode, Decoder, Encode, Encoder, Frame, Header, Image, Kind, Limits, Model, Result, Samples, Size, Stop,
};
use std::path::PathBuf;
use std::process::Command;
use std::{fs, panic};

/// A sample of the project.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(safelight_images::path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Real files; empty without the corpus.
pub(crate) fn corpus(names: &[&str]) -> Vec<Vec<u8>> {
    let Some(folder) = safelight_images::corpus() else { return Vec::new() };
    let read = |name: &&str| fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    names.iter().map(read).collect()
}

/// The files in a folder of formats beside the corpus; none without it.
pub(crate) fn formats(name: &str) -> Vec<PathBuf> {
    let folder =
        safelight_images::corpus().and_then(|corpus| Some(corpus.parent()?.join("formats").join(name)));
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

pub(crate) fn wanted(all_frames: bool) -> Decode {
    Decode { needed: Size::new(u32::MAX, u32::MAX), all_frames, keep_profile: false, chroma: (1, 1) }
}

pub(crate) fn header(decoder: &dyn Decoder, bytes: &[u8], limits: &Limits) -> Result<Header> {
    Ok(*decoder.open(Bytes::copy_from_slice(bytes), limits)?.header())
}

pub(crate) fn try_decode(
    decoder: &dyn Decoder,
    bytes: &[u8],
    decode: &Decode,
    limits: &Limits,
) -> Result<Image> {
    decoder.decode(Bytes::copy_from_slice(bytes), decode, limits)
}

pub(crate) fn decode(decoder: &dyn Decoder, bytes: &[u8]) -> Image {
    try_decode(decoder, bytes, &wanted(false), &Limits::default()).unwrap()
}

pub(crate) fn decode_all(decoder: &dyn Decoder, bytes: &[u8]) -> Image {
    try_decode(decoder, bytes, &wanted(true), &Limits::default()).unwrap()
}

/// Encodes with defaults and decodes again: the number of plays is the same, and the frames look alike at every time. Frames
/// that look the same may be merged.
pub(crate) fn assert_round_trip<Codec: Decoder + Encoder>(codec: &Codec, before: &Image) {
    let after = decode_all(codec, &codec.encode(before, &Encode::default(), &Stop::default()).unwrap());
    if let [only] = &*after.frames {
        assert!(before.frames.iter().all(|frame| 28.0 < psnr(only, frame)));
        return;
    }
    let duration = |image: &Image| image.delays_ms.iter().map(|delay| u64::from(*delay)).sum::<u64>();
    assert_eq!((duration(&after), after.plays), (duration(before), before.plays));
    let (mut shown, mut until) = (after.frames.iter().zip(&after.delays_ms), 0);
    let mut now = None;
    let mut start = 0;
    for (frame, delay_ms) in before.frames.iter().zip(&before.delays_ms) {
        while until <= start {
            let (next, next_ms) = shown.next().expect("the durations are the same");
            (now, until) = (Some(next), until + u64::from(*next_ms));
            if *next_ms == 0 {
                break;
            }
        }
        let decibels = psnr(now.unwrap(), frame);
        assert!(28.0 < decibels, "{decibels} dB after {start} ms");
        start += u64::from(*delay_ms);
        assert!(start <= until, "a frame is shown for less time");
    }
}

pub(crate) fn decode_with_profile(decoder: &dyn Decoder, bytes: &[u8]) -> Image {
    let decode = Decode { keep_profile: true, ..wanted(false) };
    try_decode(decoder, bytes, &decode, &Limits::default()).unwrap()
}

pub(crate) fn image(frames: Vec<Frame>) -> Image {
    Image { frames, delays_ms: Vec::new(), plays: 0, profile: None }
}

/// A smooth image with an edge, which moves with `shift`; its alpha, if it has one, is 0, 128 or 255.
pub(crate) fn scene(size: Size, model: Model, shift: u32) -> Frame {
    let pixel = |i: u32| {
        let (x, y) = (i % size.w, i / size.w);
        let edge = if x < size.w / 3 + shift { 60 } else { 0 };
        let colour =
            [x * 190 / size.w + edge, y * 190 / size.h + edge, (x + y) * 90 / (size.w + size.h) + 50];
        let alpha = [255, 128, 0][(y * 3 / size.h) as usize];
        let colour = colour.map(|level| level as u8);
        match model {
            Model::Grey => vec![colour[0]],
            Model::GreyAlpha => vec![colour[0], alpha],
            Model::Rgb | Model::Ycc { .. } => colour.to_vec(),
            Model::Rgba => [colour.as_slice(), &[alpha]].concat(),
        }
    };
    let samples = (0..size.w * size.h).flat_map(pixel).collect();
    Frame::whole(size, model, Samples::U8(samples))
}

/// The samples of a frame of eight bits, as they are.
pub(crate) fn samples(frame: &Frame) -> Vec<u8> {
    let Samples::U8(samples) = &frame.planes[0].samples else { panic!("the frame has 16 bits") };
    samples.clone()
}

/// The pixels of a frame of eight bits, shape `[h, w, 4]`.
pub(crate) fn to_rgba(frame: &Frame) -> Vec<u8> {
    let Samples::U8(samples) = &frame.planes[0].samples else { panic!("the frame has 16 bits") };
    let pixel = |pixel: &[u8]| match *pixel {
        [grey] => [grey, grey, grey, 255],
        [grey, alpha] => [grey, grey, grey, alpha],
        [r, g, b] => [r, g, b, 255],
        [r, g, b, alpha] => [r, g, b, alpha],
        _ => panic!("pixels have one to four channels"),
    };
    samples.chunks_exact(frame.model.channels().into()).flat_map(pixel).collect()
}

/// Peak signal-to-noise ratio in decibels of the visible colours; 99 for equal frames.
pub(crate) fn psnr(a: &Frame, b: &Frame) -> f64 {
    psnr_of(&to_rgba(a), &to_rgba(b))
}

fn psnr_of(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let (mut sum, mut count) = (0, 0);
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)).filter(|(a, b)| a[3] != 0 || b[3] != 0) {
        sum += (0..3).map(|i| u64::from(a[i].abs_diff(b[i])).pow(2)).sum::<u64>();
        count += 3;
    }
    if sum == 0 { 99.0 } else { 10.0 * (255.0 * 255.0 * f64::from(count) / sum as f64).log10() }
}

/// The ratio to a PAM file with four channels.
pub(crate) fn psnr_to_pam(frame: &Frame, pam: &[u8]) -> f64 {
    let end = pam.windows(7).position(|window| window == b"ENDHDR\n").expect("the file is a PAM") + 7;
    let Size { w, h } = frame.geometry.size;
    let head = String::from_utf8_lossy(&pam[..end]);
    assert!(head.contains(&format!("WIDTH {w}")) && head.contains(&format!("HEIGHT {h}")), "{head}");
    assert!(head.contains("DEPTH 4"), "{head}");
    psnr_of(&to_rgba(frame), &pam[end..])
}

/// An independent program.
pub(crate) struct Judge(&'static str);

impl Judge {
    /// Returns the program, if it is installed.
    pub(crate) fn find(name: &'static str) -> Option<Self> {
        safelight_images::program(name).map(|_| Self(name))
    }

    /// Runs it on `bytes` with `IN` and `OUT` among `args` replaced by paths; returns its output file.
    pub(crate) fn decode(&self, bytes: &[u8], extension: &str, args: &[&str]) -> Vec<u8> {
        let (out, text) = self.run(bytes, extension, args);
        out.unwrap_or_else(|| panic!("{} wrote nothing: {text}", self.0))
    }

    /// Its report on `bytes`.
    pub(crate) fn report(&self, bytes: &[u8], extension: &str, args: &[&str]) -> String {
        self.run(bytes, extension, args).1
    }

    fn run(&self, bytes: &[u8], extension: &str, args: &[&str]) -> (Option<Vec<u8>>, String) {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join(format!("in.{extension}")), folder.path().join("out.png"));
        fs::write(&source, bytes).unwrap();
        let arg = |arg: &&str| match *arg {
            "IN" => source.clone().into_os_string(),
            "OUT" => target.clone().into_os_string(),
            arg => arg.into(),
        };
        let output = Command::new(self.0).args(args.iter().map(arg)).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (fs::read(target).ok(), String::from_utf8_lossy(&text).into_owned())
    }
}

/// Checks that every truncation and many mutations of `bytes` give an image or a typed error.
pub(crate) fn assert_survives(decoder: &dyn Decoder, bytes: &[u8]) {
    let limits = Limits { max_pixels: 1 << 16, max_frames: 16, ..Limits::default() };
    let check = |damaged: &[u8], what: &str| {
        let run = || {
            let _ = decoder.open_stream(damaged, &limits);
            try_decode(decoder, damaged, &wanted(true), &limits)
        };
        let result = panic::catch_unwind(panic::AssertUnwindSafe(run));
        match result.unwrap_or_else(|_| panic!("{what} makes it panic")) {
            Ok(image) => assert!(!image.frames.is_empty()),
            Err(error) => assert!(
                matches!(error.kind, Kind::Corrupt | Kind::LimitExceeded | Kind::UnsupportedFormat),
                "{what}: {error}"
            ),
        }
    };
    for length in 0..bytes.len() {
        check(&bytes[..length], &format!("{} cut to {length}", decoder.format()));
    }
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    for round in 0..3000 {
        let mut damaged = bytes.to_vec();
        for _ in 0..=next(4) {
            let reach = if next(2) == 0 { bytes.len().min(80) } else { bytes.len() };
            let at = next(reach);
            damaged[at] = next(256) as u8;
        }
        check(&damaged, &format!("{} in round {round}", decoder.format()));
    }
}
