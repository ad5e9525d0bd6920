//! Images of one frame: planes, alpha and transforms.

use super::{
    colours::Colours,
    geometry::fold,
    overlay::OverlayImage,
    planes::Planes,
    rgb::{AlphaPlane, Signal, convert},
    tiles::Tiles,
};
use crate::header::check_pixels;
use safelight_containers::heif::{Image, Picture};
use safelight_core::{
    Cost, Format, Frame, Geometry, Isolation, Limits, Model, Orientation, Plane, Rect, Result, Size, Stop,
    View,
};

/// An image whose headers were read and checked.
pub(super) struct Still {
    pixels: Pixels,
    /// The part that is shown.
    pub(super) shown: Rect,
    pub(super) orientation: Orientation,
    pub(super) colours: Colours,
}

enum Pixels {
    Tiles { colour: Tiles, alpha: Option<AlphaTiles> },
    Overlay(OverlayImage),
}

struct AlphaTiles {
    tiles: Tiles,
    is_premultiplied: bool,
}

impl Still {
    /// Reads the headers of `image` and checks them against `limits`.
    pub(super) fn new(format: Format, image: &Image, limits: &Limits) -> Result<Self> {
        let pixels = if let Picture::Overlay(overlay) = &image.picture {
            Pixels::Overlay(OverlayImage::new(format, overlay, limits)?)
        } else {
            let colour = Tiles::new(format, &image.picture, limits)?;
            let alpha = image.alpha.as_ref().map(|alpha| {
                let tiles = Tiles::new(format, &alpha.picture, limits)?;
                Ok::<_, safelight_core::Error>(AlphaTiles { tiles, is_premultiplied: alpha.is_premultiplied })
            });
            Pixels::Tiles { colour, alpha: alpha.transpose()? }
        };
        let (size, stored) = match &pixels {
            Pixels::Tiles { colour, .. } => (colour.size, colour.signal()),
            Pixels::Overlay(overlay) => (overlay.size, Signal::UNSPECIFIED),
        };
        let colours = Colours::new(format, stored, &image.colours, limits)?;
        let (shown, orientation) = fold(format, size, &image.transforms)?;
        check_pixels(format, shown.size, limits)?;
        Ok(Self { pixels, shown, orientation, colours })
    }

    /// Returns whether the frame may have alpha.
    pub(super) fn has_alpha(&self) -> bool {
        match &self.pixels {
            Pixels::Tiles { alpha, .. } => alpha.is_some(),
            Pixels::Overlay(overlay) => overlay.has_alpha(),
        }
    }

    /// Returns the bytes of a sample of the frame.
    pub(super) fn sample_bytes(&self) -> u8 {
        match &self.pixels {
            Pixels::Overlay(_) => 1,
            Pixels::Tiles { .. } if self.colours.signal.is_high_range() => 2,
            Pixels::Tiles { colour, alpha } => {
                let bytes = |tiles: &Tiles| tiles.info.layout.sample_bytes() as u8;
                bytes(colour).max(alpha.as_ref().map_or(1, |alpha| bytes(&alpha.tiles)))
            }
        }
    }

    /// Returns the most by which the frame can be shrunk so that it has `needed` samples. Alpha would have to weigh
    /// colours, so that images with alpha are not shrunk.
    pub(super) fn shrink(&self, needed: Size) -> u32 {
        match &self.pixels {
            Pixels::Tiles { colour, alpha: None } => colour.shrink(self.shown.size, needed),
            _ => 1,
        }
    }

    /// Returns the size of the largest plane of a frame.
    pub(super) fn decoded_size(&self, shrink: u32) -> Size {
        let Size { w, h } = match &self.pixels {
            Pixels::Tiles { colour, .. } => colour.size,
            Pixels::Overlay(overlay) => overlay.size,
        };
        Size::new(w.div_ceil(shrink), h.div_ceil(shrink))
    }

    /// Returns the cost of a frame, in which it may also be converted to sRGB.
    pub(super) fn cost(&self, shrink: u32) -> Cost {
        /// Nanoseconds for each pixel that is converted to RGB and to sRGB.
        const PIXEL_NS: u64 = 10;
        const MAX_CHANNELS: u64 = 4;
        let pixels = self.decoded_size(shrink).pixels();
        let frame = pixels.saturating_mul(MAX_CHANNELS * u64::from(self.sample_bytes()));
        let (decode, planes) = match &self.pixels {
            Pixels::Tiles { colour, alpha } => {
                let planes = |tiles: &Tiles| tiles.info.layout.bytes(tiles.size, shrink);
                let colour_planes = planes(colour);
                match alpha {
                    None => (colour.cost(shrink), colour_planes),
                    Some(alpha) => {
                        let second = alpha.tiles.cost(shrink) + Cost::new(colour_planes, 0);
                        (colour.cost(shrink).then(second), colour_planes.saturating_add(planes(&alpha.tiles)))
                    }
                }
            }
            Pixels::Overlay(overlay) => (overlay.cost(), 0),
        };
        let convert = Cost::new(planes.saturating_add(frame), pixels.saturating_mul(PIXEL_NS));
        decode.then(convert + self.colours.cost(pixels))
    }

    /// Returns the reason to decode in a child process.
    pub(super) fn isolation(&self) -> Isolation {
        match &self.pixels {
            Pixels::Tiles { colour, alpha } => {
                let alpha = alpha.as_ref().map_or(Isolation::Never, |alpha| alpha.tiles.isolation());
                stronger(colour.isolation(), alpha)
            }
            Pixels::Overlay(overlay) => overlay.isolation(),
        }
    }

    /// Decodes the frame, tone-mapped if its range is high, on several threads if `is_parallel`.
    pub(super) fn frame(
        &self,
        shrink: u32,
        chroma: (u8, u8),
        is_parallel: bool,
        stop: &Stop,
    ) -> Result<Frame> {
        let frame = match &self.pixels {
            Pixels::Overlay(overlay) => overlay.frame(is_parallel, stop)?,
            Pixels::Tiles { colour, alpha } => {
                let planes = colour.planes(shrink, is_parallel, stop)?;
                let alpha = alpha.as_ref().map(|alpha| {
                    Ok::<_, safelight_core::Error>((alpha, alpha.tiles.planes(shrink, is_parallel, stop)?))
                });
                let alpha = alpha.transpose()?;
                let alpha = alpha.as_ref().map(|(alpha, planes)| AlphaPlane {
                    planes,
                    is_full_range: alpha.tiles.is_alpha_full_range(),
                    is_premultiplied: alpha.is_premultiplied,
                });
                let mut frame =
                    frame(planes, colour.size, shrink, self.colours.signal, alpha.as_ref(), chroma);
                self.colours.tone_map(std::slice::from_mut(&mut frame));
                frame
            }
        };
        let Rect { x, y, size } = self.shown;
        let view = View { x: x.into(), y: y.into(), w: size.w.into(), h: size.h.into() };
        Ok(Frame { geometry: Geometry { size, orientation: self.orientation }, view, ..frame })
    }

    /// Decodes the planes of colours at full size; `None` for an overlay.
    #[cfg(test)]
    pub(super) fn planes(&self, stop: &Stop) -> Option<Result<Planes>> {
        match &self.pixels {
            Pixels::Tiles { colour, .. } => Some(colour.planes(1, true, stop)),
            Pixels::Overlay(_) => None,
        }
    }
}

/// Returns the stronger reason.
pub(super) fn stronger(one: Isolation, other: Isolation) -> Isolation {
    match (one, other) {
        (Isolation::Always, _) | (_, Isolation::Always) => Isolation::Always,
        (Isolation::IfLong, _) | (_, Isolation::IfLong) => Isolation::IfLong,
        (Isolation::Never, Isolation::Never) => Isolation::Never,
    }
}

/// Returns the frame of `planes`, an image of `size` that was shrunk: planes of luma and chroma as they are if a frame
/// can have them, else grey or RGB.
pub(super) fn frame(
    planes: Planes,
    size: Size,
    shrink: u32,
    signal: Signal,
    alpha: Option<&AlphaPlane>,
    chroma: (u8, u8),
) -> Frame {
    let layout = planes.layout;
    let is_whole = planes.planes.iter().map(|plane| plane.size).eq(layout.sizes(size, shrink));
    let step = f64::from(shrink);
    if alpha.is_none() && layout.bits == 8 && is_whole && !signal.is_high_range() {
        let model = match layout.chroma {
            None if signal.is_full_range => Some(Model::Grey),
            Some(_) if signal.is_jfif() => Some(Model::Ycc { chroma }),
            _ => None,
        };
        if let Some(model) = model {
            let (across, down) = layout.chroma.unwrap_or((1, 1));
            let coarse = (step * f64::from(across), step * f64::from(down));
            let steps = [(step, step), coarse, coarse];
            let planes = planes.planes.into_iter().zip(steps).map(|(plane, step)| Plane {
                size: plane.size,
                channels: 1,
                samples: plane.samples,
                step,
            });
            let geometry = Geometry { size, orientation: Orientation::UPRIGHT };
            return Frame {
                geometry,
                view: View::whole(size),
                model,
                planes: planes.collect(),
                encoding: None,
            };
        }
    }
    let pixels = Size::new(size.w.div_ceil(shrink), size.h.div_ceil(shrink));
    let mut frame = convert(&planes, pixels, signal, alpha);
    for plane in &mut frame.planes {
        plane.step = (step, step);
    }
    Frame { geometry: Geometry { size, ..frame.geometry }, view: View::whole(size), ..frame }
}
