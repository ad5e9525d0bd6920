//! Fuzzes the JPEG decoder with input in pieces: any bytes give the same image as the whole input, or both
//! fail. The last bytes select the options of the decode and the size of a piece, so that image files can be
//! seeds without changes.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Decode, Decoder, Error, Format, Image, Limits, Opening, Result, Size, Stop};
use safelight_registry::REGISTRY;

const LIMITS: Limits = Limits {
    max_source_bytes: 1 << 20,
    max_metadata_bytes: 1 << 16,
    max_pixels: 1 << 18,
    max_frames: 1,
    max_output_side: 1 << 10,
    max_output_pixels: 1 << 20,
    max_enlargement: 4,
    max_work_ms: 5000,
};

fuzz_target!(|source: &[u8]| {
    let Some(decoder) = REGISTRY.decoder(Format::Jpeg) else { return };
    let [.., w, h, options] = *source else { return };
    let decode = Decode {
        needed: Size::new(u32::from(w) * 2, u32::from(h) * 2),
        all_frames: false,
        keep_profile: options & 1 == 1,
        chroma: if options & 2 == 2 { (2, 2) } else { (1, 1) },
    };
    let Some(streamed) = in_pieces(decoder, source, usize::from(options >> 2) + 1, &decode) else { return };
    match (streamed, decoder.decode(Bytes::copy_from_slice(source), &decode, &LIMITS)) {
        (Ok(streamed), Ok(whole)) => assert_eq!(streamed, whole),
        (Err(_), Err(_)) => (),
        (streamed, whole) => panic!("in pieces {:?}, whole {:?}", error(streamed), error(whole)),
    }
});

/// Decodes `source` in pieces; `None` if it cannot be decoded while it arrives.
fn in_pieces(decoder: &dyn Decoder, source: &[u8], piece: usize, decode: &Decode) -> Option<Result<Image>> {
    let mut ends = (piece..source.len()).step_by(piece).chain([source.len()]);
    let opened = ends.find_map(|end| match decoder.open_stream(&source[..end], &LIMITS) {
        Ok(Opening::NeedMore | Opening::NeedAll) => None,
        Ok(Opening::Opened(opened)) => Some(Ok((&source[..end], opened))),
        Err(error) => Some(Err(error)),
    })?;
    let decoded = opened.and_then(|(head, opened)| {
        let mut decoding = opened.start(decode)?;
        let rest = &source[head.len()..];
        for piece in [head].into_iter().chain(rest.chunks(piece)) {
            if !decoding.push(piece)? {
                break;
            }
        }
        decoding.finish(&Stop::default())
    });
    Some(decoded)
}

fn error(result: Result<Image>) -> Option<Error> {
    result.err()
}
