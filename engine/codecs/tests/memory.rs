//! Checks that a decode allocates at most the memory that it states.
#![cfg(all(
    feature = "jpeg",
    feature = "png",
    feature = "webp",
    feature = "gif",
    feature = "jpeg2000",
    feature = "tiff",
    feature = "bmp",
    feature = "ico"
))]

use bytes::Bytes;
use peak_alloc::PeakAlloc;
use safelight_codecs::{Bmp, Gif, Ico, Jpeg, Jpeg2000, Png, Tiff, Webp};
use safelight_core::{Decode, Decoder, Detection, Format, Limits, Size, Stop};
use std::fs;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

// The only test of the file: allocations of others would be counted too.
#[test]
fn a_decode_stays_within_its_stated_memory() {
    let mut count = 0;
    let codestreams = concat!(env!("CARGO_MANIFEST_DIR"), "/../containers/tests/codestreams");
    let codestreams = fs::read_dir(codestreams).expect("the codestreams are there");
    let codestreams = codestreams.map(|entry| entry.expect("an entry").path());
    for path in codestreams.chain(safelight_images::every_file()) {
        let bytes = fs::read(&path).expect("the file is there");
        let decoders: [&dyn Decoder; 8] = [&Jpeg, &Png, &Webp, &Gif, &Jpeg2000, &Bmp, &Ico, &Tiff];
        let Detection::Known(format) = Format::detect(&bytes) else { continue };
        let Some(decoder) = decoders.into_iter().find(|decoder| decoder.format() == format) else { continue };
        let bytes = Bytes::from(bytes);
        let limits = Limits::default();
        let Ok(opened) = decoder.open(bytes.clone(), &limits) else { continue };
        let header = *opened.header();
        drop(opened);
        for shrink in [1, 2, 3, 8, 1000] {
            let Size { w, h } = header.geometry.size;
            let needed = Size::new(w.div_ceil(shrink), h.div_ceil(shrink));
            let decode = Decode { needed, all_frames: true, keep_profile: false, chroma: (1, 1) };
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let opened = decoder.open(bytes.clone(), &limits).expect("it was opened before");
            let reserve = opened.cost(&decode).bytes;
            let image = opened.decode(&decode, &Stop::default());
            let held = (MEMORY.peak_usage() - before) as u64;
            assert!(held <= reserve, "{} / {shrink}: {held} bytes, {reserve} reserved", path.display());
            count += u32::from(image.is_ok());
        }
    }
    assert!(0 < count, "the samples are always there");
}
