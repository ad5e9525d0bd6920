//! Any bytes through the whole plan of a query: a picture that can be read again, within the limits, or a
//! typed error. The last bytes choose the query, so that files are seeds as they are.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Detection, Format, Kind, Limits, Plan, Settings, testing::Output};
use safelight_registry::REGISTRY;

/// One of each, or none, makes a query. AVIF is left out: rav1e, which sees only our samples, would take
/// all the time there is.
const CHOICES: [&[&str]; 7] = [
    &["", "crop=1,2,30,20", "crop=0.25,0.1,0.5,0.9", "crop=0,0,1,1", "crop=0.999,0.0,0.001,1.0"],
    &["width=1", "width=33", "height=7&dpr=1.5", "width=64&height=48", "width=200&height=3", ""],
    &["", "fit=contain", "fit=cover&gravity=0.9,0.2", "fit=fill", "fit=pad&background=11223344"],
    &["", "rotate=90", "rotate=180", "rotate=270&flip=h", "flip=v", "flip=hv"],
    &["", "blur=0.3", "blur=1.7", "blur=90", "sharpen=0.5", "sharpen=40&blur=3"],
    &["format=png", "format=jpeg", "format=webp", "format=gif"],
    &["", "quality=1", "quality=100"],
];

fuzz_target!(|source: &[u8]| {
    let Some(choices) = source.last_chunk::<{ CHOICES.len() }>() else { return };
    let choose = |(parts, choice): (&&[&'static str], &u8)| parts[usize::from(*choice) % parts.len()];
    let raw = CHOICES.iter().zip(choices).map(choose).collect::<Vec<_>>().join("&");
    let mut settings = Settings { keep_profile: 128 <= choices[0], ..Settings::default() };
    settings.limits = Limits {
        max_source_bytes: 1 << 20,
        max_metadata_bytes: 1 << 16,
        max_pixels: 1 << 17,
        max_frames: 8,
        max_output_side: 512,
    };
    let query = REGISTRY.query(&raw, "").expect("the grammar makes valid queries");
    let plan = Plan::new(REGISTRY, query).expect("the grammar makes no conflict");
    match Output::collect(plan.start(&settings), &Bytes::copy_from_slice(source), 4096) {
        Err(error) => assert_ne!(error.kind, Kind::Internal, "{raw}: {error:?}"),
        Ok(answer) => {
            let body = answer.body();
            let format = Format::from_mime(answer.content_type()).expect("a known MIME type");
            assert_eq!(Format::detect(&body), Detection::Known(format), "{raw}");
            let decoder = REGISTRY.decoder(format).expect("a format with a decoder");
            let opened = decoder.open(body.into(), &settings.limits).expect("the output can be decoded");
            let header = *opened.header();
            assert!(header.geometry.size.w.max(header.geometry.size.h) <= 512, "{raw}: {header:?}");
        }
    }
});
