//! Shared by the targets of decoders: any bytes give an image of the size in its header, or a typed error. The last bytes
//! of the input select the options of the decode, so that image files can be seeds without changes.

use bytes::Bytes;
use safelight_core::{Decode, Decoder, Limits, Size, Stop};

const LIMITS: Limits = Limits {
    max_source_bytes: 1 << 20,
    max_metadata_bytes: 1 << 16,
    max_pixels: 1 << 18,
    max_frames: 16,
    max_output_side: 1 << 10,
    max_output_pixels: 1 << 20,
    max_enlargement: 4,
    max_work_ms: 5000,
};

/// Decodes `source`, or a page of it.
pub(crate) fn check(decoder: &dyn Decoder, source: &[u8]) {
    let [.., w, h, options] = *source else { return };
    let bytes = Bytes::copy_from_slice(source);
    let opened = match options & 24 {
        24 => decoder.open_page(bytes, (options >> 5).into(), &LIMITS),
        _ => decoder.open(bytes, &LIMITS),
    };
    let Ok(opened) = opened else { return };
    if opened.is_vector() {
        // The target `svg` draws.
        return;
    }
    let header = *opened.header();
    let size = header.geometry.size;
    assert!(1 <= size.pixels() && size.pixels() <= LIMITS.max_pixels, "the header exceeds the limits");
    let part = |side: u32, share: u8| side.saturating_mul(u32::from(share) + 1).div_ceil(256);
    let decode = Decode {
        needed: Size::new(part(size.w, w), part(size.h, h)),
        all_frames: options & 1 == 1,
        keep_profile: options & 2 == 2,
        chroma: if options & 4 == 4 { (2, 2) } else { (1, 1) },
    };
    let Ok(image) = opened.decode(&decode, &Stop::default()) else { return };
    assert!(!image.frames.is_empty() && image.frames.len() <= LIMITS.max_frames as usize);
    for frame in image.frames {
        assert_eq!(frame.geometry, header.geometry, "the decoded image differs from its header");
        for plane in frame.planes {
            let reach = Size::new(reach(plane.size.w, plane.step.0), reach(plane.size.h, plane.step.1));
            assert!(reach.covers(size), "a plane does not cover the image");
        }
    }
}

/// Returns the number of pixels that this many samples cover.
fn reach(samples: u32, step: f64) -> u32 {
    (f64::from(samples) * step).ceil() as u32
}
