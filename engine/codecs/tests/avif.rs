//! AVIF against an independent decoder.

#![cfg(all(feature = "avif", feature = "png"))]

mod common;

use common::{Judge, decode, image, psnr, scene};
use safelight_codecs::{Avif, Png};
use safelight_core::{Detection, Encode, Encoder, Format, Model, Size, Stop};

#[test]
fn an_independent_decoder_reads_the_output() {
    let Some(avifdec) = Judge::find("avifdec") else { return };
    for model in [Model::Grey, Model::Rgb, Model::Rgba] {
        let picture = scene(Size::new(97, 65), model, 0);
        let of = |quality| {
            Avif.encode(
                &image(vec![picture.clone()]),
                &Encode { quality, ..Encode::default() },
                &Stop::default(),
            )
            .unwrap()
        };
        let bytes = of(None);
        assert_eq!(Format::detect(&bytes), Detection::Known(Format::Avif));
        assert_eq!(bytes, of(Some(50)), "50 is the default");
        assert!(of(Some(10)).len() < bytes.len());
        let back = decode(&Png, &avifdec.decode(&bytes, "avif", &["-d", "8", "IN", "OUT"]));
        let decibels = psnr(&back.frames[0], &picture);
        assert!(30.0 < decibels, "{model:?} {decibels} dB");
        assert_eq!(back.frames[0].model.has_alpha(), model.has_alpha());
    }
}
