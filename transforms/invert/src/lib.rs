#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Model, Param, ParamKind, PixelOp, Query, Result, Samples, Size, Step, Stop, Transform,
};
use safelight_filters::colour::apply_curve;

const INVERT: Param = Param {
    key: "invert",
    aliases: &["negate"],
    kind: ParamKind::Flag,
    default: None,
    doc: "replaces each colour by its complement",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Invert;

impl Transform for Invert {
    fn name(&self) -> &'static str {
        "invert"
    }

    fn params(&self) -> &'static [Param] {
        &[INVERT]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.flag(INVERT.key).then(|| Step::Pixels(Box::new(InvertOp))))
    }
}

struct InvertOp;

impl PixelOp for InvertOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, mut frame: Frame, stop: &Stop) -> Result<Frame> {
        if !matches!(frame.model, Model::Ycc { .. }) {
            return apply_curve(frame, |level| 1.0 - level, stop);
        }
        for (i, plane) in frame.planes.iter_mut().enumerate() {
            stop.check()?;
            if let Samples::U8(samples) = &mut plane.samples {
                // Differences of colour have their zero at 128, so 0 has no opposite but the nearest.
                let invert =
                    |sample: u8| if i == 0 { !sample } else { (256 - u16::from(sample)).min(255) as u8 };
                for sample in samples {
                    *sample = invert(*sample);
                }
            }
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Plane;

    #[test]
    fn planes_of_luma_and_chroma_are_inverted_as_rgb_is() {
        let plane = |sample| Plane {
            size: Size::new(1, 1),
            channels: 1,
            samples: Samples::U8(vec![sample]),
            step: (1.0, 1.0),
        };
        let frame = |planes: [u8; 3]| {
            let whole = Frame::whole(Size::new(1, 1), Model::Grey, Samples::U8(vec![0]));
            Frame { model: Model::Ycc { chroma: (1, 1) }, planes: planes.map(plane).into(), ..whole }
        };
        for [y, cb, cr] in [[0, 128, 128], [255, 128, 128], [76, 85, 255], [29, 255, 107], [226, 0, 149]] {
            let planar = InvertOp.apply(frame([y, cb, cr]), &Stop::default()).unwrap();
            assert!(matches!(planar.model, Model::Ycc { .. }));
            let rgb = |frame: Frame| match frame.into_rgb().unwrap().planes.remove(0).samples {
                Samples::U8(samples) => samples,
                Samples::U16(_) => panic!("8 bits stay"),
            };
            let expected = rgb(frame([y, cb, cr])).into_iter().map(|sample| 255 - sample);
            for (found, expected) in rgb(planar).into_iter().zip(expected) {
                assert!(found.abs_diff(expected) <= 2, "{found} and {expected} of {y}, {cb}, {cr}");
            }
        }
    }
}
