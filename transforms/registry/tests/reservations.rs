//! The memory that a plan reserves for a large source follows the scale that is really decoded.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use safelight_core::{Cost, Flow, Kind, Plan, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;

/// The sample photo with the sides of a camera of 61 megapixels in its header, without the data for them.
fn large_photo() -> Vec<u8> {
    let mut photo = safelight_images::read("photo.jpg");
    // SOF0: marker, length, precision, height, width (T.81 B.2.2).
    let frame = photo.windows(2).rposition(|marker| marker == [0xFF, 0xC0]).unwrap();
    photo[frame + 5..frame + 7].copy_from_slice(&6378_u16.to_be_bytes());
    photo[frame + 7..frame + 9].copy_from_slice(&9563_u16.to_be_bytes());
    photo
}

/// The cost that the plan of `raw` states for a source.
fn cost(raw: &str, source: Vec<u8>) -> Result<Cost> {
    let mut session = Plan::new(REGISTRY, REGISTRY.query(raw, "")?)?.start(&Settings::default());
    match session.push(Bytes::from(source), &mut Output::default())? {
        Flow::Reserve(cost) => Ok(cost),
        other => panic!("{raw}: {other:?}"),
    }
}

#[test]
fn a_thumbnail_of_a_large_photo_reserves_little() {
    for raw in
        ["width=100", "w=100&h=100&fit=cover", "w=300&rotate=90", "w=200&format=webp", "w=200&format=png"]
    {
        let cost = cost(raw, large_photo()).unwrap();
        assert!(cost.bytes < 24 << 20, "{raw}: {} MiB", cost.bytes >> 20);
    }
}

/// The cost that the plan of `raw` states for a source that is buffered whole.
fn cost_of_whole(raw: &str, source: &Bytes) -> Cost {
    let mut session =
        Plan::new(REGISTRY, REGISTRY.query(raw, "").unwrap()).unwrap().start(&Settings::default());
    session.push(source.clone(), &mut Output::default()).unwrap();
    session.reserve().unwrap().unwrap()
}

#[test]
fn a_photo_of_a_phone_reserves_little() {
    let Some(corpus) = safelight_images::corpus() else { return };
    let photo = std::fs::read(corpus.join("exif-samples/heic/mobile/iphone_13_pro_max.HEIC")).unwrap();
    for raw in ["width=800", "w=800&format=webp", "w=100&h=100&fit=cover", "height=800"] {
        let cost = cost_of_whole(raw, &Bytes::from(photo.clone()));
        assert!(cost.bytes < 24 << 20, "{raw}: {} MiB", cost.bytes >> 20);
    }
}

#[test]
fn a_photo_of_24_megapixels_is_encoded_whole_as_webp_and_png_but_not_as_avif() {
    let mut photo = large_photo();
    let frame = photo.windows(2).rposition(|marker| marker == [0xFF, 0xC0]).unwrap();
    photo[frame + 5..frame + 7].copy_from_slice(&4000_u16.to_be_bytes());
    photo[frame + 7..frame + 9].copy_from_slice(&6000_u16.to_be_bytes());
    for format in ["jpeg", "webp", "png"] {
        assert!(cost(&format!("format={format}"), photo.clone()).is_ok(), "{format}");
    }
    let error = cost("format=avif", photo).unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    assert!(error.message.contains("max-work"), "{}", error.message);
}
