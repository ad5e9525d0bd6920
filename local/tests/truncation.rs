//! Aborted responses of the function, where they look whole to CloudFront: the worse of the two ends that a stream of
//! Lambda may have.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{bootstrap, expected, get};
use safelight_local::{Cloud, StreamEnding, faults::SourceFault};
use std::{fs, time::Duration};

/// Maximum bytes of a response that is complete before its head.
const LOOKAHEAD: usize = 6 << 20;

async fn cloud(ending: StreamEnding) -> Cloud {
    let builder = Cloud::builder().bootstrap(bootstrap()).stream_ending(ending);
    builder.timeout(Duration::from_secs(30)).start().await.unwrap()
}

/// Breaks the next response of the source after `after` bytes, and the request for the rest.
fn break_source(cloud: &Cloud, after: usize) {
    cloud.faults().fail_source(SourceFault::Reset { after });
    cloud.faults().fail_source(SourceFault::Status(404));
}

/// Returns numbers below `limit` in an order that looks random (Numerical Recipes 7.1).
fn numbers(mut state: u64) -> impl FnMut(usize) -> usize {
    move |limit| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    }
}

/// A thousand faults, in ten clouds at once: the function waits before it reads a broken source again.
#[tokio::test]
async fn no_part_of_a_response_up_to_6_megabytes_is_cached() {
    let rounds: Vec<_> = (0..10).map(|seed| tokio::spawn(break_a_hundred_times(seed))).collect();
    for round in rounds {
        round.await.unwrap();
    }
}

async fn break_a_hundred_times(seed: u64) {
    let cloud = cloud(StreamEnding::Successful).await;
    // The largest ends within the bytes that come before the head; a sample is a little longer than was asked for.
    let largest = LOOKAHEAD - (128 << 10);
    let sizes: Vec<_> = (0..10).map(|power| 10_000 << power).chain([largest]).collect();
    let photo = |size: usize| safelight_images::long_jpeg(size);
    for size in &sizes {
        fs::write(cloud.bucket().join(format!("{size}.jpg")), photo(*size)).unwrap();
    }
    let mut number = numbers(seed);
    for round in 0..100 {
        // Each size less often than the one before, so that the test is fast.
        let size = sizes[number(sizes.len()).min(number(sizes.len()))];
        let after = number(size);
        break_source(&cloud, after);
        let reply = get(cloud.cloudfront_function_url(), &format!("/{size}.jpg")).await;
        let is_error = 500 <= reply.status || reply.status == 404;
        assert!(is_error, "{seed}, {round}: {after} of {size}: {}", reply.status);
        // CloudFront caches errors for 10 seconds.
        cloud.clock().advance(Duration::from_secs(11));
    }
    for size in sizes {
        let reply = get(cloud.cloudfront_function_url(), &format!("/{size}.jpg")).await;
        assert_eq!((reply.status, reply.header("x-cache")), (200, "Miss from cloudfront"), "{size}");
        assert!(reply.body == expected(photo(size), "").body(), "{size}");
        assert!(!reply.header("etag").is_empty(), "{size}: a whole response has validators");
    }
}

#[tokio::test]
async fn a_part_of_a_longer_response_expires_within_a_minute() {
    for ending in [StreamEnding::Successful, StreamEnding::Cut] {
        let cloud = cloud(ending).await;
        let photo = safelight_images::long_jpeg(2 * LOOKAHEAD);
        fs::write(cloud.bucket().join("long.jpg"), &photo).unwrap();
        let whole = expected(photo, "").body();
        let url = cloud.cloudfront_function_url();

        break_source(&cloud, LOOKAHEAD + LOOKAHEAD / 2);
        let part = get(url, "/long.jpg").await;
        assert_eq!((part.status, part.whole), (200, ending == StreamEnding::Successful), "{ending:?}");
        assert!(part.body.len() < whole.len() && whole.starts_with(&part.body), "{ending:?}");
        assert_eq!(part.header("cache-control"), "public, max-age=60", "{ending:?}");
        assert_eq!((part.header("etag"), part.header("last-modified")), ("", ""), "{ending:?}");

        cloud.clock().advance(Duration::from_secs(61));
        let next = get(url, "/long.jpg").await;
        assert_eq!((next.status, next.header("x-cache")), (200, "Miss from cloudfront"), "{ending:?}");
        assert!(next.body == whole, "{ending:?}");
    }
}
