//! The calls of `resvg`, with everything turned off that reads files or decodes images.

use super::compose::{Composer, image_kind};
use super::pictures::Pictures;
use super::{FORMAT, damaged, fonts, parse};
use crate::error::CodecError;
use bytes::Bytes;
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8, Transform};
use resvg::usvg::{ImageHrefResolver, Options, Tree};
use safelight_core::{Result, Size, Stop};

/// Draws all of a sanitised file, whose pictures have the numbers of `pictures`, stretched to `size`. The samples have
/// the shape `[h, w, 4]`, and straight alpha. Text needs `fonts`, which may be none besides those of the program.
pub(super) fn rgba(
    text: &str,
    pictures: Pictures,
    fonts: Option<Vec<Bytes>>,
    size: Size,
    stop: &Stop,
) -> Result<Vec<u8>> {
    let rasters = pictures.decode(stop)?;
    let document = parse(text)?;
    let image = |number: &str| {
        let number = number.parse().ok()?;
        rasters.get(number).map(|raster| image_kind(number, raster))
    };
    let mut options = Options {
        resources_dir: None,
        font_family: fonts::SANS.to_owned(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|number, _| image(number)),
        },
        ..Options::default()
    };
    if let Some(files) = fonts {
        options.fontdb = fonts::database(files);
    }
    let tree = Tree::from_xmltree(&document, &options).map_err(damaged)?;
    let mut canvas = Pixmap::new(size.w, size.h).ok_or(CodecError::Unsupported(FORMAT, "its size"))?;
    let scale = |side: u32, nominal: f32| side as f32 / nominal;
    let (w, h) = (scale(size.w, tree.size().width()), scale(size.h, tree.size().height()));
    let transform = Transform::from_scale(w, h);
    if rasters.is_empty() {
        resvg::render(&tree, transform, &mut canvas.as_mut());
    } else {
        Composer { rasters: &rasters }.draw(tree.root(), transform, &mut canvas)?;
    }
    let pixels = canvas.pixels().iter().map(PremultipliedColorU8::demultiply);
    Ok(pixels.flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]).collect())
}
