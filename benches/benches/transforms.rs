//! Every transform on pixels, on the sample photo, beside other crates. Queries come from the declared
//! parameters, so that a new transform is measured too. Throughput counts the bytes of the input's samples.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use fast_image_resize::{PixelType, Resizer, images};
use image::{RgbImage, imageops};
use safelight_benches::{decode, pixel_op, sample_bytes};
use safelight_core::{Frame, Model, Orientation, Result, Samples, Stop};
use safelight_registry::{TRANSFORMS, example_values};
use std::hint::black_box;

/// Maximum number of example values that are measured for a parameter.
const MAX_VALUES: usize = 5;

/// Queries that are measured besides the generated ones: those of other crates, and combinations.
const QUERIES: &[(&str, &str)] = &[
    ("crop", "crop=101,51,1200,800"),
    ("resize", "width=800"),
    ("resize", "width=200&height=200&fit=cover"),
    ("resize", "width=800&height=800&fit=pad"),
    ("resize", "width=2400&fit=contain"),
    ("blur", "blur=1"),
    ("blur", "blur=20"),
    ("sharpen", "sharpen=1"),
];

/// Returns transforms and queries to measure: [`QUERIES`], and the example values of each parameter alone.
fn queries() -> Vec<(&'static str, String)> {
    let mut queries: Vec<_> =
        QUERIES.iter().map(|(transform, query)| (*transform, (*query).to_owned())).collect();
    for transform in TRANSFORMS {
        for param in transform.params() {
            let values = example_values(param);
            let step = values.len().div_ceil(MAX_VALUES).max(1);
            let new =
                values.iter().step_by(step).map(|value| (transform.name(), format!("{}={value}", param.key)));
            queries.extend(new);
        }
    }
    queries
}

fn photo() -> Frame {
    let image = decode(&safelight_images::read("photo.jpg").into()).expect("the sample is valid");
    let frame = image.frames.into_iter().next().expect("an image has a frame");
    // A codec may return planes larger than the image; the other crates index pixels.
    frame.materialize().expect("the image has its full size")
}

fn grey(frame: &Frame) -> Frame {
    let samples = samples(frame).chunks_exact(3).map(|pixel| pixel[1]).collect();
    Frame::whole(frame.geometry.size, Model::Grey, Samples::U8(samples))
}

fn translucent(frame: &Frame) -> Frame {
    let samples = samples(frame).chunks_exact(3).enumerate();
    let samples = samples.flat_map(|(at, pixel)| [pixel[0], pixel[1], pixel[2], at as u8]).collect();
    Frame::whole(frame.geometry.size, Model::Rgba, Samples::U8(samples))
}

fn samples(frame: &Frame) -> &[u8] {
    match frame.planes.first().map(|plane| &plane.samples) {
        Some(Samples::U8(samples)) if frame.model == Model::Rgb => samples,
        _ => panic!("the photo is not 8-bit RGB"),
    }
}

fn transforms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(20);
    let photo = photo();
    group.throughput(Throughput::Bytes(sample_bytes(std::slice::from_ref(&photo))));
    let grey = grey(&photo);
    let mut bench = |transform: &str, query: &str, name: &str, frames: &[&Frame]| {
        let Some(op) = pixel_op(transform, query) else { return false };
        // A crop copies no sample until an encoder needs whole planes.
        let apply = |frame: Frame| -> Result<Frame> {
            op.apply(frame, &Stop::default()).and_then(Frame::materialize)
        };
        let is_valid = |frame: &&&Frame| apply((**frame).clone()).is_ok();
        let Some(frame) = frames.iter().find(is_valid) else { return false };
        group.bench_function(format!("safelight/{name}"), |bencher| {
            let apply = |frame| apply(black_box(frame)).expect("the frame was valid before");
            bencher.iter_batched(|| (*frame).clone(), apply, BatchSize::LargeInput);
        });
        true
    };
    let mut measured = Vec::new();
    for (transform, query) in queries() {
        if bench(transform, &query, &query, &[&photo, &grey]) {
            measured.push(transform);
        }
    }
    assert!(bench("resize", "width=800", "width=800, with alpha", &[&translucent(&photo)]));
    for value in [2, 6] {
        let mut turned = photo.clone();
        turned.geometry.orientation = Orientation::new(value).expect("an orientation of EXIF");
        assert!(bench("orient", "width=800", &format!("orientation {value}"), &[&turned]));
    }
    for transform in TRANSFORMS {
        let has_step = queries()
            .iter()
            .any(|(name, query)| *name == transform.name() && pixel_op(name, query).is_some());
        assert!(!has_step || measured.contains(&transform.name()), "{} was not measured", transform.name());
    }
    group.finish();
}

fn peers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transform");
    group.sample_size(10);
    let photo = photo();
    let size = photo.geometry.size;
    group.throughput(Throughput::Bytes(sample_bytes(std::slice::from_ref(&photo))));
    let image =
        RgbImage::from_raw(size.w, size.h, samples(&photo).to_vec()).expect("the samples match the size");

    let height = (800 * size.h).div_ceil(size.w);
    group.bench_function("fast_image_resize/width=800", |bencher| {
        let source = images::ImageRef::new(size.w, size.h, samples(&photo), PixelType::U8x3);
        let source = source.expect("the samples match the size");
        bencher.iter(|| {
            let mut target = images::Image::new(800, height, PixelType::U8x3);
            Resizer::new().resize(black_box(&source), &mut target, None).expect("both images are RGB");
            target
        });
    });
    group.bench_function("image/width=800", |bencher| {
        bencher.iter(|| imageops::resize(black_box(&image), 800, height, imageops::FilterType::Lanczos3));
    });
    group.bench_function("image/rotate=90", |bencher| {
        bencher.iter(|| imageops::rotate90(black_box(&image)));
    });
    group.bench_function("image/flip=h", |bencher| {
        bencher.iter(|| imageops::flip_horizontal(black_box(&image)));
    });
    group.bench_function("image/blur=1", |bencher| {
        bencher.iter(|| imageops::blur(black_box(&image), 1.0));
    });
    group.bench_function("image/blur=20, three box blurs", |bencher| {
        bencher.iter(|| imageops::fast_blur(black_box(&image), 20.0));
    });
    group.bench_function("image/sharpen=1", |bencher| {
        bencher.iter(|| imageops::unsharpen(black_box(&image), 1.0, 0));
    });
    group.finish();
}

criterion_group!(benches, transforms, peers);
criterion_main!(benches);
