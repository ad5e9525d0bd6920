//! Any bytes as a JPEG that arrives in pieces: the same image, or an error, as of the whole. The last bytes choose
//! the options of the decode and the length of the pieces, so that files are seeds as they are.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_core::{Decode, Decoder, Error, Format, Image, Limits, Opening, Result, Size};
use safelight_registry::REGISTRY;

const LIMITS: Limits = Limits {
    max_source_bytes: 1 << 20,
    max_metadata_bytes: 1 << 16,
    max_pixels: 1 << 18,
    max_frames: 1,
    max_output_side: 1 << 10,
};

fuzz_target!(|source: &[u8]| {
    let Some(decoder) = REGISTRY.decoder(Format::Jpeg) else { return };
    let [.., w, h, how] = *source else { return };
    let decode = Decode {
        needed: Size::new(u32::from(w) * 2, u32::from(h) * 2),
        all_frames: false,
        keep_profile: how & 1 == 1,
        chroma: if how & 2 == 2 { (2, 2) } else { (1, 1) },
    };
    let Some(arrived) = in_pieces(decoder, source, usize::from(how >> 2) + 1, &decode) else { return };
    match (arrived, decoder.decode(Bytes::copy_from_slice(source), &decode, &LIMITS)) {
        (Ok(arrived), Ok(whole)) => assert_eq!(arrived, whole),
        (Err(_), Err(_)) => (),
        (arrived, whole) => panic!("in pieces {:?}, whole {:?}", error(arrived), error(whole)),
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
        decoding.finish()
    });
    Some(decoded)
}

fn error(result: Result<Image>) -> Option<Error> {
    result.err()
}
