//! Fuzzes the reader of HEIF for decoders: any bytes give a tree within its bounds, or a typed error.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use safelight_containers::heif::{self, Coded, Content, Image, Picture};
use safelight_core::{Detection, Format, Limits};

fuzz_target!(|source: &[u8]| {
    let Detection::Known(format @ (Format::Avif | Format::Heic | Format::Heif)) = Format::detect(source)
    else {
        return;
    };
    let source = Bytes::copy_from_slice(source);
    let check = |coded: &Coded| {
        let bytes: usize = coded.data.iter().map(Bytes::len).sum();
        assert!(bytes <= source.len(), "extents multiply");
    };
    let check_picture = |picture: &Picture| match picture {
        Picture::Coded(coded) => check(coded),
        Picture::Grid(grid) => {
            assert_eq!(grid.tiles.len() as u32, grid.columns * grid.rows);
            grid.tiles.iter().for_each(|tile| check(tile));
        }
        Picture::Overlay(overlay) => assert!(overlay.layers.len() <= 256),
    };
    let check_image = |image: &Image| {
        check_picture(&image.picture);
        image.alpha.iter().for_each(|alpha| check_picture(&alpha.picture));
    };
    let page = source.last().filter(|page| **page < 8).map(|page| u32::from(*page));
    match heif::read(&source, format, page, &Limits::default()) {
        Ok(Content::Image { image, pages }) => {
            assert!(page.unwrap_or(0) < pages);
            check_image(&image);
            if let Picture::Overlay(overlay) = &image.picture {
                for layer in &overlay.layers {
                    assert!(!matches!(layer.image.picture, Picture::Overlay(_)), "overlays are nested");
                    check_image(&layer.image);
                }
            }
        }
        Ok(Content::Sequence(sequence)) => {
            assert!(sequence.colour.first_sync < sequence.colour.samples.len());
        }
        Ok(Content::NoPage(pages)) => assert!(page.is_some_and(|page| pages <= page)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
