//! Any small picture as a JPEG: our decoder and, where it is installed, `djpeg` of libjpeg-turbo take what
//! the encoder made of it, without a warning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_core::{Decode, Encode, Format, Frame, Image, Limits, Model, Samples, Size};
use safelight_registry::REGISTRY;
use std::{
    io::Write,
    process::{Command, Stdio},
};

fuzz_target!(|input: &[u8]| {
    let [w, h, quality, how, noise @ ..] = input else { return };
    let Some(encoder) = REGISTRY.encoder(Format::Jpeg) else { return };
    let Some(decoder) = REGISTRY.decoder(Format::Jpeg) else { return };
    let size = Size::new(u32::from(*w) % 70 + 1, u32::from(*h) % 70 + 1);
    let model = if how & 1 == 1 { Model::Grey } else { Model::Rgb };
    let count = size.pixels() as usize * usize::from(model.channels());
    // What is missing is flat, so that runs of zeros come up.
    let samples = noise.iter().copied().chain(std::iter::repeat(128)).take(count).collect();
    let frames = vec![Frame::whole(size, model, Samples::U8(samples))];
    let image = Image { frames, delays_ms: Vec::new(), plays: 0, profile: None };
    let options = Encode { quality: Some(quality % 100 + 1), progressive: how & 2 == 2, ..Encode::default() };
    let file = encoder.encode(&image, &options).expect("a small picture of 8 bits can be encoded");

    let full = Decode { needed: size, all_frames: false, keep_profile: false, chroma: (1, 1) };
    let decoded = decoder.decode(file.clone().into(), &full, &Limits::default()).expect("it is our own");
    assert_eq!(decoded.frames[0].geometry.size, size);
    if how & 0xFC == 0 {
        check_by_djpeg(&file, size);
    }
});

fn check_by_djpeg(file: &[u8], size: Size) {
    let mut djpeg = Command::new("djpeg");
    djpeg.arg("-pnm").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = djpeg.spawn() else { return };
    child.stdin.take().expect("it is piped").write_all(file).expect("djpeg reads all of it");
    let output = child.wait_with_output().expect("djpeg ends");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "djpeg: {words}");
    let head = format!("\n{} {}\n255\n", size.w, size.h);
    assert!(output.stdout[2..].starts_with(head.as_bytes()), "djpeg made another size");
}
