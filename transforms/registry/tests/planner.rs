//! Decodes at native scales give the images of full decodes, and the needed sizes of every plan are monotonic.

mod common;

use bytes::Bytes;
use common::{Picture, Random, answer_of, source};
use safelight_core::{
    Cost, Decode, Decoder, Detection, Format, Geometry, Header, Image, Limits, Opened, Orientation, PixelOp,
    Registry, Result, Size, Step, Stop,
};
use safelight_registry::{DECODERS, REGISTRY, TRANSFORMS, example_query, example_query_len};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A decoder that counts decodes at a reduced scale, or always decodes at full size.
#[derive(Debug)]
struct Watched {
    decoder: &'static dyn Decoder,
    scale: Scale,
    /// Decodes that were smaller than the image.
    shrunk: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Always the full size.
    Full,
    /// The scale that the decoder chooses.
    Native,
}

impl Decoder for &'static Watched {
    fn format(&self) -> Format {
        self.decoder.format()
    }
    fn open(&self, source: Bytes, limits: &Limits) -> Result<Box<dyn Opened>> {
        Ok(Box::new(WatchedSource { opened: self.decoder.open(source, limits)?, watched: self }))
    }
}

struct WatchedSource {
    opened: Box<dyn Opened>,
    watched: &'static Watched,
}

impl Opened for WatchedSource {
    fn header(&self) -> &Header {
        self.opened.header()
    }
    fn cost(&self, decode: &Decode) -> Cost {
        self.opened.cost(decode)
    }
    fn decoded_size(&self, decode: &Decode) -> Size {
        self.opened.decoded_size(decode)
    }
    fn decode(self: Box<Self>, decode: &Decode, stop: &Stop) -> Result<Image> {
        let stored = self.opened.header().geometry.size;
        assert!(stored.covers(decode.needed), "{:?} needed of {stored:?}", decode.needed);
        let whole = Decode { needed: stored, ..decode.clone() };
        let decode = if self.watched.scale == Scale::Native { decode } else { &whole };
        let stated = self.opened.decoded_size(decode);
        let image = self.opened.decode(decode, stop)?;
        for frame in &image.frames {
            let first = frame.planes.first().expect("a frame has planes");
            assert!(first.size.covers(decode.needed), "{:?} for {:?}", first.size, decode.needed);
            assert!(stated.covers(first.size), "{:?} was stated as {stated:?}", first.size);
            assert_eq!(frame.geometry.size, stored, "sizes are nominal");
            if first.step != (1.0, 1.0) {
                self.watched.shrunk.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(image)
    }
}

/// Returns the registry with every decoder watched, and these decoders.
fn watched(scale: Scale) -> (Registry, Vec<&'static Watched>) {
    let watch = |&decoder| &*Box::leak(Box::new(Watched { decoder, scale, shrunk: AtomicUsize::new(0) }));
    let watched: Vec<&'static Watched> = DECODERS.iter().map(watch).collect();
    let leak = |watched: &&'static Watched| &*Box::leak(Box::new(*watched)) as &'static dyn Decoder;
    let decoders: Vec<_> = watched.iter().map(leak).collect();
    (Registry { decoders: Box::leak(decoders.into_boxed_slice()), ..REGISTRY }, watched)
}

/// Returns samples, and real photos if the corpus is present.
fn photos() -> Vec<(&'static str, Bytes)> {
    const CORPUS: [&str; 7] = [
        "corpus/sharp/2569067123_aca715a2ee_o.jpg",
        "corpus/sharp/flowers.jpeg",
        "corpus/orientation/Landscape_6.jpg",
        "corpus/orientation/Portrait_3.jpg",
        "corpus/sharp/swiss.png",
        "corpus/sharp/4.webp",
        "corpus/sharp/rotating-squares.gif",
    ];
    const OWN: [&str; 6] = [
        "orientation-5.jpg",
        "progressive.jpg",
        "restart.jpg",
        "orientation-6.png",
        "orientation-6.webp",
        "animated.gif",
    ];
    CORPUS.iter().chain(&OWN).filter_map(|name| Some((*name, source(name)?))).collect()
}

/// Returns queries for an image of `size` whose outputs are just above and between the native scales, with every
/// step that changes the needed size. `pixel_steps` compares native scales for every registered transform.
fn queries(size: Size) -> Vec<String> {
    let part = |share: f64| ((f64::from(size.w) * share) as u32).max(1);
    vec![
        format!("width={}", part(0.13)),
        format!("width={}", part(0.2)),
        format!("width={}", part(0.26)),
        format!("width={}", part(0.45)),
        format!("width={}&height={}&fit=cover", part(0.3), part(0.2)),
        format!("width={}&crop=0.21,0.33,0.53,0.41&rotate=90", part(0.1)),
        format!("width={}&height={}&fit=pad&flip=h", part(0.15), part(0.15)),
    ]
}

/// Compares responses from decodes at native scales with those from full decodes. Returns how many decodes of each
/// format were smaller than the image.
fn compare() -> Vec<(Format, usize)> {
    const MIN_DECIBELS: f64 = 40.0;
    let (full, _) = watched(Scale::Full);
    let (shrinking, decoders) = watched(Scale::Native);
    let shrunk = |watched: &Watched| watched.shrunk.load(Ordering::Relaxed);
    let mut failures = Vec::new();
    for (name, source) in photos() {
        let Detection::Known(format) = Format::detect(&source) else { panic!("{name}: unknown format") };
        let is_format = |watched: &&&Watched| watched.decoder.format() == format;
        let watched = *decoders.iter().find(is_format).expect("a format with a decoder");
        let opened = watched.decoder.open(source.clone(), &Limits::default()).expect("a valid photo");
        let size = opened.header().geometry.size;
        for raw in queries(size) {
            let raw = format!("{raw}&format=png");
            let picture = |registry| {
                let answer = answer_of(registry, &raw, &source);
                let answer = answer.unwrap_or_else(|error| panic!("{name}?{raw}: {error}"));
                Picture::decode(&answer.body()).expect("a PNG needs no program")
            };
            let before = shrunk(watched);
            let found = picture(shrinking);
            if before == shrunk(watched) {
                continue;
            }
            let decibels = picture(full).psnr(&found);
            eprintln!("{name}?{raw}: {decibels:.1} dB");
            if decibels < MIN_DECIBELS {
                failures.push(format!("{name}?{raw}: {decibels:.1} dB"));
            }
        }
    }
    assert!(failures.is_empty(), "below {MIN_DECIBELS} dB:\n{}", failures.join("\n"));
    decoders.iter().map(|watched| (watched.decoder.format(), shrunk(watched))).collect()
}

#[test]
fn a_native_scale_gives_the_image_of_a_full_decode() {
    let shrunk = compare();
    for (format, shrunk) in &shrunk {
        eprintln!("{format}: {shrunk} decodes were smaller than the image");
    }
    // There are at least three photos with seven queries each.
    assert!(shrunk.iter().any(|(format, shrunk)| *format == Format::Jpeg && 12 <= *shrunk), "{shrunk:?}");
}

/// Returns a random query over the parameters of all transforms, and its steps on pixels.
fn steps(random: &mut Random) -> (String, Vec<Box<dyn PixelOp>>) {
    let choices: Vec<u8> = (0..example_query_len()).map(|_| random.below(256) as u8).collect();
    let raw = example_query(&choices);
    let query = REGISTRY.query(&raw, "").expect("a valid query");
    let steps = TRANSFORMS.iter().filter_map(|transform| transform.step(&query).expect("a valid query"));
    let ops = steps.filter_map(|step| match step {
        Step::Pixels(op) | Step::PixelsIfDecoding(op) => Some(op),
        _ => None,
    });
    (raw, ops.collect())
}

#[test]
fn needed_sizes_of_every_step_are_monotonic_on_both_axes() {
    let mut random = Random(20_261_122);
    let mut checked = 0;
    for _ in 0..3000 {
        let (raw, ops) = steps(&mut random);
        let size = Size::new(random.within(500, 4000), random.within(1100, 4000));
        let orientation = Orientation::new(random.within(1, 8) as u8).expect("1 to 8");
        let mut geometry = Geometry { size, orientation };
        for op in &ops {
            let Ok(output) = op.output(geometry) else { break };
            let need = Size::new(random.within(1, output.size.w), random.within(1, output.size.h));
            let needed = op.needed(geometry, need);
            for more in
                [Size::new(need.w + random.below(99), need.h), Size::new(need.w, need.h + random.below(99))]
            {
                assert!(
                    op.needed(geometry, more).covers(needed),
                    "{raw} of {geometry:?}, {need:?}, {more:?}"
                );
            }
            assert!(needed.covers(Size::new(1, 1)), "{raw} of {geometry:?}, {need:?}");
            geometry = output;
            checked += 1;
        }
    }
    assert!(6000 < checked, "only {checked} steps were checked");
}
