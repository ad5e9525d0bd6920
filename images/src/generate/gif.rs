//! The GIF sample.

use super::metadata::{NOTE, icc, xmp};
use super::{Picture, Result};
use gif::{AnyExtension, Encoder, Extension, Frame, Repeat};

/// Returns an endless pan over the lake, with a comment, a colour profile and an XMP packet.
pub(super) fn animated(scene: &Picture) -> Result<Vec<u8>> {
    let frames = super::pan(scene, 4);
    let (w, h) = (frames[0].w as u16, frames[0].h as u16);
    let mut encoder = Encoder::new(Vec::new(), w, h, &[])?;
    encoder.set_repeat(Repeat::Infinite)?;
    encoder.write_raw_extension(AnyExtension::from(Extension::Comment), &[NOTE.as_bytes()])?;
    let application = AnyExtension::from(Extension::Application);
    encoder.write_raw_extension(application, &[b"ICCRGBG1012", &icc::display_p3()])?;
    for picture in &frames {
        let mut frame = Frame::from_rgb_speed(w, h, &picture.to_display_p3().rgb, 10);
        frame.delay = 25;
        encoder.write_frame(&frame)?;
    }
    let gif = encoder.into_inner()?;

    // The position after the header, the logical screen descriptor and the global colour table. The encoder
    // cannot write this extension, because its packet is not divided into sub-blocks.
    let colours = if gif[10] & 0x80 == 0 { 0 } else { 2 << (gif[10] & 0x07) };
    let (head, rest) = gif.split_at(13 + 3 * colours);
    Ok([head, &xmp_extension(), rest].concat())
}

/// Returns the XMP packet with its trailer, which ends the sub-blocks for a reader that starts at any
/// byte of the packet (XMP part 3, 1.1.2).
fn xmp_extension() -> Vec<u8> {
    let trailer: Vec<u8> = [0x01].into_iter().chain((0x00..=0xFF).rev()).chain([0x00]).collect();
    [b"\x21\xFF\x0BXMP DataXMP".as_slice(), xmp::packet("").as_bytes(), &trailer].concat()
}
