//! Fuzzes the decoder of TIFF.
#![no_main]

mod decoded;

use libfuzzer_sys::fuzz_target;
use safelight_codecs::Tiff;

fuzz_target!(|source: &[u8]| decoded::check(&Tiff, source));
