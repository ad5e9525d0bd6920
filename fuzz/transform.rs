//! Fuzzes whole plans: any bytes as the source of any query give a valid response within the limits, or a
//! typed error. The last bytes of the input select the query, so that image files can be seeds without
//! changes.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{
    Detection, Format, Kind, Limits, Plan, Query, Settings, Step,
    testing::{Output, with_sides},
};
use safelight_registry::{REGISTRY, TRANSFORMS, example_query, example_query_len};

/// Largest width and height of a response, in pixels.
const MAX_SIDE: u32 = 512;

fuzz_target!(|source: &[u8]| {
    let Some(at) = source.len().checked_sub(example_query_len()) else { return };
    if Format::detect(source) == Detection::Known(Format::Svg) {
        // The target `svg` draws, within bounds that a child process has elsewhere.
        return;
    }
    let choices = &source[at..];
    // The AV1 encoder is slow, and its input is never the fuzzer's, so other encoders replace it.
    let raw = example_query(choices)
        .replace("format=auto-avif", "format=webp")
        .replace("format=best-avif", "format=best")
        .replace("format=avif", "format=png");
    let mut settings = Settings { keep_profile: 128 <= choices[0], ..Settings::default() };
    settings.limits = Limits {
        max_source_bytes: 1 << 20,
        max_metadata_bytes: 1 << 16,
        max_pixels: 1 << 17,
        max_frames: 8,
        max_output_side: MAX_SIDE,
        max_output_pixels: 1 << 20,
        max_enlargement: 4,
        max_work_ms: 5000,
    };
    let query = REGISTRY.query(&raw, "").expect("example queries are valid");
    let is_encoded = encodes(&query);
    let plan = with_sides(Plan::new(REGISTRY, query).expect("example queries have no conflict"));
    match Output::collect(plan.start(&settings), &Bytes::copy_from_slice(source), 4096) {
        Err(error) => assert_ne!(error.kind, Kind::Internal, "{raw}: {error:?}"),
        Ok(response) if is_encoded => {
            let body = response.body();
            let format = Format::from_mime(response.content_type()).expect("a known MIME type");
            assert_eq!(Format::detect(&body), Detection::Known(format), "{raw}");
            let decoder = REGISTRY.decoder(format).expect("a format with a decoder");
            let opened = decoder.open(body.into(), &settings.limits).expect("the response can be decoded");
            let header = *opened.header();
            let size = header.geometry.size;
            assert!(size.w.max(size.h) <= MAX_SIDE, "{raw}: {header:?}");
        }
        // Byte steps do not change pixels, valid or not.
        Ok(response) => assert!(response.head.is_some(), "{raw}: no head"),
    }
});

/// Returns whether the plan of `query` encodes an image.
fn encodes(query: &Query) -> bool {
    let has = |is_it: fn(&Step) -> bool| {
        let steps = TRANSFORMS.iter().filter_map(|transform| transform.step(query).ok().flatten());
        steps.into_iter().any(|step| is_it(&step))
    };
    has(|step| matches!(step, Step::Pixels(_) | Step::Encode(_) | Step::Select(_)))
        && !has(|step| matches!(step, Step::Report(_)))
}
