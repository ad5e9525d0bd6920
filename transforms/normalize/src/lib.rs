#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::colour::{Levels, map_luma};

const NORMALIZE: Param = Param {
    key: "normalize",
    aliases: &["normalise"],
    kind: ParamKind::Flag,
    default: None,
    doc: "stretches contrast so that the darkest pixels are black and the lightest white",
};

/// Shares of the pixels below the level that becomes black, and the one that becomes white.
const SHARES: (f64, f64) = (0.01, 0.99);

/// Samples on each axis that tell the levels of an image well enough.
const MIN_SIDE: u32 = 80;

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Normalize;

impl Transform for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    fn params(&self) -> &'static [Param] {
        &[NORMALIZE]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.flag(NORMALIZE.key).then(|| Step::Pixels(Box::new(NormalizeOp { range: None }))))
    }
}

struct NormalizeOp {
    /// The levels that become black and white, once they are known and differ.
    range: Option<(f64, f64)>,
}

impl PixelOp for NormalizeOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, need: Size) -> Size {
        need.union(Size::new(input.size.w.min(MIN_SIDE), input.size.h.min(MIN_SIDE)))
    }

    fn examine(&mut self, first: &Frame, stop: &Stop) -> Result<()> {
        let levels = Levels::of(first, stop)?;
        let range = levels.quantile(SHARES.0).zip(levels.quantile(SHARES.1));
        self.range = range.filter(|(black, white)| black < white);
        Ok(())
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let Some((black, white)) = self.range else { return Ok(frame) };
        map_luma(frame, |level| (level - black) / (white - black), stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Model, Samples};

    fn normalized(frames: &[Frame]) -> Vec<Samples> {
        let mut op = NormalizeOp { range: None };
        op.examine(&frames[0], &Stop::default()).unwrap();
        let apply =
            |frame: &Frame| op.apply(frame.clone(), &Stop::default()).unwrap().planes.remove(0).samples;
        frames.iter().map(apply).collect()
    }

    fn frame(model: Model, samples: Vec<u8>) -> Frame {
        let pixels = samples.len() / usize::from(model.channels());
        Frame::whole(Size::new(pixels as u32, 1), model, Samples::U8(samples))
    }

    #[test]
    fn one_percent_at_each_end_is_cut_off() {
        let mut samples: Vec<u8> = (0..200).map(|i| 50 + i / 2).collect();
        samples[0] = 0;
        samples[199] = 255;
        let [Samples::U8(found)] = &normalized(&[frame(Model::Grey, samples)])[..] else {
            panic!("8 bits stay")
        };
        assert_eq!((found[0], found[1], found[100], found[198], found[199]), (0, 0, 130, 255, 255));
    }

    #[test]
    fn colours_change_by_as_much_as_their_luma() {
        let source =
            frame(Model::Rgba, vec![60, 60, 60, 255, 120, 100, 90, 7, 180, 180, 180, 255, 0, 0, 0, 0]);
        let expected = vec![0, 0, 0, 255, 111, 91, 81, 7, 255, 255, 255, 255, 0, 0, 0, 0];
        assert_eq!(normalized(&[source]), [Samples::U8(expected)]);
    }

    #[test]
    fn frames_change_as_the_first_one() {
        let frames = [frame(Model::Grey, vec![100, 200]), frame(Model::Grey, vec![150, 250])];
        assert_eq!(normalized(&frames), [Samples::U8(vec![0, 255]), Samples::U8(vec![128, 255])]);
        let flat = [frame(Model::Grey, vec![9, 9])];
        assert_eq!(normalized(&flat), [Samples::U8(vec![9, 9])]);
    }
}
