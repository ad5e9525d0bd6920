//! Fuzzes the decoders, of the format that the bytes begin as.
#![no_main]

mod decoded;

use libfuzzer_sys::fuzz_target;
use safelight_core::{Detection, Format};
use safelight_registry::REGISTRY;

fuzz_target!(|source: &[u8]| {
    let Detection::Known(format) = Format::detect(source) else { return };
    if let Some(decoder) = REGISTRY.decoder(format) {
        decoded::check(decoder, source);
    }
});
