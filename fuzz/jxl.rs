//! Fuzzes the decoder of JPEG XL.
#![no_main]

mod decoded;

use libfuzzer_sys::fuzz_target;
use safelight_codecs::Jxl;

fuzz_target!(|source: &[u8]| decoded::check(&Jxl, source));
