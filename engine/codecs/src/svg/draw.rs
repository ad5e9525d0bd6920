//! The calls of `resvg`, with everything turned off that reads files or decodes images.

use super::{FORMAT, damaged, fonts, parse};
use crate::error::CodecError;
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree};
use safelight_core::Size;

/// Draws all of a sanitised file, stretched to `size`. The samples have the shape `[h, w, 4]`, and straight alpha.
pub(super) fn rgba(text: &str, has_text: bool, size: Size) -> Result<Vec<u8>, CodecError> {
    let document = parse(text)?;
    let mut options = Options {
        resources_dir: None,
        font_family: fonts::SANS.to_owned(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    if has_text {
        options.fontdb = fonts::database();
    }
    let tree = Tree::from_xmltree(&document, &options).map_err(damaged)?;
    let mut canvas = Pixmap::new(size.w, size.h).ok_or(CodecError::Unsupported(FORMAT, "its size"))?;
    let scale = |side: u32, nominal: f32| side as f32 / nominal;
    let (w, h) = (scale(size.w, tree.size().width()), scale(size.h, tree.size().height()));
    resvg::render(&tree, Transform::from_scale(w, h), &mut canvas.as_mut());
    let pixels = canvas.pixels().iter().map(PremultipliedColorU8::demultiply);
    Ok(pixels.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]).collect())
}
