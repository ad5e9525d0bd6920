//! JPEG 2000: the header of the codestream, and the boxes around it (ITU-T T.800 annexes A and I).

use super::{Facts, be16, be32, jpeg::subsampling};
use safelight_containers::{
    codestream::{HeaderScan, MainHeader},
    jp2_boxes,
};

pub(super) fn read(source: &[u8]) -> Option<Facts> {
    let boxes: Vec<_> = jp2_boxes(source).collect();
    let contents = |kind: &[u8; 4]| boxes.iter().find(|(found, _)| *found == kind).map(|(_, body)| *body);
    let codestream = if source.starts_with(&[0xFF, 0x4F]) {
        source
    } else {
        contents(b"jp2c").or_else(|| codestream_at(source))?
    };
    let end = HeaderScan::main().find(codestream).ok()??;
    let header = MainHeader::read(codestream.get(..end)?).ok()?;
    let components = &header.sizes.components;
    let (first, picture) = (components.first()?, header.sizes.picture());

    let inner: Vec<_> = contents(b"jp2h").map(|body| jp2_boxes(body).collect()).unwrap_or_default();
    let inner = |kind: &[u8; 4]| inner.iter().find(|(found, _)| *found == kind).map(|(_, body)| *body);
    let has_alpha = match inner(b"cdef") {
        Some(channels) => {
            channels.get(2..)?.chunks_exact(6).any(|channel| matches!(be16(channel, 2), Some(1 | 2)))
        }
        None => false,
    };
    let colours = components.len() - usize::from(has_alpha && 1 < components.len());
    let enumerated = inner(b"colr").filter(|body| body.first() == Some(&1)).and_then(|body| be32(body, 3));
    Some(Facts {
        width: Some(picture.w),
        height: Some(picture.h),
        bit_depth: Some(first.bits),
        color_space: Some(match (enumerated, colours) {
            _ if inner(b"pclr").is_some() => "Palette",
            (Some(17), _) | (None, 1 | 2) => "Gray",
            (Some(18), _) => "YCbCr",
            (Some(12), _) => "CMYK",
            _ => "RGB",
        }),
        chroma_subsampling: match components.as_slice() {
            [luma, chroma, _, ..] if enumerated == Some(18) => {
                subsampling(chroma.step.0.checked_div(luma.step.0)?, chroma.step.1.checked_div(luma.step.1)?)
            }
            _ => None,
        },
        has_alpha: Some(has_alpha),
        frames: Some(1),
        ..Facts::default()
    })
}

/// The codestream in a box that does not end in the source, which is damaged but has its header.
fn codestream_at(source: &[u8]) -> Option<&[u8]> {
    let at = source.windows(4).position(|kind| kind == b"jp2c")?;
    source.get(at + 4..)
}
