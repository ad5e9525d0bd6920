//! Do damaged files of every format give an image or an error about the source, within the memory that is stated, and
//! without a panic of ours? A panic of a third-party decoder is contained, and reported here.
//!
//! `SAFELIGHT_MUTATIONS` sets the number of mutations for each decoder, and of truncations of each file: all of them, if
//! it is as large as the file.

#![cfg(all(
    feature = "jpeg",
    feature = "png",
    feature = "webp",
    feature = "gif",
    feature = "avif",
    feature = "heic",
    feature = "jpeg2000",
    feature = "jxl",
    feature = "tiff",
    feature = "bmp",
    feature = "ico",
    feature = "svg",
    feature = "psd",
    feature = "raw"
))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::Bytes;
use common::{
    heif::{File, Item, boxed, sequence},
    image,
    psd::File as PsdFile,
    scene,
    tiff::File as TiffFile,
};
use image::{ExtendedColorType, ImageFormat};
use peak_alloc::PeakAlloc;
use safelight_codecs::{
    Avif, Bmp, Gif, Heic, Heif, Ico, Jpeg, Jpeg2000, Jxl, Png, Psd, Raw, Svg, Tiff, Webp,
};
use safelight_core::{
    Compression, Decode, Decoder, Encode, Encoder, Error, Format, Image, Kind, Limits, Model, Size, Stop,
};
use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    panic,
    path::Path,
    sync::Mutex,
    time::{Duration, Instant},
};
use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};
use zune_jpegxl::JxlSimpleEncoder;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Mutations of each decoder unless more are wanted.
const MUTATIONS: usize = 300;
/// The most bytes that a source which is rejected allocates.
const REJECTED_BYTES: usize = 4 << 20;
/// What a request may cost, so that a mutant which states more is not decoded.
const MAX_BYTES: u64 = 256 << 20;
const MAX_NS: u64 = 2_000_000_000;

const SIZE: Size = Size::new(26, 19);

/// The places of panics since they were last taken.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Every decoder, and small files of its format.
fn decoders() -> Vec<(&'static dyn Decoder, Vec<Vec<u8>>)> {
    vec![
        (&Jpeg, encoded(&Jpeg)),
        (&Png, encoded(&Png)),
        (&Webp, encoded(&Webp)),
        (&Gif, encoded(&Gif)),
        (&Avif, avif()),
        (&Heic, heic()),
        (&Heif, heif()),
        (&Jpeg2000, codestreams()),
        (&Jxl, jxl()),
        (&Tiff, tiff()),
        (&Bmp, vec![written(ImageFormat::Bmp, Model::Rgb), written(ImageFormat::Bmp, Model::Rgba)]),
        (&Ico, vec![written(ImageFormat::Ico, Model::Rgba)]),
        (&Svg, vec![drawing()]),
        (&Psd, psd()),
        (&Raw, vec![raw()]),
    ]
}

fn encode(encoder: &dyn Encoder, image: &Image, options: &Encode) -> Vec<u8> {
    encoder.encode(image, options, &Stop::default()).unwrap()
}

/// A still image with and without loss, and an animation where the format has them.
fn encoded(encoder: &dyn Encoder) -> Vec<Vec<u8>> {
    let still = image(vec![scene(SIZE, Model::Rgba, 0)]);
    let lossless = Some(Compression::Lossless);
    let options = Encode { progressive: true, compression: lossless, ..Encode::default() };
    let mut files = vec![encode(encoder, &still, &Encode::default()), encode(encoder, &still, &options)];
    if encoder.is_animated() {
        let frames = [0, 4, 9].map(|shift| scene(SIZE, Model::Rgba, shift)).to_vec();
        let animation = Image { delays_ms: vec![20, 30, 40], ..image(frames) };
        files.push(encode(encoder, &animation, &Encode::default()));
    }
    files
}

/// RGB with transparency in runs, 16 bits of more layers, and a palette.
fn psd() -> Vec<Vec<u8>> {
    let samples = |bytes: usize| (0..33 * bytes).map(|at| (at / 4 * 9) as u8).collect::<Vec<_>>();
    let colours = PsdFile { layers: -1, is_packed: true, ..PsdFile::new(3, 8, 4, samples(4)) };
    let deep =
        PsdFile { is_large: true, layers: 0, deep_layers: Some(1), ..PsdFile::new(3, 16, 3, samples(6)) };
    let table = (0..768).map(|at| (at / 3) as u8).collect();
    [colours, deep, PsdFile { table, ..PsdFile::new(2, 8, 1, samples(1)) }].map(|file| file.build()).to_vec()
}

fn avif() -> Vec<Vec<u8>> {
    let items = [0, 9].map(|shift| Item::av1(&scene(SIZE, Model::Rgb, shift)));
    let still = image(vec![scene(SIZE, Model::Rgba, 0)]);
    let high = items[0].clone().coded_as([9, 16, 9], true).with(boxed(b"clli", &[3, 0, 1, 0]));
    vec![
        encode(&Avif, &still, &Encode::default()),
        sequence(b"avis", &items.clone().map(|item| (item, 20)), &items, 0),
        File::new(b"avif", high).build(),
    ]
}

/// A coded image of `bits` bits.
fn hevc(bits: u8, is_grey: bool) -> Item {
    Item::hevc(Size::new(32, 16), bits, is_grey, |x, y| [x * 6 + y, x + 100, y + 90].map(|it| it as u16))
}

fn heic() -> Vec<Vec<u8>> {
    let grid = File::new(b"heic", Item::grid(2, 1, Size::new(60, 16)).rotated(1));
    let alpha = hevc(8, true).into_alpha();
    let high = hevc(10, false).coded_as([9, 18, 9], false).with(boxed(b"mdcv", &[1; 24]));
    let mut collection = File::new(b"heic", high).and(b"thmb", hevc(8, false));
    collection.items.push(hevc(8, false).mirrored(true));
    vec![grid.of([hevc(8, false), hevc(8, false)]).and(b"auxl", alpha).build(), collection.build()]
}

fn heif() -> Vec<Vec<u8>> {
    let overlay = Item::overlay(SIZE, [9; 4], &[(-3, 5), (4, 4)]).cropped(Size::new(9, 9), 1, 1);
    let identity = Item::new(b"iden", Vec::new(), SIZE).rotated(1);
    vec![
        File::new(b"mif1", overlay).of([hevc(8, false), hevc(8, true)]).build(),
        File::new(b"mif1", identity).of([hevc(8, false)]).build(),
    ]
}

fn codestreams() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../containers/tests/codestreams");
    let names = ["grey8-lossy.jp2", "rgb8.jp2", "ht-rgb8.j2c", "ht-signed16.j2c", "grey12-layers.j2k"];
    names.map(|name| fs::read(folder.join(name)).unwrap()).to_vec()
}

/// Files without loss, and those of the conformance suite that are small: with loss, and an animation.
fn jxl() -> Vec<Vec<u8>> {
    let lossless = |model, colours| {
        let frame = scene(SIZE, model, 1);
        let options = EncoderOptions::new(SIZE.w as usize, SIZE.h as usize, colours, BitDepth::Eight);
        let samples = common::samples(&frame);
        let mut file = Vec::new();
        JxlSimpleEncoder::new(&samples, options).encode(&mut file).unwrap();
        file
    };
    let names = ["animation_spline_input.jxl", "upsampling_input.jxl"];
    let found =
        common::formats("jxl").into_iter().filter(|path| names.iter().any(|name| path.ends_with(name)));
    let made = [lossless(Model::Grey, ColorSpace::Luma), lossless(Model::Rgba, ColorSpace::RGBA)];
    made.into_iter().chain(found.map(|path| fs::read(path).unwrap())).collect()
}

fn tiff() -> Vec<Vec<u8>> {
    const COMPRESSION: u16 = 259;
    let noise: Vec<u8> = (0..40 * 40 * 4).map(|at: usize| (at * at / 7) as u8).collect();
    let file = |samples: u16, bits: u16, data: Vec<u8>, compression: u16| {
        let photometric = if samples == 1 { 1 } else { 2 };
        TiffFile::new((16, 16), photometric, &vec![bits; samples.into()], data)
            .with(COMPRESSION, &[compression])
    };
    let deflated = fdeflate::compress_to_vec(&noise[..16 * 16 * 4]);
    let zstd = ruzstd::encoding::compress_to_vec(&noise[..], ruzstd::encoding::CompressionLevel::Fastest);
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(&noise[..768]);
    vec![
        written(ImageFormat::Tiff, Model::Rgba),
        file(3, 8, lzw.unwrap(), 5).bytes(),
        file(1, 32, deflated, 8).with(339, &[3]).bytes(),
        file(3, 16, zstd, 50_000).with(317, &[2]).bytes(),
        file(1, 1, noise[..200].to_vec(), 4).bytes(),
        file(1, 1, noise[..200].to_vec(), 3).bytes(),
        file(3, 8, noise, 32_773).bytes(),
    ]
}

/// A file that the crate `image` writes.
fn written(format: ImageFormat, model: Model) -> Vec<u8> {
    let (mut file, samples) = (Cursor::new(Vec::new()), common::samples(&scene(SIZE, model, 2)));
    let colours = if model == Model::Rgba { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
    image::write_buffer_with_format(&mut file, &samples, SIZE.w, SIZE.h, colours, format).unwrap();
    file.into_inner()
}

fn drawing() -> Vec<u8> {
    b"<svg xmlns='http://www.w3.org/2000/svg' width='24' height='19' viewBox='0 0 24 19'><defs>\
      <linearGradient id='a'><stop stop-color='red'/><stop offset='1' stop-color='#00f'/></linearGradient>\
      </defs><g opacity='.5' transform='rotate(9)'><rect width='9' height='8' rx='2' fill='url(#a)'/>\
      <path d='M1 2c3 4 5 6 7 8z' stroke='green'/></g><text y='15' font-size='6'>Safe</text></svg>"
        .to_vec()
}

/// A raw file of Fujifilm: a header, and the place of a photo.
fn raw() -> Vec<u8> {
    let photo = encode(&Jpeg, &image(vec![scene(SIZE, Model::Rgb, 0)]), &Encode::default());
    let mut raw = [&b"FUJIFILMCCD-RAW "[..], &[0; 80]].concat();
    raw[84..88].copy_from_slice(&96_u32.to_be_bytes());
    raw[88..92].copy_from_slice(&(photo.len() as u32).to_be_bytes());
    [raw, photo].concat()
}

/// Xorshift64 (Marsaglia 2003) from a fixed seed: a failure can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// Changes up to five places, half of them near the start, where the structure is.
    fn mutate(&mut self, source: &[u8]) -> Vec<u8> {
        const NASTY: [u8; 6] = [0, 1, 2, 0x7F, 0x80, 0xFF];
        let mut mutant = source.to_vec();
        for _ in 0..=self.below(4) {
            let reach = if self.below(2) == 0 { mutant.len().min(256) } else { mutant.len() };
            let at = self.below(reach.max(1)).min(mutant.len().saturating_sub(1));
            match self.below(8) {
                _ if mutant.is_empty() => break,
                0..=2 => mutant[at] = self.below(256) as u8,
                3 => mutant[at] = NASTY[self.below(NASTY.len())],
                4 | 5 => mutant[at] ^= 1 << self.below(8),
                6 => mutant.insert(at, self.below(256) as u8),
                _ => {
                    drop(mutant.drain(at..(at + self.below(16)).min(source.len()).min(mutant.len()).max(at)));
                }
            }
        }
        mutant
    }
}

/// The runs of one decoder.
#[derive(Default)]
struct Report {
    images: u64,
    runs: u64,
    slowest: Duration,
    /// How often third-party code panicked, by place.
    panics: BTreeMap<String, u64>,
}

impl Report {
    /// Decodes `source`, a frame, all of them or a page, whole or shrunk, as `round` says.
    #[expect(clippy::disallowed_methods, reason = "the time is reported, and nothing depends on it")]
    fn run(&mut self, decoder: &dyn Decoder, source: Vec<u8>, round: usize) {
        let limits =
            Limits { max_pixels: 1 << 19, max_frames: 8, max_metadata_bytes: 1 << 16, ..Limits::default() };
        let side = [u32::MAX, 9][round % 2];
        let decode = Decode {
            needed: Size::new(side.min(512), side.min(512)),
            all_frames: round.is_multiple_of(3),
            keep_profile: round.is_multiple_of(5),
            chroma: (1, 1),
        };
        let name = decoder.format();
        let source = Bytes::from(source);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let (start, mut stated) = (Instant::now(), REJECTED_BYTES as u64);
        let attempt = || -> Result<bool, Error> {
            let opened = match round % 7 {
                0 => decoder.open_page(source.clone(), 1, &limits)?,
                _ => decoder.open(source.clone(), &limits)?,
            };
            let cost = opened.cost(&decode);
            stated = stated.max(cost.bytes);
            if MAX_BYTES < cost.bytes || MAX_NS < cost.cpu_ns {
                return Ok(false);
            }
            let image = opened.decode(&decode, &Stop::default())?;
            assert!(!image.frames.is_empty());
            Ok(true)
        };
        let result = panic::catch_unwind(panic::AssertUnwindSafe(attempt));
        self.slowest = self.slowest.max(start.elapsed());
        self.runs += 1;
        let context = || format!("{name}, round {round}: {:02X?}", &source[..]);
        for place in std::mem::take(&mut *PANICS.lock().unwrap()) {
            // Paths of crates of the workspace are relative to it.
            assert!(Path::new(&place).is_absolute(), "a panic at {place}: {}", context());
            *self.panics.entry(place).or_default() += 1;
        }
        match result.unwrap_or_else(|_| panic!("a panic was not contained: {}", context())) {
            Ok(is_image) => self.images += u64::from(is_image),
            Err(error) => {
                let kinds = [Kind::Corrupt, Kind::LimitExceeded, Kind::UnsupportedFormat, Kind::InvalidParam];
                assert!(kinds.contains(&error.kind), "{error:?}: {}", context());
            }
        }
        let held = MEMORY.peak_usage().saturating_sub(before) as u64;
        assert!(held <= stated, "{held} bytes, {stated} stated: {}", context());
    }
}

#[expect(clippy::disallowed_methods, reason = "a developer asks for more")]
fn mutations() -> usize {
    std::env::var("SAFELIGHT_MUTATIONS").map_or(MUTATIONS, |number| number.parse().expect("a number"))
}

// The only test of the file: allocations and panics of others would be counted too.
#[test]
fn damage_of_every_format_is_an_image_or_a_typed_error() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map_or_else(String::new, ToString::to_string);
        PANICS.lock().unwrap().push(place);
        hook(info);
    }));
    let decoders = decoders();
    let mut formats: Vec<_> = decoders.iter().map(|(decoder, _)| decoder.format()).collect();
    let mut expected: Vec<_> = Format::all().filter(|format| format.abilities().decode).collect();
    formats.sort_by_key(|format| format.name());
    expected.sort_by_key(|format| format.name());
    assert_eq!(formats, expected, "every decoder is here");
    let mutations = mutations();
    for (decoder, files) in decoders {
        let (mut report, mut random) = (Report::default(), Random(0x9E37_79B9_7F4A_7C15));
        for file in &files {
            report.run(decoder, file.clone(), 1);
            for end in (0..file.len()).step_by((file.len() / mutations).max(1)) {
                report.run(decoder, file[..end].to_vec(), end);
            }
        }
        assert!(files.len() as u64 <= report.images, "{}: a whole file is an image", decoder.format());
        for round in 0..mutations {
            let mutant = random.mutate(&files[round % files.len()]);
            report.run(decoder, mutant, round / files.len());
        }
        let Report { images, runs, slowest, panics } = report;
        let name = decoder.format();
        eprintln!(
            "{name}: {runs} runs, {images} images, slowest {} ms, panics {panics:?}",
            slowest.as_millis()
        );
    }
}
