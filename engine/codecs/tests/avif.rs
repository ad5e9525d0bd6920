//! AVIF against an independent decoder.

mod common;

use common::{Judge, decode, image, psnr, scene};
use safelight_codecs::{Avif, Png};
use safelight_core::{Codec, Encode, Kind, Limits, Model, Size};

#[test]
fn pictures_are_encoded_for_other_decoders() {
    let Some(avifdec) = Judge::find("avifdec") else { return };
    for model in [Model::Grey, Model::Rgb, Model::Rgba] {
        let picture = scene(Size::new(97, 65), model, 0);
        let of = |quality| {
            Avif.encode(&image(vec![picture.clone()]), &Encode { quality, ..Encode::default() }).unwrap()
        };
        let bytes = of(None);
        assert!(Avif.sniff(&bytes));
        assert_eq!(bytes, of(Some(50)), "50 is the default");
        assert!(of(Some(10)).len() < bytes.len());
        let back = decode(&Png, &avifdec.decode(&bytes, "avif", &["-d", "8", "IN", "OUT"]));
        let decibels = psnr(&back.frames[0], &picture);
        assert!(30.0 < decibels, "{model:?} {decibels} dB");
        assert_eq!(back.frames[0].model.has_alpha(), model.has_alpha());
    }
}

#[test]
fn sources_are_known_and_refused() {
    let bytes = common::sample("photo.avif");
    assert!(Avif.sniff(&bytes));
    let error = Avif.header(&bytes, &Limits::default()).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::UnsupportedFormat, "AVIF cannot be decoded"));
}

#[test]
fn other_brands_are_not_avif() {
    let check = |head: &[u8], expected| assert_eq!(Avif.sniff(head), expected, "{head:?}");
    check(b"\0\0\0\x14ftypavif\0\0\0\0mif1", true);
    check(b"\0\0\0\x14ftypmif1\0\0\0\0avif", true);
    check(b"\0\0\0\x14ftypavis\0\0\0\0", true);
    check(b"\0\0\0\x14ftypheicavifmif1", false);
    check(b"\0\0\0\x14ftypheic\0\0\0\0mif1avif", false);
    check(b"\0\0\0\x14ftyp", false);
    check(b"", false);
}
