//! Fuzzes the transform `strip-exif`: any bytes give a response that a second strip does not change and of which every
//! byte is accounted for, or a typed error.
#![no_main]

#[path = "../transforms/strip-exif/tests/audit/auditor/mod.rs"]
mod auditor;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Plan, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;

fn strip(source: &[u8], chunk: usize) -> Result<Output> {
    let plan = Plan::new(REGISTRY, REGISTRY.query("", "")?)?;
    Output::collect(plan.start(&Settings::default()), &Bytes::copy_from_slice(source), chunk)
}

fuzz_target!(|source: &[u8]| {
    if let Ok(answer) = strip(source, 4096) {
        let stripped = answer.body();
        let again = strip(&stripped, 61).map(|answer| answer.body());
        assert!(again.is_ok_and(|again| again == stripped), "a second strip changes the bytes");
        assert_eq!(auditor::audit(&stripped), Ok(()));
    }
});
