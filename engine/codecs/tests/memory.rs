//! Does a decode hold no more than it said it would?

use peak_alloc::PeakAlloc;
use safelight_codecs::{Bmp, Gif, Ico, Jpeg, Jpeg2000, Png, Tiff, Webp};
use safelight_core::{Codec, Decode, Limits, Size};
use std::fs;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

// One test: others beside it would be counted too.
#[test]
fn a_decode_stays_within_its_reserve() {
    let mut decoded = 0;
    let codestreams = concat!(env!("CARGO_MANIFEST_DIR"), "/../containers/tests/codestreams");
    let codestreams = fs::read_dir(codestreams).expect("the codestreams are there");
    let codestreams = codestreams.map(|entry| entry.expect("an entry").path());
    for path in codestreams.chain(safelight_images::every_file()) {
        let bytes = fs::read(&path).expect("the file is there");
        let codecs: [&dyn Codec; 8] = [&Jpeg, &Png, &Webp, &Gif, &Jpeg2000, &Bmp, &Ico, &Tiff];
        let Some(codec) = codecs.into_iter().find(|codec| codec.sniff(&bytes)) else { continue };
        let limits = Limits::default();
        let Ok(header) = codec.header(&bytes, &limits) else { continue };
        for shrink in [1, 2, 3, 8, 1000] {
            let Size { w, h } = header.geometry.size;
            let needed = Size::new(w.div_ceil(shrink), h.div_ceil(shrink));
            let decode = Decode { needed, all_frames: true, keep_profile: false, chroma: (1, 1) };
            let reserve = codec.decode_bytes(&bytes, &header, &decode, &limits);
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let image = codec.decode(&bytes, &decode, &limits);
            let held = (MEMORY.peak_usage() - before) as u64;
            assert!(held <= reserve, "{} / {shrink}: {held} bytes, {reserve} reserved", path.display());
            decoded += u32::from(image.is_ok());
        }
    }
    assert!(0 < decoded, "the samples are always there");
}
