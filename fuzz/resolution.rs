//! Fuzzes the transform `resolution`: any bytes give a prefix that does not depend on the chunks and can be
//! cut again, or a typed error.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Plan, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;

fn cut(source: &Bytes, resolutions: u8, chunk: usize) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query(&format!("resolution={resolutions}"), "")?)?;
    Output::collect(plan.start(&Settings::default()), source, chunk)
}

fuzz_target!(|source: &[u8]| {
    let source = Bytes::copy_from_slice(source);
    let body = |result: Result<Output>| result.map(|answer| answer.body()).map_err(|error| error.kind);
    for resolutions in [1, 2, 33] {
        let whole = body(cut(&source, resolutions, usize::MAX));
        assert_eq!(whole, body(cut(&source, resolutions, 61)));
        let Ok(whole) = whole else { continue };
        assert_eq!(body(cut(&Bytes::from(whole.clone()), resolutions, usize::MAX)), Ok(whole));
    }
});
