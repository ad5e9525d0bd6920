//! Fuzzes the drawing of SVG: any text gives an image of the size that was requested, or a typed error.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Decode, Format, Limits, Size, Stop};
use safelight_registry::REGISTRY;

/// What the limits of the child process end, and nothing else does, is not drawn here.
const MAX_NS: u64 = 20_000_000;
const MAX_BYTES: u64 = 64 << 20;
const UNBOUNDED: [&[u8]; 3] = [b"pattern", b"dasharray", b"feMorphology"];

fuzz_target!(|source: &[u8]| {
    let limits = Limits { max_source_bytes: 1 << 20, max_pixels: 1 << 16, ..Limits::default() };
    let decoder = REGISTRY.decoder(Format::Svg).expect("the feature svg is on");
    let Ok(opened) = decoder.open(Bytes::copy_from_slice(source), &limits) else { return };
    assert!(opened.is_vector() && 1 <= opened.header().geometry.size.pixels());
    let size = Size::new(33, 17);
    let decode = Decode { needed: size, all_frames: false, keep_profile: false, chroma: (1, 1) };
    let cost = opened.cost(&decode);
    let is_unbounded = |name: &&[u8]| source.windows(name.len()).any(|part| part == *name);
    if MAX_NS < cost.cpu_ns || MAX_BYTES < cost.bytes || UNBOUNDED.iter().any(is_unbounded) {
        return;
    }
    let Ok(image) = opened.decode(&decode, &Stop::default()) else { return };
    assert_eq!(image.frames[0].planes[0].size, size);
});
