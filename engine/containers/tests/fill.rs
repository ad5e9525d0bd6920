//! A walk over runs of fill bytes and other stray bytes does no more work than one over other bytes.

use bytes::Bytes;
use safelight_containers::{Class, Event, Walker};
use safelight_core::Limits;

const RUN: usize = 1 << 20;
const CHUNK: usize = 4096;
/// The rest of a run and of what precedes it, each a part and its bytes.
const MAX_EVENTS_OF_A_CHUNK: usize = 6;

/// Walks `source` in chunks, and returns the number of events and of bytes of `class`.
fn walk(source: &[u8], class: Class) -> (usize, usize) {
    let mut walker = Walker::new(Limits::default());
    let (mut events, mut bytes, mut current) = (0, 0, Class::Structure);
    let source = Bytes::copy_from_slice(source);
    for chunk in source.chunks(CHUNK) {
        walker.push(source.slice_ref(chunk));
        while let Some(event) = walker.next().expect("the file is valid") {
            events += 1;
            match event {
                Event::Begin(part) => current = part.class,
                Event::Framing(run) | Event::Payload(run) => {
                    bytes += if current == class { run.len() } else { 0 };
                }
            }
        }
    }
    (events, bytes)
}

#[test]
fn runs_are_walked_at_once() {
    const FRAME: &[u8] = b"\xFF\xC0\0\x0B\x08\0\x08\0\x08\x01\x01\x11\0";
    const SCAN: &[u8] = b"\xFF\xDA\0\x08\x01\x01\0\0\x3F\0";
    let check = |unit: &[u8]| {
        let run = unit.repeat(RUN / unit.len());
        let between = [b"\xFF\xD8", FRAME, &run, SCAN, b"ab\xFF\xD9"].concat();
        let within = [b"\xFF\xD8", FRAME, SCAN, b"ab", &run, b"\0ab\xFF\xD9"].concat();
        for (source, class) in [(between, Class::Unknown), (within, Class::ImageData)] {
            let (events, bytes) = walk(&source, class);
            assert!(run.len() - 1 <= bytes, "{unit:02X?}: {bytes} bytes are {class:?}");
            let max = MAX_EVENTS_OF_A_CHUNK * source.len().div_ceil(CHUNK);
            assert!(events <= max, "{unit:02X?}: {events} events, {max} expected");
        }
    };
    check(b"\xFF");
    check(b"\xFF\0");
    check(b"\xFF\xD3");
    check(b"\xFF\xFF\0");
    check(b"a\xFF\xFF\xFF\xFF\xD0");
    check(b"a");
}
