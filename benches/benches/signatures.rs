//! The check of a signed URL, which takes the same time wherever a signature differs.

use criterion::{Criterion, criterion_group, criterion_main};
use safelight_edge::signed_url::SignedUrls;
use std::hint::black_box;

const PATH: &str = "/albums/2026/photo.jpg";

fn verify(criterion: &mut Criterion) {
    let keys = [("key", b"0123456789abcdef0123456789abcdef".as_slice())];
    let urls = SignedUrls::new(keys).expect("the key is long enough");
    let signed = urls.sign(PATH, "width=300&format=webp", None).expect("the query is valid");
    let start = signed.rfind('.').expect("a signature follows its key") + 1;
    let differing = |at: usize| {
        let other = if &signed[at..=at] == "B" { "C" } else { "B" };
        format!("{}{other}{}", &signed[..at], &signed[at + 1..])
    };
    let mut group = criterion.benchmark_group("signed-url");
    // The last of 43 characters has bits that must be zero.
    for (name, query, is_valid) in [
        ("valid", signed.clone(), true),
        ("first-differs", differing(start), false),
        ("middle-differs", differing(start + 21), false),
        ("last-differs", differing(start + 41), false),
    ] {
        assert_eq!(urls.verify(PATH, &query, 0).is_ok(), is_valid, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| urls.verify(PATH, black_box(&query), 0)));
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
