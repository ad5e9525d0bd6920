//! Random combinations of all parameters give images of the size that their steps announce, or a typed error.

mod common;

use bytes::Bytes;
use common::{Picture, Random};
use safelight_core::{
    Format, Kind, Limits, Plan, Query, Settings, Size, Step,
    pixels::plan_sizes,
    testing::{Output, with_sides},
};
use safelight_registry::{REGISTRY, TRANSFORMS, example_query, example_query_len};

/// Small images: opaque and turned, with alpha, animated.
const SOURCES: [(&str, Format); 3] =
    [("orientation-6.jpg", Format::Jpeg), ("orientation-6.png", Format::Png), ("animated.gif", Format::Gif)];

/// The size of the output that the steps of a query announce; `None` if it depends on content, or on a page.
fn announced(query: &Query, source: &Bytes, format: Format) -> Option<Size> {
    let steps = TRANSFORMS.iter().filter_map(|transform| transform.step(query).expect("a valid query"));
    let mut ops = Vec::new();
    for step in steps {
        match step {
            Step::Pixels(op) | Step::PixelsIfDecoding(op) => ops.push(op),
            Step::Select(_) | Step::Report(_) => return None,
            _ => (),
        }
    }
    if ops.iter().any(|op| op.depends_on_content()) {
        return None;
    }
    let decoder = REGISTRY.decoder(format).expect("a format that is decoded");
    let opened = decoder.open(source.clone(), &Limits::default()).expect("a sample");
    plan_sizes(&ops, opened.header().geometry).ok().map(|sizes| sizes.output.size)
}

#[test]
fn random_plans_have_the_size_that_they_announce() {
    // Larger outputs are an error, so that the test is fast.
    let limits = Limits { max_output_side: 400, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let mut random = Random(20_261_128);
    let (mut compared, mut keys) = (0, std::collections::BTreeSet::new());
    for round in 0..400 {
        let choices: Vec<u8> = (0..example_query_len())
            // Few keys at a time, or all outputs would be too large.
            .map(|_| if random.below(6) == 0 { random.below(256) as u8 } else { 0 })
            .collect();
        // AVIF takes long, and the programs that read it may be missing.
        let raw = example_query(&choices)
            .replace("format=auto-avif", "format=webp")
            .replace("format=best-avif", "format=best")
            .replace("format=avif", "format=png");
        let (name, format) = SOURCES[round % SOURCES.len()];
        let source = Bytes::from(safelight_images::read(name));
        let query = REGISTRY.query(&raw, "").expect("a valid query");
        let size = announced(&query, &source, format);
        let plan = with_sides(Plan::new(REGISTRY, query.clone()).expect("example queries have no conflict"));
        let decodes = plan.decodes();
        match Output::collect(plan.start(&settings), &source, 4096) {
            Err(error) => assert!(
                matches!(error.kind, Kind::InvalidParam | Kind::LimitExceeded | Kind::UnsupportedFormat),
                "{name}?{raw}: {error:?}"
            ),
            Ok(output) if decodes && output.content_type().starts_with("image/") => {
                let picture = Picture::decode(&output.body()).expect("no format needs a program");
                let found = Size::new(picture.w as u32, picture.h as u32);
                assert_eq!(size.unwrap_or(found), found, "{name}?{raw}");
                compared += usize::from(size.is_some());
                keys.extend(query.pairs().map(|(key, _)| key));
            }
            Ok(_) => (),
        }
    }
    eprintln!("{compared} sizes were compared, of queries with {keys:?}");
    assert!(100 < compared, "only {compared} sizes were compared");
}
