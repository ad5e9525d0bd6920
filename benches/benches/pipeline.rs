//! Whole requests, from encoded bytes to encoded bytes, beside the `image` crate. Throughput counts the bytes
//! of the decoded source.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::{ImageFormat, imageops::FilterType};
use safelight_benches::{decode, run, sample_bytes};
use std::{hint::black_box, io::Cursor};

/// Samples, and queries for them.
const REQUESTS: &[(&str, &str)] = &[
    ("photo.jpg", "width=800"),
    ("photo.jpg", "width=200"),
    ("photo.jpg", "width=320&format=webp"),
    ("photo.jpg", "width=320&format=png"),
    ("photo.jpg", "width=160&format=avif"),
    ("photo.jpg", "crop=0.25,0.25,0.5,0.5&width=320&rotate=90&sharpen=1"),
    ("progressive.jpg", "width=200"),
    ("orientation-6.jpg", "width=200"),
    ("text-chunks.png", "width=200"),
    ("still.webp", "width=200"),
    ("animated.webp", "width=100"),
    ("animated.gif", "width=100"),
    ("photo.tiff", "width=200"),
];

/// Samples, sizes and formats that the `image` crate produces too.
const SHARED: &[(&str, &str, u32, u32, ImageFormat)] = &[
    ("photo.jpg", "width=800", 800, 534, ImageFormat::Jpeg),
    ("photo.jpg", "width=320&format=png", 320, 213, ImageFormat::Png),
];

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.sample_size(10);
    for (name, query) in REQUESTS {
        let source = Bytes::from(safelight_images::read(name));
        let decoded = decode(&source).expect("the sample is valid");
        group.throughput(Throughput::Bytes(sample_bytes(&decoded.frames)));
        group.bench_function(format!("safelight/{name}?{query}"), |bencher| {
            bencher.iter(|| run(query, black_box(&source)).expect("the sample is valid"));
        });
    }
    for (name, query, width, height, format) in SHARED {
        let source = safelight_images::read(name);
        let decoded = decode(&source.clone().into()).expect("the sample is valid");
        group.throughput(Throughput::Bytes(sample_bytes(&decoded.frames)));
        group.bench_function(format!("image/{name}?{query}"), |bencher| {
            bencher.iter(|| {
                let decoded = image::load_from_memory(black_box(&source)).expect("the sample is valid");
                let mut file = Cursor::new(Vec::new());
                let scaled = decoded.resize_exact(*width, *height, FilterType::Lanczos3);
                scaled.write_to(&mut file, *format).expect("a valid image");
                file
            });
        });
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
