#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Plane, Query, Result, Samples, Size, Step, Stop, Transform,
    View,
};

const VIGNETTE: Param = Param {
    key: "vignette",
    aliases: &[],
    kind: ParamKind::Decimal { min: 0.0, max: 1.0, unit: "" },
    default: Some("0"),
    doc: "darkens the corners, by this amount",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Vignette;

impl Transform for Vignette {
    fn name(&self) -> &'static str {
        "vignette"
    }

    fn params(&self) -> &'static [Param] {
        &[VIGNETTE]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.decimal(VIGNETTE.key).map(|amount| Step::Pixels(Box::new(VignetteOp { amount }))))
    }
}

struct VignetteOp {
    amount: f64,
}

impl PixelOp for VignetteOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = frame.into_rgb()?;
        let colours = usize::from(frame.model.channels()) - usize::from(frame.model.has_alpha());
        frame.encoding = None;
        for plane in &mut frame.planes {
            self.darken(plane, frame.view, colours, stop)?;
        }
        Ok(frame)
    }
}

impl VignetteOp {
    fn darken(&self, plane: &mut Plane, view: View, colours: usize, stop: &Stop) -> Result<()> {
        let channels = usize::from(plane.channels);
        let w = plane.size.w as usize;
        // The distance of a sample point from the middle, squared; 1/2 at the edges.
        let distance = |i: usize, step: f64, start: f64, length: f64| {
            ((((i as f64 + 0.5) * step - start) / length - 0.5).powi(2) * 2.0).min(0.5)
        };
        let columns: Vec<f64> = (0..w).map(|x| distance(x, plane.step.0, view.x, view.w)).collect();
        for y in 0..plane.size.h as usize {
            stop.check()?;
            let down = distance(y, plane.step.1, view.y, view.h);
            let row = y * w * channels..(y + 1) * w * channels;
            let factors = columns.iter().map(|along| self.factor(along + down));
            match &mut plane.samples {
                Samples::U8(samples) => {
                    for (pixel, factor) in samples[row].chunks_exact_mut(channels).zip(factors) {
                        pixel[..colours]
                            .iter_mut()
                            .for_each(|it| *it = (f64::from(*it) * factor).round() as u8);
                    }
                }
                Samples::U16(samples) => {
                    for (pixel, factor) in samples[row].chunks_exact_mut(channels).zip(factors) {
                        pixel[..colours]
                            .iter_mut()
                            .for_each(|it| *it = (f64::from(*it) * factor).round() as u16);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the factor of samples at a squared distance from the middle, which is 1 in the corners.
    fn factor(&self, distance: f64) -> f64 {
        // cos⁴ of an angle whose tangent is the distance: 1 in the middle, 1/4 in the corners of a lens of 90 degrees.
        let light = (1.0 + distance).powi(-2);
        1.0 - self.amount * (1.0 - (light - 0.25) / 0.75)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::Model;

    #[test]
    fn the_amount_is_that_of_the_corners_and_alpha_stays() {
        let check = |raw: &str, corner: u16| {
            let query = Query::parse(raw, "", Vignette.params()).unwrap();
            let Some(Step::Pixels(op)) = Vignette.step(&query).unwrap() else {
                panic!("{raw} requests no step")
            };
            let samples = [40_000, 7].repeat(101 * 51);
            let frame = Frame::whole(Size::new(101, 51), Model::GreyAlpha, Samples::U16(samples));
            let found = op.apply(frame, &Stop::default()).unwrap();
            let Samples::U16(samples) = &found.planes[0].samples else { panic!("16 bits stay") };
            let at = |x: usize, y: usize| samples[(y * 101 + x) * 2];
            assert_eq!(at(50, 25), 40_000, "{raw}");
            for (x, y) in [(0, 0), (100, 0), (0, 50), (100, 50)] {
                assert!(at(x, y).abs_diff(corner) < 700, "{raw}: {}", at(x, y));
            }
            assert!(at(0, 0) < at(0, 25) && at(0, 25) < at(25, 25), "{raw}");
            assert!(samples.iter().skip(1).step_by(2).all(|alpha| *alpha == 7), "{raw}");
        };
        check("vignette=1", 0);
        check("vignette=0.5", 20_000);
    }
}
