//! HEIF and AVIF: the properties of the primary image, and the configuration of its coding
//! (ISO/IEC 23008-12 section 6.5; ISO/IEC 14496-15 section 8.3.3; AV1 in ISOBMFF section 2.3.3).

use super::Facts;
use bytes::Bytes;
use safelight_containers::heif::{Coded, Content, Image, Picture, Transform, read as read_index};
use safelight_core::{Limits, Size, Turn};
use safelight_formats::Format;

pub(super) fn read(source: &Bytes, format: Format, limits: &Limits) -> Option<Facts> {
    match read_index(source, format, None, limits).ok()? {
        Content::Image { image, pages } => Some(Facts { pages: Some(pages), ..of_image(&image) }),
        Content::NoPage(_) => None,
        Content::Sequence(sequence) => {
            let samples = &sequence.colour.samples;
            Some(Facts {
                frames: u32::try_from(samples.len()).ok(),
                plays: Some(sequence.plays),
                duration_ms: Some(samples.iter().map(|sample| u64::from(sample.delay_ms)).sum()),
                has_alpha: Some(sequence.alpha.is_some()),
                ..of_coded(&sequence.colour.coded)
            })
        }
    }
}

fn of_image(image: &Image) -> Facts {
    let coded = first(&image.picture);
    let size = image.picture.size();
    let mut part = None;
    let mut turn = Turn::default();
    for transform in &image.transforms {
        match transform {
            Transform::Rotate(quarters) => {
                for _ in 0..*quarters {
                    turn = turn.then(Turn { is_transposed: true, is_mirrored_x: false, is_mirrored_y: true });
                }
            }
            Transform::Mirror(is_x) => {
                turn = turn.then(Turn { is_transposed: false, is_mirrored_x: *is_x, is_mirrored_y: !is_x });
            }
            Transform::Crop(aperture) => {
                let pixels = |(numerator, denominator): (u32, u32)| {
                    (f64::from(numerator) / f64::from(denominator)).round() as u32
                };
                let shown = Size::new(pixels(aperture.width), pixels(aperture.height));
                let shown = turn.size(shown);
                part = Some((shown.w.min(size.w), shown.h.min(size.h)));
            }
        }
    }
    Facts {
        width: Some(size.w),
        height: Some(size.h),
        part,
        orientation: Some(turn.into()),
        has_alpha: Some(image.alpha.is_some()),
        frames: Some(1),
        ..coded.map(of_coded).unwrap_or_default()
    }
}

/// The first coded image of a picture.
fn first(picture: &Picture) -> Option<&Coded> {
    match picture {
        Picture::Coded(coded) => Some(coded),
        Picture::Grid(grid) => grid.tiles.first().map(|tile| &**tile),
        Picture::Overlay(overlay) => first(&overlay.layers.first()?.image.picture),
    }
}

fn of_coded(coded: &Coded) -> Facts {
    let config = &coded.config;
    let (depth, chroma) = match (&coded.kind, config.get(2), config.get(16), config.get(17)) {
        (b"av01", Some(flags), ..) => {
            let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
                (false, _) => 8,
                (true, false) => 10,
                (true, true) => 12,
            };
            let chroma = match flags >> 2 & 7 {
                0b000 => Some("4:4:4"),
                0b010 => Some("4:2:2"),
                0b011 => Some("4:2:0"),
                _ => None,
            };
            (Some(depth), chroma)
        }
        (b"hvc1" | b"hev1", _, Some(chroma), Some(depth)) => {
            let chroma = [None, Some("4:2:0"), Some("4:2:2"), Some("4:4:4")][usize::from(chroma & 3)];
            (Some(8 + (depth & 7)), chroma)
        }
        _ => (None, None),
    };
    let is_identity = coded.colours.nclx.as_ref().is_some_and(|nclx| nclx.matrix == 0);
    Facts {
        width: Some(coded.size.w),
        height: Some(coded.size.h),
        bit_depth: depth,
        color_space: match (chroma, is_identity) {
            (None, _) => depth.map(|_| "Gray"),
            (Some("4:4:4"), true) => Some("RGB"),
            _ => Some("YCbCr"),
        },
        chroma_subsampling: chroma,
        ..Facts::default()
    }
}
