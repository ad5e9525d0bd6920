#![doc = include_str!("../README.md")]

use safelight_core::{
    Colour, Encode, Frame, Geometry, Model, Param, ParamKind, PixelOp, Plane, Query, Result, Samples, Size,
    Step, Stop, Transform, params,
};
use safelight_filters::with_channels_of;

const FLATTEN: Param = Param {
    key: "flatten",
    aliases: &[],
    kind: ParamKind::Flag,
    default: None,
    doc: "lays the image on the background, also in formats with transparency",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Flatten;

impl Transform for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn params(&self) -> &'static [Param] {
        &[FLATTEN]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let rgb = params::background(query).map_or(Encode::default().background, |colour| colour.rgb);
        Ok(query.flag(FLATTEN.key).then(|| Step::Pixels(Box::new(FlattenOp { rgb }))))
    }
}

struct FlattenOp {
    /// The opaque colour, in sRGB.
    rgb: [u8; 3],
}

impl PixelOp for FlattenOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        if !frame.model.has_alpha() {
            return Ok(frame);
        }
        // Grey on a colour becomes RGB.
        let mut frame = with_channels_of(frame, Colour { rgb: self.rgb, alpha: u8::MAX });
        frame.model = if frame.model == Model::GreyAlpha { Model::Grey } else { Model::Rgb };
        frame.encoding = None;
        for plane in &mut frame.planes {
            stop.check()?;
            self.composite(plane);
        }
        Ok(frame)
    }
}

impl FlattenOp {
    /// Removes the alpha, which is last in each pixel.
    fn composite(&self, plane: &mut Plane) {
        let channels = usize::from(plane.channels);
        plane.channels -= 1;
        plane.samples = match &plane.samples {
            Samples::U8(samples) => {
                let below = self.rgb.map(u64::from);
                Samples::U8(blended(samples, channels, below, 255).map(|sample| sample as u8).collect())
            }
            Samples::U16(samples) => {
                let below = self.rgb.map(|level| 257 * u64::from(level));
                Samples::U16(blended(samples, channels, below, 65_535).map(|sample| sample as u16).collect())
            }
        };
    }
}

/// The colours of pixels over `below`, rounded; `max` is opaque.
///
/// Blends sRGB values, not linear light, as browsers do.
fn blended<T: Copy + Into<u64>>(
    samples: &[T],
    channels: usize,
    below: [u64; 3],
    max: u64,
) -> impl Iterator<Item = u64> {
    samples.chunks_exact(channels).flat_map(move |pixel| {
        let (alpha, colours) = pixel.split_last().expect("a pixel has alpha");
        let alpha: u64 = (*alpha).into();
        let blend = move |(colour, below): (&T, u64)| {
            ((*colour).into() * alpha + below * (max - alpha) + max / 2) / max
        };
        colours.iter().zip(below).map(blend)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(raw: &str, model: Model, samples: Samples) -> (Model, Samples) {
        let query = Query::parse(raw, "", &[FLATTEN, params::BACKGROUND]).unwrap();
        let Some(Step::Pixels(op)) = Flatten.step(&query).unwrap() else { panic!("{raw} requests no step") };
        let mut frame = op.apply(Frame::whole(Size::new(1, 1), model, samples), &Stop::default()).unwrap();
        (frame.model, frame.planes.remove(0).samples)
    }

    #[test]
    fn the_background_shows_through() {
        let check = |raw, model, samples: &[u8], after, expected: &[u8]| {
            let expected = (after, Samples::U8(expected.to_vec()));
            assert_eq!(flattened(raw, model, Samples::U8(samples.to_vec())), expected, "{raw}");
        };
        check("flatten=true", Model::Rgba, &[10, 20, 30, 0], Model::Rgb, &[0, 0, 0]);
        check("flatten=true&background=red", Model::Rgba, &[10, 20, 30, 255], Model::Rgb, &[10, 20, 30]);
        check("flatten=true&background=ff000000", Model::Rgba, &[0, 100, 0, 51], Model::Rgb, &[204, 20, 0]);
        check("flatten=true&background=888", Model::GreyAlpha, &[0, 0], Model::Grey, &[0x88]);
        check("flatten=true&background=red", Model::GreyAlpha, &[100, 0], Model::Rgb, &[255, 0, 0]);
        check("flatten=true&background=red", Model::Grey, &[7], Model::Grey, &[7]);
        let wide =
            flattened("flatten=true&background=red", Model::Rgba, Samples::U16(vec![0, 65_535, 9, 32_768]));
        assert_eq!(wide, (Model::Rgb, Samples::U16(vec![32_767, 32_768, 5])));
    }
}
