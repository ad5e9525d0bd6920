//! Encoders in children of this test program, which knows all codecs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;

use safelight_core::{
    ColourClass, Compression, Cost, Encode, Encoder, Format, Frame, Image, Isolation, Kind, Model, Profile,
    Result, Samples, Size, Stop, StopReason,
};
use safelight_isolate::{IsolatedEncoder, Pool, run_if_worker, work};
use safelight_registry::REGISTRY;
use std::{process::ExitCode, sync::Arc, thread::scope};

/// An encoder that always asks for a child.
#[derive(Debug)]
struct Always(&'static dyn Encoder);

impl Encoder for Always {
    fn format(&self) -> Format {
        self.0.format()
    }

    fn is_animated(&self) -> bool {
        self.0.is_animated()
    }

    fn carries_profile(&self) -> bool {
        self.0.carries_profile()
    }

    fn isolation(&self) -> Isolation {
        Isolation::Always
    }

    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost {
        self.0.cost(size, frames, options)
    }

    fn encode(&self, _image: &Image, _options: &Encode, _stop: &Stop) -> Result<Vec<u8>> {
        panic!("it runs in a child")
    }
}

/// Returns the encoder of `format`, in this process and in children.
fn encoders(format: Format) -> (&'static dyn Encoder, IsolatedEncoder) {
    let encoder = REGISTRY.encoder(format).unwrap();
    let always: &dyn Encoder = Box::leak(Box::new(Always(encoder)));
    (encoder, IsolatedEncoder::new(always, Arc::new(Pool::new(2).unwrap())))
}

/// Only an image that takes long needs a child, if the encoder stops between frames.
fn short_encodes_stay_here() {
    let gif = REGISTRY.encoder(Format::Gif).unwrap();
    let isolated = IsolatedEncoder::new(gif, Arc::new(Pool::new(0).unwrap()));
    for (size, is_child) in [(Size::new(100, 100), false), (Size::new(2000, 2000), true)] {
        let options = Encode::default();
        let (own, isolated) = (gif.cost(size, 1, &options), isolated.cost(size, 1, &options));
        assert_eq!(own.bytes < isolated.bytes, is_child, "{size:?}");
    }
}

/// Returns an image of waves, in a model, with a sample type.
fn image(size: Size, model: Model, bits: u8) -> Image {
    let count = size.pixels() as usize * usize::from(model.channels());
    let wave = |at: usize| (at as f64 / 37.0).sin().mul_add(0.5, 0.5);
    let samples = match bits {
        8 => Samples::U8((0..count).map(|at| (wave(at) * 255.0) as u8).collect()),
        _ => Samples::U16((0..count).map(|at| (wave(at) * 65_535.0) as u16).collect()),
    };
    Image { frames: vec![Frame::whole(size, model, samples)], delays_ms: vec![], plays: 0, profile: None }
}

fn bytes_are_those_of_the_encoder() {
    let size = Size::new(61, 43);
    for format in [Format::Avif, Format::Png, Format::Jpeg, Format::Webp, Format::Gif] {
        let (own, isolated) = encoders(format);
        assert_eq!((isolated.format(), isolated.is_animated()), (own.format(), own.is_animated()));
        for (model, bits) in
            [(Model::Grey, 8), (Model::GreyAlpha, 16), (Model::Rgb, 8), (Model::Rgb, 16), (Model::Rgba, 8)]
        {
            let image = image(size, model, bits);
            for quality in [None, Some(1), Some(100)] {
                let options = Encode { quality, ..Encode::default() };
                let expected = own.encode(&image, &options, &Stop::default()).unwrap();
                let encoded = isolated.encode(&image, &options, &Stop::default()).unwrap();
                assert!(encoded == expected, "{format}, {model:?}, {bits} bits, {quality:?}");
            }
        }
    }
}

fn animations_are_those_of_the_encoder() {
    let (own, isolated) = encoders(Format::Webp);
    let mut film = image(Size::new(8, 8), Model::Rgba, 8);
    film.frames.extend(image(Size::new(8, 8), Model::Rgba, 8).frames);
    film.frames[1].planes[0].samples = Samples::U8(vec![200; 256]);
    film.delays_ms = vec![40, 80];
    film.plays = 2;
    let options = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    assert!(
        isolated.encode(&film, &options, &Stop::default()).unwrap()
            == own.encode(&film, &options, &Stop::default()).unwrap()
    );
}

fn profiles_are_applied_before() {
    /// A profile whose conversion makes an image black.
    fn blacken(frames: &mut [Frame], icc: &[u8]) {
        assert_eq!(icc, b"icc");
        for frame in frames {
            frame.planes[0].samples = Samples::U8(vec![0; frame.planes[0].samples.len()]);
        }
    }
    let (own, isolated) = encoders(Format::Png);
    assert!(own.carries_profile() && !isolated.carries_profile());
    let mut image = image(Size::new(8, 8), Model::Rgb, 8);
    image.profile = Some(Profile::new(*b"icc", ColourClass::Rgb, blacken));
    let encoded = isolated.encode(&image, &Encode::default(), &Stop::default()).unwrap();
    blacken(&mut image.frames, b"icc");
    image.profile = None;
    assert!(encoded == own.encode(&image, &Encode::default(), &Stop::default()).unwrap());
}

fn errors_are_those_of_the_encoder() {
    let (own, isolated) = encoders(Format::Avif);
    let long = image(Size::new((1 << 16) + 1, 1), Model::Grey, 8);
    let expected = own.encode(&long, &Encode::default(), &Stop::default()).unwrap_err();
    let error = isolated.encode(&long, &Encode::default(), &Stop::default()).unwrap_err();
    assert_eq!((error.kind, &error.message), (Kind::InvalidParam, &expected.message));

    let mut broken = image(Size::new(4, 4), Model::Rgb, 8);
    broken.frames[0].planes[0].samples = Samples::U8(vec![0; 47]);
    let error = isolated.encode(&broken, &Encode::default(), &Stop::default()).unwrap_err();
    assert_eq!(error.kind, Kind::Internal, "a plane of the wrong length is a defect");
    assert!(
        isolated.encode(&image(Size::new(4, 4), Model::Rgb, 8), &Encode::default(), &Stop::default()).is_ok()
    );
}

/// The estimated cost is the limit of the child: an image that needed more would be rejected.
fn the_estimated_memory_is_enough() {
    let (own, isolated) = encoders(Format::Avif);
    for (size, model, bits, quality) in [
        (Size::new(1, 1), Model::Rgba, 8, 100),
        (Size::new(2000, 3), Model::Rgb, 8, 100),
        (Size::new(3, 2000), Model::Rgba, 16, 100),
        (Size::new(200, 160), Model::Rgba, 8, 100),
        (Size::new(320, 240), Model::Rgb, 8, 90),
        (Size::new(320, 240), Model::Rgba, 16, 1),
    ] {
        let mut image = image(size, model, bits);
        add_noise(&mut image);
        let options = Encode { quality: Some(quality), ..Encode::default() };
        let encoded = isolated.encode(&image, &options, &Stop::default());
        assert!(encoded.is_ok(), "{size:?}, {model:?}, {bits} bits, quality {quality}: {encoded:?}");
        let (inner, outer) = (own.cost(size, 1, &options), isolated.cost(size, 1, &options));
        assert!(inner.bytes < outer.bytes && inner.cpu_ns < outer.cpu_ns, "the child has a cost too");
    }
}

/// Replaces each second sample by noise, which needs the most bytes.
fn add_noise(image: &mut Image) {
    let mut random = fastrand::Rng::with_seed(1);
    match &mut image.frames[0].planes[0].samples {
        Samples::U8(samples) => samples.iter_mut().step_by(2).for_each(|sample| *sample = random.u8(..)),
        Samples::U16(samples) => samples.iter_mut().step_by(2).for_each(|sample| *sample = random.u16(..)),
    }
}

fn a_stopped_encode_ends_and_says_why() {
    let (_, isolated) = encoders(Format::Avif);
    let image = image(Size::new(2000, 2000), Model::Rgb, 8);
    for (reason, kind) in [
        (StopReason::Disconnected, Kind::Cancelled),
        (StopReason::Deadline, Kind::Timeout),
        (StopReason::Shutdown, Kind::Busy),
    ] {
        let stop = Stop::default();
        scope(|scope| {
            // Encoding takes far longer than starting this.
            let encode = scope.spawn(|| isolated.encode(&image, &Encode::default(), &stop));
            stop.set(reason);
            assert_eq!(encode.join().unwrap().unwrap_err().kind, kind);
        });
    }
    assert!(
        isolated
            .encode(&self::image(Size::new(9, 9), Model::Rgb, 8), &Encode::default(), &Stop::default())
            .is_ok()
    );
}

fn images_are_encoded_in_parallel() {
    const THREADS: u32 = 6;
    let (own, isolated) = encoders(Format::Avif);
    scope(|scope| {
        for thread in 1..=THREADS {
            let isolated = &isolated;
            scope.spawn(move || {
                let image = image(Size::new(20 * thread, 30), Model::Rgb, 8);
                let expected = own.encode(&image, &Encode::default(), &Stop::default()).unwrap();
                assert!(isolated.encode(&image, &Encode::default(), &Stop::default()).unwrap() == expected);
            });
        }
    });
}

fn main() -> ExitCode {
    if let Some(code) = run_if_worker(|input, output| work(REGISTRY, input, output)) {
        return code;
    }
    common::run_tests(&[
        ("bytes_are_those_of_the_encoder", bytes_are_those_of_the_encoder),
        ("animations_are_those_of_the_encoder", animations_are_those_of_the_encoder),
        ("profiles_are_applied_before", profiles_are_applied_before),
        ("errors_are_those_of_the_encoder", errors_are_those_of_the_encoder),
        ("the_estimated_memory_is_enough", the_estimated_memory_is_enough),
        ("a_stopped_encode_ends_and_says_why", a_stopped_encode_ends_and_says_why),
        ("images_are_encoded_in_parallel", images_are_encoded_in_parallel),
        ("short_encodes_stay_here", short_encodes_stay_here),
    ])
}
