//! Drawings with pictures, composed here: `resvg` calls decoders of its own for pictures, which are not part of it.
//!
//! Groups, clipping and masks follow SVG 2 (chapter 3) and CSS Masking 1, with the same results as `resvg`, which still
//! applies filters. So a picture cannot be in what a filter changes.

use super::{FORMAT, paint, raster::Raster};
use crate::error::CodecError;
use resvg::tiny_skia::{
    BlendMode, FillRule, IntRect, Mask, MaskType, PathBuilder, Pixmap, PixmapPaint, Transform,
};
use resvg::usvg::{self, Group, ImageKind, Node};

/// The result of a step; the error is a picture in what a filter changes.
pub(super) type Composed = Result<(), CodecError>;

/// Draws groups, with the pictures to which their images refer.
pub(super) struct Composer<'a> {
    pub(super) rasters: &'a [Raster],
}

impl Composer<'_> {
    /// Draws what is in `group`, whose coordinates `transform` maps to those of `canvas`.
    pub(super) fn draw(&self, group: &Group, transform: Transform, canvas: &mut Pixmap) -> Composed {
        for node in group.children() {
            match node {
                Node::Group(inner) if inner.filters().is_empty() => self.group(inner, transform, canvas)?,
                Node::Group(_) => filtered(node, transform, canvas)?,
                Node::Path(path) => paint::path(self, path, transform, canvas)?,
                Node::Text(text) => self.group(text.flattened(), transform, canvas)?,
                Node::Image(image) if image.is_visible() => {
                    if let Some(raster) = number(image.kind()).and_then(|number| self.rasters.get(number)) {
                        raster.draw(image.rendering_mode(), transform, canvas);
                    }
                }
                Node::Image(_) => (),
            }
        }
        Ok(())
    }

    /// Draws a group, in a layer if it has effects.
    fn group(&self, group: &Group, transform: Transform, canvas: &mut Pixmap) -> Composed {
        let transform = transform.pre_concat(group.transform());
        if !group.should_isolate() {
            return self.draw(group, transform, canvas);
        }
        let Some((mut layer, at)) = layer(group, transform, canvas) else { return Ok(()) };
        let shifted = transform.post_translate(-at.x() as f32, -at.y() as f32);
        self.draw(group, shifted, &mut layer)?;
        if let Some(clip) = group.clip_path() {
            self.clip(clip, shifted, &mut layer)?;
        }
        if let Some(mask) = group.mask() {
            self.mask(mask, shifted, &mut layer)?;
        }
        let paint = PixmapPaint {
            opacity: group.opacity().get(),
            blend_mode: blend_mode(group.blend_mode()),
            ..PixmapPaint::default()
        };
        canvas.draw_pixmap(at.x(), at.y(), layer.as_ref(), &paint, Transform::identity(), None);
        Ok(())
    }

    /// Keeps of `layer` what is inside of the shapes of `clip`, and of those that clip it.
    fn clip(&self, clip: &usvg::ClipPath, transform: Transform, layer: &mut Pixmap) -> Composed {
        let Some(mut shapes) = Pixmap::new(layer.width(), layer.height()) else { return Ok(()) };
        self.draw(clip.root(), transform.pre_concat(clip.transform()), &mut shapes)?;
        if let Some(outer) = clip.clip_path() {
            self.clip(outer, transform, &mut shapes)?;
        }
        layer.apply_mask(&Mask::from_pixmap(shapes.as_ref(), MaskType::Alpha));
        Ok(())
    }

    /// Multiplies the alpha of `layer` by that or the luminance of `mask`, and of those that mask it.
    fn mask(&self, mask: &usvg::Mask, transform: Transform, layer: &mut Pixmap) -> Composed {
        let (w, h) = (layer.width(), layer.height());
        let (Some(mut drawn), Some(mut region)) = (Pixmap::new(w, h), Mask::new(w, h)) else { return Ok(()) };
        region.fill_path(&PathBuilder::from_rect(mask.rect().to_rect()), FillRule::Winding, true, transform);
        self.draw(mask.root(), transform, &mut drawn)?;
        drawn.apply_mask(&region);
        if let Some(outer) = mask.mask() {
            self.mask(outer, transform, layer)?;
        }
        let kind = match mask.kind() {
            usvg::MaskType::Luminance => MaskType::Luminance,
            usvg::MaskType::Alpha => MaskType::Alpha,
        };
        layer.apply_mask(&Mask::from_pixmap(drawn.as_ref(), kind));
        Ok(())
    }
}

/// An empty layer for what a group shows on `canvas`, and its place there; `None` if it shows nothing.
fn layer(group: &Group, transform: Transform, canvas: &Pixmap) -> Option<(Pixmap, IntRect)> {
    /// Smoothed edges reach into pixels beside the shape.
    const MARGIN: f32 = 2.0;
    let bounds = group.layer_bounding_box().transform(transform)?;
    let inside = |at: f32, end: u32| at.clamp(0.0, end as f32) as i32;
    let at = IntRect::from_ltrb(
        inside((bounds.left() - MARGIN).floor(), canvas.width()),
        inside((bounds.top() - MARGIN).floor(), canvas.height()),
        inside((bounds.right() + MARGIN).ceil(), canvas.width()),
        inside((bounds.bottom() + MARGIN).ceil(), canvas.height()),
    )?;
    Some((Pixmap::new(at.width(), at.height())?, at))
}

/// Draws a group with filters by `resvg`.
fn filtered(group: &Node, transform: Transform, canvas: &mut Pixmap) -> Composed {
    if has_picture(group) {
        return Err(CodecError::Unsupported(FORMAT, "it has a filter over a picture"));
    }
    if let Some(bounds) = group.abs_layer_bounding_box() {
        // `resvg` would move the group to the origin.
        let transform = transform.pre_translate(bounds.x(), bounds.y());
        resvg::render_node(group, transform, &mut canvas.as_mut());
    }
    Ok(())
}

/// Whether a picture is in a node, or in what it is painted, masked or filtered with.
fn has_picture(node: &Node) -> bool {
    let is_in = |group: &Group| group.children().iter().any(has_picture);
    let mut is_referenced = false;
    node.subroots(|root| is_referenced |= is_in(root));
    is_referenced
        || match node {
            Node::Image(_) => true,
            Node::Group(group) => is_in(group),
            Node::Text(text) => is_in(text.flattened()),
            Node::Path(_) => false,
        }
}

/// A picture in the tree of `usvg`: its size, in the header of a format of which `usvg` reads the size, and its number.
pub(super) fn image_kind(number: usize, raster: &Raster) -> ImageKind {
    let header = [&b"farbfeld"[..], &raster.size.w.to_be_bytes(), &raster.size.h.to_be_bytes()];
    ImageKind::PNG([&header.concat()[..], &number.to_be_bytes()].concat().into())
}

/// The number of a picture in the tree.
fn number(kind: &ImageKind) -> Option<usize> {
    let ImageKind::PNG(bytes) = kind else { return None };
    bytes.last_chunk().map(|number| usize::from_be_bytes(*number))
}

fn blend_mode(mode: usvg::BlendMode) -> BlendMode {
    match mode {
        usvg::BlendMode::Normal => BlendMode::SourceOver,
        usvg::BlendMode::Multiply => BlendMode::Multiply,
        usvg::BlendMode::Screen => BlendMode::Screen,
        usvg::BlendMode::Overlay => BlendMode::Overlay,
        usvg::BlendMode::Darken => BlendMode::Darken,
        usvg::BlendMode::Lighten => BlendMode::Lighten,
        usvg::BlendMode::ColorDodge => BlendMode::ColorDodge,
        usvg::BlendMode::ColorBurn => BlendMode::ColorBurn,
        usvg::BlendMode::HardLight => BlendMode::HardLight,
        usvg::BlendMode::SoftLight => BlendMode::SoftLight,
        usvg::BlendMode::Difference => BlendMode::Difference,
        usvg::BlendMode::Exclusion => BlendMode::Exclusion,
        usvg::BlendMode::Hue => BlendMode::Hue,
        usvg::BlendMode::Saturation => BlendMode::Saturation,
        usvg::BlendMode::Color => BlendMode::Color,
        usvg::BlendMode::Luminosity => BlendMode::Luminosity,
        usvg::BlendMode::PlusLighter => BlendMode::Plus,
    }
}
