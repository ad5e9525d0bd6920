//! Fuzzes the JPEG encoder: this project's decoder and `djpeg` of libjpeg-turbo decode the encoded file of
//! any small image without a warning. Without `djpeg` its part is skipped; in CI that fails the target.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_core::{Decode, Encode, Format, Frame, Image, Limits, Model, Samples, Size, Stop};
use safelight_registry::REGISTRY;
use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
};

static HAS_DJPEG: LazyLock<bool> = LazyLock::new(|| safelight_images::program("djpeg").is_some());

fuzz_target!(|input: &[u8]| {
    let [w, h, quality, options, noise @ ..] = input else { return };
    let Some(encoder) = REGISTRY.encoder(Format::Jpeg) else { return };
    let Some(decoder) = REGISTRY.decoder(Format::Jpeg) else { return };
    let size = Size::new(u32::from(*w) % 70 + 1, u32::from(*h) % 70 + 1);
    let model = if options & 1 == 1 { Model::Grey } else { Model::Rgb };
    let count = size.pixels() as usize * usize::from(model.channels());
    // The rest of the image is flat, so that runs of zeros occur.
    let samples = noise.iter().copied().chain(std::iter::repeat(128)).take(count).collect();
    let frames = vec![Frame::whole(size, model, Samples::U8(samples))];
    let image = Image { frames, delays_ms: Vec::new(), plays: 0, profile: None };
    let encode =
        Encode { quality: Some(quality % 100 + 1), progressive: options & 2 == 2, ..Encode::default() };
    let file = encoder.encode(&image, &encode, &Stop::default()).expect("a small 8-bit image can be encoded");

    let full = Decode { needed: size, all_frames: false, keep_profile: false, chroma: (1, 1) };
    let decoded = decoder.decode(file.clone().into(), &full, &Limits::default());
    let decoded = decoded.expect("the encoder's output is valid");
    assert_eq!(decoded.frames[0].geometry.size, size);
    if options & 0xFC == 0 && *HAS_DJPEG {
        check_by_djpeg(&file, size);
    }
});

fn check_by_djpeg(file: &[u8], size: Size) {
    let mut djpeg = Command::new("djpeg");
    djpeg.arg("-pnm").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = djpeg.spawn().expect("djpeg starts");
    child.stdin.take().expect("it is piped").write_all(file).expect("djpeg reads all of it");
    let output = child.wait_with_output().expect("djpeg ends");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && messages.is_empty(), "djpeg: {messages}");
    let head = format!("\n{} {}\n255\n", size.w, size.h);
    assert!(output.stdout[2..].starts_with(head.as_bytes()), "djpeg decodes another size");
}
