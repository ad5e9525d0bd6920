//! Fuzzes the container walkers: the parts of any bytes, in any chunks, equal the source, or there is a typed
//! error.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_containers::{Event, Walker};
use safelight_core::Limits;

fuzz_target!(|source: &[u8]| {
    let (chunk, source) = (1 + source.len() % 97, Bytes::copy_from_slice(source));
    let mut walker =
        Walker::new(Limits { max_source_bytes: 1 << 20, max_metadata_bytes: 1 << 16, ..Limits::default() });
    let mut walked = Vec::new();
    let mut drain = |walker: &mut Walker| {
        loop {
            match walker.next() {
                Ok(Some(Event::Framing(bytes) | Event::Payload(bytes))) => walked.extend_from_slice(&bytes),
                Ok(Some(Event::Begin(_))) => (),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    };
    for chunk in source.chunks(chunk) {
        walker.push(source.slice_ref(chunk));
        if !drain(&mut walker) {
            return;
        }
    }
    walker.finish();
    if drain(&mut walker) {
        assert!(walked == source, "the parts differ from the source");
    }
});
