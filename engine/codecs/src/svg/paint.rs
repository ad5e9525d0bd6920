//! Fills and strokes of paths (SVG 2, chapter 13), where a pattern may contain a picture.

use super::compose::{Composed, Composer};
use resvg::tiny_skia::{
    Color, FillRule, FilterQuality, GradientStop, LinearGradient, Paint, Pattern, Pixmap, RadialGradient,
    Shader, SpreadMode, Transform,
};
use resvg::usvg::{self, BaseGradient, Opacity, PaintOrder, SpreadMethod};

/// Draws a path, whose coordinates `transform` maps to those of `canvas`.
pub(super) fn path(
    composer: &Composer<'_>,
    path: &usvg::Path,
    transform: Transform,
    canvas: &mut Pixmap,
) -> Composed {
    if !path.is_visible() {
        return Ok(());
    }
    let is_smooth = path.rendering_mode().use_shape_antialiasing();
    let fill = |canvas: &mut Pixmap| {
        let bounds = path.data().bounds();
        let Some(fill) = path.fill().filter(|_| bounds.width() != 0.0 && bounds.height() != 0.0) else {
            return Ok(());
        };
        let rule = match fill.rule() {
            usvg::FillRule::NonZero => FillRule::Winding,
            usvg::FillRule::EvenOdd => FillRule::EvenOdd,
        };
        with_paint(composer, fill.paint(), fill.opacity(), transform, |mut paint| {
            paint.anti_alias = is_smooth;
            canvas.fill_path(path.data(), &paint, rule, transform, None);
        })
    };
    let stroke = |canvas: &mut Pixmap| {
        let Some(stroke) = path.stroke() else { return Ok(()) };
        with_paint(composer, stroke.paint(), stroke.opacity(), transform, |mut paint| {
            paint.anti_alias = is_smooth;
            canvas.stroke_path(path.data(), &paint, &stroke.to_tiny_skia(), transform, None);
        })
    };
    match path.paint_order() {
        PaintOrder::FillAndStroke => fill(canvas).and_then(|()| stroke(canvas)),
        PaintOrder::StrokeAndFill => stroke(canvas).and_then(|()| fill(canvas)),
    }
}

/// Calls `draw` with a paint, unless it shows nothing.
fn with_paint(
    composer: &Composer<'_>,
    paint: &usvg::Paint,
    opacity: Opacity,
    transform: Transform,
    draw: impl FnOnce(Paint<'_>),
) -> Composed {
    let tile;
    let shader = match paint {
        usvg::Paint::Color(colour) => Some(Shader::SolidColor(with_opacity(*colour, opacity))),
        usvg::Paint::LinearGradient(gradient) => LinearGradient::new(
            (gradient.x1(), gradient.y1()).into(),
            (gradient.x2(), gradient.y2()).into(),
            stops(gradient, opacity),
            spread(gradient),
            gradient.transform(),
        ),
        usvg::Paint::RadialGradient(gradient) => RadialGradient::new(
            (gradient.fx(), gradient.fy()).into(),
            gradient.fr().get(),
            (gradient.cx(), gradient.cy()).into(),
            gradient.r().get(),
            stops(gradient, opacity),
            spread(gradient),
            gradient.transform(),
        ),
        usvg::Paint::Pattern(pattern) => {
            let Some((pixels, placed)) = draw_tile(composer, pattern, transform)? else { return Ok(()) };
            tile = pixels;
            let quality = FilterQuality::Bicubic;
            Some(Pattern::new(tile.as_ref(), SpreadMode::Repeat, quality, opacity.get(), placed))
        }
    };
    if let Some(shader) = shader {
        draw(Paint { shader, ..Paint::default() });
    }
    Ok(())
}

/// Draws one tile of a pattern at the scale at which it is seen. Returns it and the transform from its pixels; `None` if
/// it has none.
fn draw_tile(
    composer: &Composer<'_>,
    pattern: &usvg::Pattern,
    transform: Transform,
) -> Result<Option<(Pixmap, Transform)>, crate::error::CodecError> {
    let (x, y) = transform.pre_concat(pattern.transform()).get_scale();
    let area = pattern.rect();
    let (w, h) = ((area.width() * x).round() as u32, (area.height() * y).round() as u32);
    let Some(mut tile) = Pixmap::new(w, h) else { return Ok(None) };
    composer.draw(pattern.root(), Transform::from_scale(x, y), &mut tile)?;
    let placed = pattern.transform().pre_translate(area.x(), area.y()).pre_scale(1.0 / x, 1.0 / y);
    Ok(Some((tile, placed)))
}

fn stops(gradient: &BaseGradient, opacity: Opacity) -> Vec<GradientStop> {
    let stop = |stop: &usvg::Stop| {
        GradientStop::new(stop.offset().get(), with_opacity(stop.color(), stop.opacity() * opacity))
    };
    gradient.stops().iter().map(stop).collect()
}

fn spread(gradient: &BaseGradient) -> SpreadMode {
    match gradient.spread_method() {
        SpreadMethod::Pad => SpreadMode::Pad,
        SpreadMethod::Reflect => SpreadMode::Reflect,
        SpreadMethod::Repeat => SpreadMode::Repeat,
    }
}

fn with_opacity(colour: usvg::Color, opacity: Opacity) -> Color {
    Color::from_rgba8(colour.red, colour.green, colour.blue, opacity.to_u8())
}
