#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Orientation, Param, PixelOp, Query, Result, Size, Step, Stop, Transform, Turn,
};

/// The plug-in.
#[derive(Debug)]
pub struct Orient;

impl Transform for Orient {
    fn name(&self) -> &'static str {
        "orient"
    }

    fn params(&self) -> &'static [Param] {
        &[]
    }

    fn step(&self, _query: &Query) -> Result<Option<Step>> {
        Ok(Some(Step::PixelsIfDecoding(Box::new(OrientOp))))
    }
}

struct OrientOp;

impl PixelOp for OrientOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry {
            size: Turn::from(input.orientation).size(input.size),
            orientation: Orientation::UPRIGHT,
        })
    }

    fn needed(&self, input: Geometry, need: Size) -> Size {
        // Exchanging the sides is its own inverse.
        Turn::from(input.orientation).size(need)
    }

    fn apply(&self, frame: Frame, _stop: &Stop) -> Result<Frame> {
        let turn = Turn::from(frame.geometry.orientation);
        let mut frame = frame.turn(turn)?;
        // A second run finds an upright image and changes nothing.
        frame.geometry.orientation = Orientation::UPRIGHT;
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples, View};

    fn frame(number: u8) -> Frame {
        let samples = Samples::U8((0..6).collect());
        let mut frame = Frame::whole(Size::new(3, 2), Model::Grey, samples);
        frame.geometry.orientation = Orientation::new(number).unwrap();
        frame
    }

    #[test]
    fn output_is_upright_and_has_the_stated_geometry() {
        for number in 1..=8 {
            let input = frame(number);
            let stated = OrientOp.output(input.geometry).unwrap();
            let upright = OrientOp.apply(input, &Stop::default()).unwrap();
            assert_eq!(upright.geometry, stated, "orientation {number}");
            assert_eq!(stated.orientation, Orientation::UPRIGHT);
            assert_eq!(stated.size, if number < 5 { Size::new(3, 2) } else { Size::new(2, 3) });
            assert_eq!(OrientOp.apply(upright.clone(), &Stop::default()).unwrap(), upright, "turned twice");
        }
    }

    #[test]
    fn needed_sizes_are_those_of_the_stored_image() {
        for number in 1..=8 {
            let needed = OrientOp.needed(frame(number).geometry, Size::new(20, 10));
            assert_eq!(needed, if number < 5 { Size::new(20, 10) } else { Size::new(10, 20) });
        }
    }

    #[test]
    fn a_scaled_decode_keeps_its_nominal_size() {
        let mut frame = frame(8);
        frame.planes[0].step = (2.0, 2.0);
        frame.geometry.size = Size::new(5, 3);
        frame.view = View::whole(Size::new(5, 3));
        let upright = OrientOp.apply(frame, &Stop::default()).unwrap();
        assert_eq!(upright.geometry.size, Size::new(3, 5));
        assert_eq!(upright.view, View { x: 0.0, y: 1.0, w: 3.0, h: 5.0 });
        assert_eq!(upright.planes[0].samples, Samples::U8(vec![2, 5, 1, 4, 0, 3]));
    }
}
