//! Fuzzes the JPEG decoder with input in pieces: any bytes give the same image as the whole input, or both
//! fail. The last bytes select the options of the decode and the size of a piece, so that image files can be
//! seeds without changes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_core::{Codec, Decode, Error, Image, Limits, Result, Size};
use safelight_registry::CODECS;

const LIMITS: Limits = Limits {
    max_source_bytes: 1 << 20,
    max_metadata_bytes: 1 << 16,
    max_pixels: 1 << 18,
    max_frames: 1,
    max_output_side: 1 << 10,
};

fuzz_target!(|source: &[u8]| {
    let Some(codec) = CODECS.iter().find(|codec| codec.mime() == "image/jpeg") else { return };
    let [.., w, h, options] = *source else { return };
    let decode = Decode {
        needed: Size::new(u32::from(w) * 2, u32::from(h) * 2),
        all_frames: false,
        keep_profile: options & 1 == 1,
        chroma: if options & 2 == 2 { (2, 2) } else { (1, 1) },
    };
    let Some(streamed) = in_pieces(*codec, source, usize::from(options >> 2) + 1, &decode) else { return };
    match (streamed, codec.decode(source, &decode, &LIMITS)) {
        (Ok(streamed), Ok(whole)) => assert_eq!(streamed, whole),
        (Err(_), Err(_)) => (),
        (streamed, whole) => panic!("in pieces {:?}, whole {:?}", error(streamed), error(whole)),
    }
});

/// Returns `None` if the source cannot be decoded while it arrives.
fn in_pieces(codec: &dyn Codec, source: &[u8], piece: usize, decode: &Decode) -> Option<Result<Image>> {
    let streaming = codec.streaming()?;
    let mut ends = (piece..source.len()).step_by(piece).chain([source.len()]);
    let head = ends.find_map(|end| match streaming.header(&source[..end], &LIMITS) {
        Ok(None) => None,
        Ok(Some(header)) => Some(Ok((&source[..end], header))),
        Err(error) => Some(Err(error)),
    })?;
    let decoded = head.and_then(|(head, header)| {
        let mut decoding = streaming.start(head, &header, decode)?;
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
