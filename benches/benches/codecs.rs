//! Decoding and encoding of every format, beside the `image` crate. Throughput counts the bytes of decoded
//! samples.

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use image::{ExtendedColorType, ImageEncoder, codecs};
use safelight_benches::{decode, encoder, sample_bytes};
use safelight_core::{Compression, Encode, Format, Frame, Image, Model, Rect, Samples, Size, Stop};
use std::hint::black_box;

/// Samples of every format that can be decoded.
const SOURCES: &[&str] = &[
    "photo.jpg",
    "progressive.jpg",
    "text-chunks.png",
    "still.webp",
    "animated.webp",
    "animated.gif",
    "photo.tiff",
];
const FORMATS: &[Format] = &[Format::Jpeg, Format::Png, Format::Webp, Format::Avif, Format::Gif];

const SIZE: Size = Size::new(640, 427);

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(20);
    for name in SOURCES {
        let source = Bytes::from(safelight_images::read(name));
        let frames = decode(&source).expect("the sample is valid").frames;
        group.throughput(Throughput::Bytes(sample_bytes(&frames)));
        group.bench_with_input(BenchmarkId::new("safelight", name), &source, |bencher, source| {
            bencher.iter(|| decode(black_box(source)).expect("the sample is valid"));
        });
        // It decodes only the first frame of an animation.
        if frames.len() == 1 {
            group.bench_with_input(BenchmarkId::new("image", name), &source, |bencher, source| {
                bencher.iter(|| image::load_from_memory(black_box(source)).expect("the sample is valid"));
            });
        }
    }
    group.finish();
}

/// Returns a part of the sample photo, which is encoded in each format with its default quality.
fn photo() -> Image {
    let mut image = decode(&safelight_images::read("photo.jpg").into()).expect("the sample is valid");
    image.frames = image.frames.into_iter().map(part).collect();
    image.profile = None;
    image
}

fn part(mut frame: Frame) -> Frame {
    frame.crop(Rect { x: 400, y: 300, size: SIZE });
    frame.materialize().expect("the part has whole pixels")
}

/// Returns the image with an alpha gradient.
fn translucent(image: &Image) -> Image {
    let with_alpha = |frame: &Frame| {
        let alphas =
            (0..SIZE.h).flat_map(|y| (0..SIZE.w).map(move |x| ((x + y) * 255 / (SIZE.w + SIZE.h)) as u8));
        let samples = rgb(frame).chunks_exact(3).zip(alphas);
        let samples = samples.flat_map(|(pixel, alpha)| [pixel[0], pixel[1], pixel[2], alpha]).collect();
        Frame::whole(SIZE, Model::Rgba, Samples::U8(samples))
    };
    Image { frames: image.frames.iter().map(with_alpha).collect(), ..image.clone() }
}

fn rgb(frame: &Frame) -> &[u8] {
    match frame.planes.as_slice() {
        [plane] => match &plane.samples {
            Samples::U8(samples) if frame.model == Model::Rgb => samples,
            _ => panic!("the photo is not 8-bit RGB"),
        },
        _ => panic!("the photo has several planes"),
    }
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.sample_size(10);
    let photo = photo();
    group.throughput(Throughput::Bytes(sample_bytes(&photo.frames)));
    for format in FORMATS {
        let encoder = encoder(*format);
        group.bench_with_input(BenchmarkId::new("safelight", format.mime()), &photo, |bencher, photo| {
            bencher.iter(|| {
                encoder.encode(black_box(photo), &Encode::default(), &Stop::default()).expect("a valid image")
            });
        });
    }
    let lossless = Encode { compression: Some(Compression::Lossless), ..Encode::default() };
    group.bench_function("safelight/image/webp, lossless", |bencher| {
        bencher.iter(|| {
            encoder(Format::Webp)
                .encode(black_box(&photo), &lossless, &Stop::default())
                .expect("a valid image")
        });
    });
    let (w, h, colours) = (SIZE.w, SIZE.h, ExtendedColorType::Rgb8);
    let samples = rgb(&photo.frames[0]);
    group.bench_function("image/image/jpeg", |bencher| {
        let encode = |mut file: Vec<u8>| {
            codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 80).encode(
                black_box(samples),
                w,
                h,
                colours,
            )
        };
        bencher.iter_batched(Vec::new, |file| encode(file).expect("a valid image"), BatchSize::SmallInput);
    });
    group.bench_function("image/image/png", |bencher| {
        let encode = |mut file: Vec<u8>| {
            codecs::png::PngEncoder::new(&mut file).write_image(black_box(samples), w, h, colours)
        };
        bencher.iter_batched(Vec::new, |file| encode(file).expect("a valid image"), BatchSize::SmallInput);
    });

    let translucent = translucent(&photo);
    group.throughput(Throughput::Bytes(sample_bytes(&translucent.frames)));
    for format in [Format::Png, Format::Webp] {
        let name = format!("safelight/{}, with alpha", format.mime());
        group.bench_with_input(name, &translucent, |bencher, image| {
            bencher.iter(|| {
                encoder(format)
                    .encode(black_box(image), &Encode::default(), &Stop::default())
                    .expect("a valid image")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decoding, encoding);
criterion_main!(benches);
