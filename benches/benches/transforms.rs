//! Every transform of pixels on our sample photo, beside the crates that do the same. Bytes are those of the
//! samples that come in.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fast_image_resize::{PixelType, Resizer, images};
use image::{RgbImage, imageops};
use safelight_benches::{decode, op, sample_bytes};
use safelight_core::{Frame, Model, Orientation, Samples};
use std::hint::black_box;

/// Names of transforms, and what they are asked for.
const STEPS: &[(&str, &str)] = &[
    ("crop", "crop=101,51,1200,800"),
    ("resize", "width=800"),
    ("resize", "width=200&height=200&fit=cover"),
    ("resize", "width=800&height=800&fit=pad"),
    ("resize", "width=2400&fit=contain"),
    ("rotate-flip", "rotate=90"),
    ("rotate-flip", "rotate=180"),
    ("rotate-flip", "flip=h"),
    ("blur", "blur=1"),
    ("blur", "blur=20"),
    ("sharpen", "sharpen=1"),
];

fn photo() -> Frame {
    let image = decode(&safelight_images::read("photo.jpg").into()).expect("our own samples are sound");
    let frame = image.frames.into_iter().next().expect("a picture has a frame");
    // A codec may give planes larger than the picture; the peers index pixels.
    frame.materialize().expect("a picture at full size")
}

fn translucent(frame: &Frame) -> Frame {
    let samples = samples(frame).chunks_exact(3).enumerate();
    let samples = samples.flat_map(|(at, pixel)| [pixel[0], pixel[1], pixel[2], at as u8]).collect();
    Frame::whole(frame.geometry.size, Model::Rgba, Samples::U8(samples))
}

fn samples(frame: &Frame) -> &[u8] {
    match frame.planes.first().map(|plane| &plane.samples) {
        Some(Samples::U8(samples)) if frame.model == Model::Rgb => samples,
        _ => panic!("the photo is not RGB of 8 bits"),
    }
}

fn transforms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(20);
    let photo = photo();
    group.throughput(Throughput::Bytes(sample_bytes(std::slice::from_ref(&photo))));
    let mut bench = |transform: &str, query: &str, name: &str, frame: &Frame| {
        let op = op(transform, query);
        // A crop moves no sample before an encoder asks for whole planes.
        let apply = |frame| op.apply(frame).and_then(Frame::flatten).expect("a step that suits the photo");
        group.bench_function(format!("safelight/{name}"), |bencher| {
            bencher.iter_batched(|| frame.clone(), |frame| apply(black_box(frame)), BatchSize::LargeInput);
        });
    };
    for (transform, query) in STEPS {
        bench(transform, query, query, &photo);
    }
    bench("resize", "width=800", "width=800, with alpha", &translucent(&photo));
    for value in [2, 6] {
        let mut turned = photo.clone();
        turned.geometry.orientation = Orientation::new(value).expect("one of EXIF's");
        bench("orient", "width=800", &format!("orientation {value}"), &turned);
    }
    group.finish();
}

fn peers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(10);
    let photo = photo();
    let size = photo.geometry.size;
    group.throughput(Throughput::Bytes(sample_bytes(std::slice::from_ref(&photo))));
    let picture = RgbImage::from_raw(size.w, size.h, samples(&photo).to_vec()).expect("samples of its size");

    let height = (800 * size.h).div_ceil(size.w);
    group.bench_function("fast_image_resize/width=800", |bencher| {
        let source = images::ImageRef::new(size.w, size.h, samples(&photo), PixelType::U8x3);
        let source = source.expect("samples of its size");
        bencher.iter(|| {
            let mut target = images::Image::new(800, height, PixelType::U8x3);
            Resizer::new().resize(black_box(&source), &mut target, None).expect("both are RGB");
            target
        });
    });
    group.bench_function("image/width=800", |bencher| {
        bencher.iter(|| imageops::resize(black_box(&picture), 800, height, imageops::FilterType::Lanczos3));
    });
    group.bench_function("image/rotate=90", |bencher| {
        bencher.iter(|| imageops::rotate90(black_box(&picture)));
    });
    group.bench_function("image/flip=h", |bencher| {
        bencher.iter(|| imageops::flip_horizontal(black_box(&picture)));
    });
    group.bench_function("image/blur=1", |bencher| {
        bencher.iter(|| imageops::blur(black_box(&picture), 1.0));
    });
    group.bench_function("image/blur=20, of three boxes", |bencher| {
        bencher.iter(|| imageops::fast_blur(black_box(&picture), 20.0));
    });
    group.bench_function("image/sharpen=1", |bencher| {
        bencher.iter(|| imageops::unsharpen(black_box(&picture), 1.0, 0));
    });
    group.finish();
}

criterion_group!(benches, transforms, peers);
criterion_main!(benches);
