//! Fuzzes the decoder of BMP.
#![no_main]

mod decoded;

use libfuzzer_sys::fuzz_target;
use safelight_codecs::Bmp;

fuzz_target!(|source: &[u8]| decoded::check(&Bmp, source));
