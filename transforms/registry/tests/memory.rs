//! No run allocates more than its plan states. This file has one test because the allocator counts for the whole
//! process.

mod common;

use bytes::{Bytes, BytesMut};
use common::{byte_queries, rejects_jpeg};
use peak_alloc::PeakAlloc;
use safelight_core::{Flow, Head, Plan, Result, Settings, Sink};
use safelight_registry::REGISTRY;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// A sink that drops the response.
struct Discard;

impl Sink for Discard {
    fn head(&mut self, _head: Head) {}
    fn body(&mut self, _bytes: Bytes) {}
}

const CHUNK_BYTES: usize = 64 << 10;
/// The limit of a run that streams: a header that it buffers, an EXIF block and one chunk.
const STREAMING_BYTES: usize = 512 << 10;

/// Runs `raw` over `source`, whose chunks are separate allocations; returns the peak of allocated bytes.
fn peak(raw: &str, source: &[u8]) -> (Result<()>, usize) {
    let settings = Settings::default();
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let run = || {
        let mut session = Plan::new(REGISTRY, REGISTRY.query(raw, "")?)?.start(&settings);
        let mut at = 0;
        while at < source.len() {
            let end = source.len().min(at + CHUNK_BYTES);
            at = match session.push(Bytes::copy_from_slice(&source[at..end]), &mut Discard)? {
                Flow::More | Flow::Keep | Flow::Reserve(_) => end,
                Flow::Skip(bytes) => end.saturating_add(bytes as usize),
                Flow::Done => return Ok(()),
            };
        }
        session.finish(&mut Discard)
    };
    let result = run();
    (result, ALLOCATOR.peak_usage().saturating_sub(before))
}

/// Returns `sample` with zeros inserted after its first `at` bytes.
fn with_zeros(sample: &[u8], at: usize, zeros: usize) -> Vec<u8> {
    let mut source = BytesMut::from(&sample[..at]);
    source.resize(at + zeros, 0);
    source.extend_from_slice(&sample[at..]);
    source.to_vec()
}

const LARGE: usize = 24 << 20;

fn png_chunk(kind: &[u8; 4], bytes: usize) -> Vec<u8> {
    [&(bytes as u32).to_be_bytes()[..], kind, &vec![7; bytes], b"crc!"].concat()
}

/// Returns large sources that must stream, each with its name: the format and its large part.
fn streams() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = safelight_images::read("photo.jpg");
    let scan = jpeg.windows(2).rposition(|marker| marker == [0xFF, 0xDA]).expect("a scan") + 14;
    let png = safelight_images::read("text-chunks.png");
    // After the signature and IHDR.
    let chunk = |kind| [&png[..33], &png_chunk(kind, LARGE), &png[33..]].concat();
    let mut webp = safelight_images::read("still.webp");
    webp.extend_from_slice(&[&b"JUNK"[..], &(LARGE as u32).to_le_bytes(), &vec![0; LARGE]].concat());
    let riff_bytes = (webp.len() - 8) as u32;
    webp[4..8].copy_from_slice(&riff_bytes.to_le_bytes());
    let gif = safelight_images::read("animated.gif");
    let comments =
        [b"!\xFE".to_vec(), [&[255][..], &[b'x'; 255]].concat().repeat(LARGE / 256), vec![0]].concat();
    let avif = safelight_images::read("photo.avif");
    let free = [&(LARGE as u32 + 8).to_be_bytes()[..], b"free", &vec![0; LARGE]].concat();
    vec![
        ("JPEG samples", with_zeros(&jpeg, scan, LARGE)),
        ("JPEG trailer", with_zeros(&jpeg, jpeg.len(), LARGE)),
        ("PNG samples", chunk(b"IDAT")),
        ("PNG text", chunk(b"tEXt")),
        ("PNG EXIF", chunk(b"eXIf")),
        ("WebP junk", webp),
        ("GIF comment", [&gif[..gif.len() - 1], &comments, b";"].concat()),
        ("AVIF free space", [avif, free].concat()),
    ]
}

#[test]
fn a_run_allocates_no_more_than_its_plan_states() {
    let queries = byte_queries();
    for (name, source) in streams() {
        // `info` buffers AVIF, as its README says.
        let buffers = |raw: &&String| name.starts_with("AVIF") && raw.starts_with("info=");
        for raw in queries.iter().filter(|raw| !buffers(raw)) {
            let (result, peak) = peak(raw, &source);
            eprintln!("{name}?{raw}: at most {peak} bytes, {result:?}");
            // An EXIF block beyond the limit is rejected before so much of it is buffered.
            let bound = if name == "PNG EXIF" { 5 << 20 } else { STREAMING_BYTES };
            assert!(peak < bound, "{name}?{raw} allocated {peak} bytes");
        }
    }

    let settings = Settings::default();
    let tiff = safelight_images::read("photo.tiff");
    let tiff = with_zeros(&tiff, tiff.len(), LARGE);
    for raw in queries.iter().filter(|raw| !rejects_jpeg(raw)) {
        let plan = Plan::new(REGISTRY, REGISTRY.query(raw, "").expect("a query")).expect("a plan");
        let stated = plan.memory(&settings);
        let (result, peak) = peak(raw, &tiff);
        eprintln!("TIFF?{raw}: at most {peak} bytes for {}, {result:?}", tiff.len());
        assert!(result.is_ok());
        assert!(peak < 2 * tiff.len() + STREAMING_BYTES, "TIFF?{raw} allocated {peak} bytes");
        assert!((peak as u64) < stated, "TIFF?{raw} allocated {peak} bytes and stated {stated}");
    }

    let mut settings = Settings::default();
    settings.limits.max_source_bytes = 1 << 20;
    let plan = Plan::new(REGISTRY, REGISTRY.query("", "").expect("a query")).expect("a plan");
    let error =
        safelight_core::testing::Output::collect(plan.start(&settings), &Bytes::from(tiff), CHUNK_BYTES);
    assert_eq!(error.expect_err("a source beyond the limit").kind, safelight_core::Kind::LimitExceeded);
}
