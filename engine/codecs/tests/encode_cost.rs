//! Checks that an encode takes at most the memory that it states, its output included.
//!
//! libwebp allocates in C, which a counting allocator does not see. The test therefore also reads the peak of the
//! process's resident memory, where Linux can reset it.
#![cfg(all(feature = "jpeg", feature = "png", feature = "webp", feature = "gif", feature = "avif"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use peak_alloc::PeakAlloc;
use safelight_codecs::{Avif, Gif, Jpeg, Png, Webp};
use safelight_core::{Compression, Encode, Encoder, Format, Frame, Image, Model, Samples, Size, Stop};
use std::fs;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory of the process that is not counted by the allocator: stacks, tables of libwebp, fragments.
const SPARE_BYTES: u64 = 8 << 20;

/// The contents of an image.
#[derive(Clone, Copy, Debug)]
enum Content {
    Flat,
    Gradient,
    Noise,
}

fn frame(content: Content, size: Size, model: Model, is_wide: bool) -> Frame {
    let count = size.pixels() as usize * usize::from(model.channels());
    let mut seed = 1_u64;
    let mut sample = |index: usize| match content {
        Content::Flat => 40_000,
        Content::Gradient => (index * 7) as u16,
        Content::Noise => {
            // Knuth's linear congruential generator (MMIX).
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 48) as u16
        }
    };
    let samples = if is_wide {
        Samples::U16((0..count).map(&mut sample).collect())
    } else {
        Samples::U8((0..count).map(|index| (sample(index) >> 8) as u8).collect())
    };
    Frame::whole(size, model, samples)
}

/// The peak of resident memory in bytes since [`reset_resident`]; `None` where the system does not tell.
fn peak_resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Sets the peak of resident memory to the current value, which it returns.
fn reset_resident() -> Option<u64> {
    fs::write("/proc/self/clear_refs", "5").ok()?;
    peak_resident()
}

// The only test of the file: allocations of others would be counted too.
#[test]
fn an_encode_stays_within_its_stated_memory() {
    const ENCODERS: [&dyn Encoder; 5] = [&Jpeg, &Png, &Webp, &Gif, &Avif];
    let sizes = [Size::new(1, 1), Size::new(90, 70), Size::new(701, 503)];
    let models = [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba];
    let mut options = Vec::new();
    for quality in [None, Some(1), Some(100)] {
        let plain = Encode { quality, ..Encode::default() };
        options.push(Encode { compression: Some(Compression::Lossless), ..plain.clone() });
        options.push(Encode { progressive: true, ..plain.clone() });
        options.push(plain);
    }
    options.push(Encode { effort: Some(Encode::MAX_EFFORT), ..Encode::default() });
    let mut count = 0;
    let mut exceeded = Vec::new();
    for encoder in ENCODERS {
        let format = encoder.format();
        let has_options = |options: &&Encode| {
            let Encode { quality, progressive, compression, effort, .. } = options;
            match format {
                Format::Jpeg => compression.is_none() && effort.is_none(),
                Format::Webp => !progressive && (compression.is_none() || quality.is_none()),
                Format::Avif => !progressive && compression.is_none(),
                Format::Png => !progressive && *quality != Some(1),
                _ => **options == Encode::default(),
            }
        };
        for options in options.iter().filter(has_options) {
            for content in [Content::Flat, Content::Gradient, Content::Noise] {
                for (size, model) in sizes.into_iter().flat_map(|size| models.map(|model| (size, model))) {
                    if format == Format::Avif && 400 < size.w && !is_worst_for_av1(content, model, options) {
                        continue;
                    }
                    for frames in if encoder.is_animated() { 1..=3 } else { 1..=1 } {
                        let is_wide = count % 3 == 0;
                        let image = Image {
                            frames: vec![frame(content, size, model, is_wide); frames],
                            delays_ms: if frames == 1 { vec![] } else { vec![100; frames] },
                            plays: 0,
                            profile: None,
                        };
                        exceeded.extend(check(
                            encoder,
                            &image,
                            size,
                            options,
                            &format!("{content:?} {model:?}"),
                        ));
                        count += 1;
                    }
                }
            }
        }
    }
    assert!(300 < count, "{count} encodes");
    assert!(exceeded.is_empty(), "{}", exceeded.join("\n"));
}

/// Whether a large image is worth the second that AV1 takes: noise keeps the most coefficients.
fn is_worst_for_av1(content: Content, model: Model, options: &Encode) -> bool {
    matches!(content, Content::Noise) && matches!(model, Model::Rgb | Model::Rgba) && options.effort.is_none()
}

/// Encodes `image`, and describes the memory if it was more than stated.
fn check(encoder: &dyn Encoder, image: &Image, size: Size, options: &Encode, name: &str) -> Option<String> {
    let stated = encoder.cost(size, image.frames.len() as u32, options).bytes;
    let resident = reset_resident();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let file = encoder.encode(image, options, &Stop::default());
    let counted = MEMORY.peak_usage().saturating_sub(before) as u64;
    let grown = resident.and_then(|before| Some(peak_resident()?.saturating_sub(before))).unwrap_or_default();
    let format = encoder.format();
    file.unwrap_or_else(|error| panic!("{format} {name}: {error}"));
    let used = counted.max(grown.saturating_sub(SPARE_BYTES));
    let is_exceeded = stated < used;
    is_exceeded.then(|| {
        let frames = image.frames.len();
        let Encode { quality, compression, progressive, effort, .. } = options;
        format!(
            "{format}, {name}, {size:?}, {frames} frames, {quality:?}, {compression:?}, progressive {progressive}, effort {effort:?}: \
             {used} bytes, {stated} stated"
        )
    })
}
