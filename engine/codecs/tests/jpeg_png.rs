//! Do JPEG and PNG survive encoding, damage and malice?

#![cfg(all(feature = "jpeg", feature = "png"))]

mod common;

use common::{header, try_decode};
use jpeg_encoder::SamplingFactor;
use safelight_codecs::{Jpeg, Png};
use safelight_core::{
    Decode, Decoder, Encode, Encoder, Frame, Image, Kind, Limits, Model, Samples, Size, Stop,
};
use std::fs;

const SIZE: Size = Size::new(61, 47);
/// A limit above the pixels of every image.
const FULL: Size = Size::new(u32::MAX, u32::MAX);
const MODELS: [Model; 4] = [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba];

fn decode(codec: &dyn Decoder, bytes: &[u8]) -> safelight_core::Result<Image> {
    let decode = Decode { needed: FULL, all_frames: false, keep_profile: true, chroma: (1, 1) };
    try_decode(codec, bytes, &decode, &Limits::default()).and_then(whole_pixels)
}

/// The frames as whole planes of pixels.
fn whole_pixels(mut image: Image) -> safelight_core::Result<Image> {
    let pixels = |frame: Frame| frame.materialize()?.into_rgb();
    image.frames = image.frames.into_iter().map(pixels).collect::<safelight_core::Result<_>>()?;
    Ok(image)
}

fn still(frame: Frame) -> Image {
    Image { frames: vec![frame], delays_ms: vec![], plays: 0, profile: None }
}

/// A smooth image of more colours than a palette has entries.
fn gradient(model: Model) -> Vec<u16> {
    let value = |x: u32, y: u32, channel: u32| match channel {
        0 => x * 1000 + y,
        1 => y * 1300 + x,
        2 => (x + y) * 500,
        _ => 65_535 - x * 900,
    };
    let channels = u32::from(model.channels());
    // The last channel of grey and alpha is alpha too.
    let index = move |channel: u32| if model.has_alpha() && channel + 1 == channels { 3 } else { channel };
    let pixel = |x: u32, y: u32| (0..channels).map(move |channel| value(x, y, index(channel)) as u16);
    (0..SIZE.h).flat_map(|y| (0..SIZE.w).flat_map(move |x| pixel(x, y))).collect()
}

fn to_u8(samples: &[u16]) -> Vec<u8> {
    samples.iter().map(|sample| (sample >> 8) as u8).collect()
}

fn psnr(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let square = |(a, b): (&u8, &u8)| f64::from(a.abs_diff(*b)).powi(2);
    let error: f64 = one.iter().zip(other).map(square).sum::<f64>() / one.len() as f64;
    10.0 * (255.0 * 255.0 / error).log10()
}

fn samples(image: &Image) -> &[u8] {
    match &image.frames[0].planes[0].samples {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("8 bits were expected"),
    }
}

#[test]
fn png_is_lossless() {
    for model in MODELS {
        let wide = gradient(model);
        for samples in [Samples::U8(to_u8(&wide)), Samples::U16(wide)] {
            let image = still(Frame::whole(SIZE, model, samples));
            let encoded = Png.encode(&image, &Encode::default(), &Stop::default()).unwrap();
            assert_eq!(decode(&Png, &encoded).unwrap(), image, "{model:?}");
        }
    }
}

#[test]
fn png_of_few_colours_has_a_palette_and_is_lossless() {
    for (model, colours) in [(Model::Rgb, 2), (Model::Rgba, 3), (Model::Rgb, 16), (Model::Rgba, 200)] {
        let channels = usize::from(model.channels());
        let pixel = |index: u64| {
            let shade = (index * 7 % colours) as u8;
            [shade, 255 - shade, 7, if shade.is_multiple_of(2) { 255 } else { shade }]
                .into_iter()
                .take(channels)
        };
        let picture = (0..SIZE.pixels()).flat_map(pixel).collect();
        let image = still(Frame::whole(SIZE, model, Samples::U8(picture)));
        let encoded = Png.encode(&image, &Encode::default(), &Stop::default()).unwrap();
        assert!(header(&Png, &encoded, &Limits::default()).unwrap().has_palette);
        assert_eq!(decode(&Png, &encoded).unwrap(), image, "{model:?} of {colours}");
    }
}

#[test]
fn both_carry_a_profile() {
    let source = decode(&Jpeg, &safelight_images::read("photo.jpg")).unwrap();
    let codecs: [(&dyn Decoder, &dyn Encoder); 2] = [(&Jpeg, &Jpeg), (&Png, &Png)];
    for (decoder, encoder) in codecs {
        let encoded = encoder.encode(&source, &Encode::default(), &Stop::default()).unwrap();
        let found = decode(decoder, &encoded).unwrap();
        assert_eq!(found.profile, source.profile, "{decoder:?}");
    }
}

#[test]
fn jpeg_is_close_and_smaller_at_lower_quality() {
    for model in [Model::Grey, Model::Rgb] {
        let picture = to_u8(&gradient(model));
        let image = still(Frame::whole(SIZE, model, Samples::U8(picture.clone())));
        let mut last = (0, 0.0);
        for (quality, least) in [(Some(10), 25.0), (None, 33.0), (Some(95), 40.0)] {
            let encoded =
                Jpeg.encode(&image, &Encode { quality, ..Encode::default() }, &Stop::default()).unwrap();
            let found = decode(&Jpeg, &encoded).unwrap();
            assert_eq!(found.frames[0].model, model);
            let psnr = psnr(samples(&found), &picture);
            assert!(least < psnr && last.1 < psnr && last.0 < encoded.len(), "{model:?} {quality:?}: {psnr}");
            last = (encoded.len(), psnr);
        }
    }
}

#[test]
fn scans_of_one_component_each_are_combined() {
    let picture = to_u8(&gradient(Model::Rgb));
    for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_2, SamplingFactor::R_4_2_0] {
        let mut file = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut file, 95);
        encoder.set_sampling_factor(sampling);
        // With these the encoder writes a scan for each component.
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(&picture, SIZE.w as u16, SIZE.h as u16, jpeg_encoder::ColorType::Rgb).unwrap();
        assert_eq!(header(&Jpeg, &file, &Limits::default()).unwrap().geometry.size, SIZE);
        let found = decode(&Jpeg, &file).unwrap();
        assert!(32.0 < psnr(samples(&found), &picture), "{sampling:?}");
    }
}

#[test]
fn jpeg_has_no_alpha_and_eight_bits() {
    let clear = still(Frame::whole(SIZE, Model::Rgba, Samples::U8(vec![0; 4 * SIZE.pixels() as usize])));
    let options = Encode { background: [200, 100, 50], quality: Some(95), ..Encode::default() };
    let found = decode(&Jpeg, &Jpeg.encode(&clear, &options, &Stop::default()).unwrap()).unwrap();
    assert!(samples(&found).chunks_exact(3).all(|pixel| {
        pixel.iter().zip([200, 100, 50]).all(|(found, expected): (&u8, u8)| found.abs_diff(expected) <= 2)
    }));
    let grey = still(Frame::whole(SIZE, Model::Grey, Samples::U16(vec![0x8080; SIZE.pixels() as usize])));
    let found = decode(&Jpeg, &Jpeg.encode(&grey, &Encode::default(), &Stop::default()).unwrap()).unwrap();
    assert!(samples(&found).iter().all(|sample| *sample == 0x80));
}

#[test]
fn jpeg_has_at_most_65_535_pixels_on_a_side() {
    let long = still(Frame::whole(Size::new(65_536, 1), Model::Grey, Samples::U8(vec![0; 65_536])));
    let error = Jpeg.encode(&long, &Encode::default(), &Stop::default()).unwrap_err();
    assert_eq!(error.kind, Kind::InvalidParam);
    assert!(error.message.contains("65535"), "{error}");
}

#[test]
fn orientations_are_read() {
    for orientation in 1..=8 {
        let bytes = safelight_images::read(&format!("orientation-{orientation}.jpg"));
        let header = header(&Jpeg, &bytes, &Limits::default()).unwrap();
        assert_eq!(header.geometry.orientation.get(), orientation);
        assert_eq!(decode(&Jpeg, &bytes).unwrap().frames[0].geometry, header.geometry);
    }
    let header = header(&Png, &safelight_images::read("orientation-6.png"), &Limits::default()).unwrap();
    assert_eq!(header.geometry.orientation.get(), 6);
}

#[test]
fn an_orientation_after_the_pixels_is_read_too() {
    let plain = Png.encode(
        &still(Frame::whole(SIZE, Model::Grey, Samples::U8(vec![9; SIZE.pixels() as usize]))),
        &Encode::default(),
        &Stop::default(),
    );
    let mut bytes = plain.unwrap();
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0";
    let end = bytes.split_off(bytes.len() - 12);
    bytes.extend((exif.len() as u32).to_be_bytes());
    bytes.extend(b"eXIf");
    bytes.extend(exif);
    bytes.extend([0; 4]);
    bytes.extend(end);
    assert_eq!(header(&Png, &bytes, &Limits::default()).unwrap().geometry.orientation.get(), 3);
}

#[test]
fn the_still_of_an_animation_is_its_default_image() {
    let bytes = safelight_images::read("animated.png");
    let header = header(&Png, &bytes, &Limits::default()).unwrap();
    assert!(header.is_animated && header.frames == 3);
    let image = decode(&Png, &bytes).unwrap();
    assert_eq!(image.frames.len(), 1);
    assert_eq!(image.frames[0].geometry, header.geometry);
}

#[test]
fn a_stated_gamma_is_applied() {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 3, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_gamma(png::ScaledFloat::new(1.0));
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0, 55, 255]).unwrap();
    writer.finish().unwrap();
    let plain = Decode { needed: SIZE, all_frames: false, keep_profile: false, chroma: (1, 1) };
    let image = try_decode(&Png, &file, &plain, &Limits::default()).unwrap();
    // IEC 61966-2-1: 55/255 of light is 1.055 · 0.2157^(1/2.4) - 0.055 = 0.5017 of the signal.
    assert_eq!(samples(&image), [0, 128, 255]);
}

#[test]
fn too_many_pixels_are_rejected_by_the_header() {
    let limits = Limits { max_pixels: 1000, ..Limits::default() };
    for (codec, name) in [(&Jpeg as &dyn Decoder, "photo.jpg"), (&Png, "animated.png")] {
        let bytes = safelight_images::read(name);
        let anything = Decode { needed: SIZE, all_frames: false, keep_profile: false, chroma: (1, 1) };
        let errors = [
            header(codec, &bytes, &limits).unwrap_err(),
            try_decode(codec, &bytes, &anything, &limits).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind, Kind::LimitExceeded, "{name}");
            assert!(error.message.contains("the limit is 1000"), "{error}");
        }
    }
}

#[test]
fn bombs_of_the_corpus_are_rejected() {
    let Some(corpus) = safelight_images::corpus() else { return };
    for name in ["hostile/16383x16383.png", "hostile/16384x16384.png", "sharp/65536-uint32-limit.png"] {
        let bytes = fs::read(corpus.join(name)).unwrap();
        assert_eq!(header(&Png, &bytes, &Limits::default()).unwrap_err().kind, Kind::LimitExceeded, "{name}");
        assert_eq!(decode(&Png, &bytes).unwrap_err().kind, Kind::LimitExceeded, "{name}");
    }
}

#[test]
fn a_truncated_jpeg_is_decoded_up_to_its_end() {
    for name in ["photo.jpg", "progressive.jpg"] {
        let bytes = safelight_images::read(name);
        let whole = decode(&Jpeg, &bytes).unwrap();
        let cut = decode(&Jpeg, &bytes[..bytes.len() * 3 / 4]).unwrap();
        let top = whole.frames[0].planes[0].size.w as usize * 3 * 64;
        assert!(30.0 < psnr(&samples(&cut)[..top], &samples(&whole)[..top]), "{name}");
    }
}

/// Pseudo-random numbers (Marsaglia, Xorshift RNGs, 2003), so that failures are reproducible.
fn xorshift(state: &mut u32) -> u32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *state
}

#[test]
fn damage_never_panics_and_never_gives_another_size() {
    let small = still(Frame::whole(
        Size::new(40, 30),
        Model::Rgb,
        Samples::U8((0..3600).map(|n| (n * n % 251) as u8).collect()),
    ));
    let jpeg = Jpeg.encode(&small, &Encode::default(), &Stop::default()).unwrap();
    let png = Png.encode(&small, &Encode::default(), &Stop::default()).unwrap();
    let progressive = safelight_images::read("progressive.jpg");
    let cmyk = safelight_images::corpus()
        .map(|corpus| fs::read(corpus.join("sharp/Channel_digital_image_CMYK_color.jpg")).unwrap());
    let mut seed = 0x2545_F491;
    let mut check = |codec: &dyn Decoder, whole: &[u8], truncations: usize, mutations: usize| {
        let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
        let anything = Decode { needed: FULL, all_frames: true, keep_profile: false, chroma: (1, 1) };
        let attempt = |bytes: &[u8]| {
            let image = try_decode(codec, bytes, &anything, &limits).and_then(whole_pixels);
            let header = header(codec, bytes, &limits);
            if let (Ok(header), Ok(image)) = (header, image) {
                assert_eq!(image.frames[0].geometry, header.geometry);
                assert_eq!(image.frames[0].planes[0].size, header.geometry.size);
            }
        };
        for end in (0..whole.len()).step_by(whole.len().div_ceil(truncations)) {
            attempt(&whole[..end]);
        }
        for _ in 0..mutations {
            let mut bytes = whole.to_vec();
            for _ in 0..=xorshift(&mut seed) % 4 {
                let at = xorshift(&mut seed) as usize % bytes.len();
                bytes[at] = xorshift(&mut seed) as u8;
            }
            attempt(&bytes);
        }
    };
    check(&Jpeg, &jpeg, usize::MAX, 3000);
    check(&Png, &png, 1000, 3000);
    check(&Jpeg, &progressive, 100, 200);
    if let Some(cmyk) = cmyk {
        check(&Jpeg, &cmyk, 20, 50);
    }
}
