//! Fuzzes the transform `show-exif`: any bytes give a response that does not depend on the chunks, or a typed
//! error.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Plan, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;

fn show(source: &Bytes, chunk: usize) -> Result<Vec<u8>> {
    let plan = Plan::new(REGISTRY, REGISTRY.query("showExif=true", "")?)?;
    Ok(Output::collect(plan.start(&Settings::default()), source, chunk)?.body())
}

fuzz_target!(|source: &[u8]| {
    let source = Bytes::copy_from_slice(source);
    let kind = |result: Result<Vec<u8>>| result.map_err(|error| error.kind);
    assert_eq!(kind(show(&source, usize::MAX)), kind(show(&source, 61)));
});
