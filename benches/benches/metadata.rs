//! Strip and show for every container, beside a copy of the same bytes in memory, and beside crates that do
//! part of the same work.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use img_parts::{DynImage, ImageEXIF};
use safelight_benches::{large_jpeg, run};
use std::{hint::black_box, io::Cursor};

/// One sample of each container.
const SAMPLES: &[&str] = &[
    "photo.jpg",
    "progressive.jpg",
    "motion-photo.jpg",
    "text-chunks.png",
    "animated.png",
    "still.webp",
    "animated.webp",
    "animated.gif",
    "photo.avif",
    "photo.tiff",
];

/// Returns a JPEG of 5 MB with the metadata of the sample photo before its scan, and a trailer after it: the
/// whole scan must be read to find the trailer.
fn photo_of_5_mb() -> Bytes {
    let photo = safelight_images::read("photo.jpg");
    let scan = photo.windows(2).rposition(|marker| marker == [0xFF, 0xDA]).expect("a photo has a scan");
    large_jpeg(&photo[..scan + 14], 5_000_000, &[7; 1000])
}

fn strip(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("strip");
    let large = photo_of_5_mb();
    group.throughput(Throughput::Bytes(large.len() as u64));
    let mut copy = vec![0; large.len()];
    group.bench_function("memcpy/5-mb.jpg", |bencher| {
        bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&large)));
    });
    group.bench_function("strip/5-mb.jpg", |bencher| {
        bencher.iter(|| run("", black_box(&large)).expect("the JPEG has valid parts"));
    });
    for name in SAMPLES {
        let source = Bytes::from(safelight_images::read(name));
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_with_input(BenchmarkId::new("strip", name), &source, |bencher, source| {
            bencher.iter(|| run("", black_box(source)).expect("the sample is valid"));
        });
    }
    // It removes only EXIF: XMP, IPTC, comments and data after the image stay.
    for name in ["photo.jpg", "text-chunks.png", "still.webp"] {
        let source = Bytes::from(safelight_images::read(name));
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_with_input(BenchmarkId::new("img-parts", name), &source, |bencher, source| {
            bencher.iter(|| {
                let image = DynImage::from_bytes(black_box(source).clone()).expect("the sample is valid");
                let mut image = image.expect("a supported container");
                image.set_exif(None);
                image.encoder().bytes()
            });
        });
    }
    group.finish();
}

fn show(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("show");
    let large = photo_of_5_mb();
    let mut sources = vec![("5-mb.jpg", large)];
    sources.extend(SAMPLES.iter().map(|name| (*name, Bytes::from(safelight_images::read(name)))));
    for (name, source) in &sources {
        let output = run("showExif=true", source).expect("the sample is valid");
        eprintln!("show/{name} reads {} of {} bytes", output.read, source.len());
        // Only the start of the file is read, whatever its size.
        group.throughput(Throughput::Bytes(output.read as u64));
        group.bench_with_input(BenchmarkId::new("show", name), source, |bencher, source| {
            bencher.iter(|| run("showExif=true", black_box(source)).expect("the sample is valid"));
        });
    }
    // It parses EXIF, and writes no JSON.
    for name in ["photo.jpg", "text-chunks.png", "still.webp", "photo.avif", "photo.tiff"] {
        let source = safelight_images::read(name);
        group.throughput(Throughput::Elements(1));
        group.bench_with_input(BenchmarkId::new("kamadak-exif", name), &source, |bencher, source| {
            let mut reader = exif::Reader::new();
            reader.continue_on_error(true);
            bencher.iter(|| {
                let parsed = reader.read_from_container(&mut Cursor::new(black_box(source)));
                parsed.or_else(|error| error.distill_partial_result(|_| ())).expect("the sample has EXIF")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, strip, show);
criterion_main!(benches);
