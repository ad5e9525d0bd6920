#![doc = include_str!("../README.md")]

mod range;

use range::Range;
use safelight_core::{
    Error, Frame, Geometry, Kind, Model, Param, ParamKind, PixelOp, Plane, Query, Result, Samples, Size,
    Step, Stored, Transform,
};

const WINDOW: Param = Param {
    key: "window",
    aliases: &[],
    kind: ParamKind::Text {
        form: range::FORM,
        example: "40,400",
        canonical: |value| Some(Range::parse(value)?.to_string()),
    },
    default: None,
    doc: "shows the stored values of a grey picture around a center, as wide as given, as black to white",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Window;

impl Transform for Window {
    fn name(&self) -> &'static str {
        "window"
    }

    fn params(&self) -> &'static [Param] {
        &[WINDOW]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let range = query.get(WINDOW.key).and_then(Range::parse);
        Ok(range.map(|range| Step::Pixels(Box::new(WindowOp(range)))))
    }
}

struct WindowOp(Range);

impl PixelOp for WindowOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, _input: Geometry, need: Size) -> Size {
        need
    }

    fn apply(&self, mut frame: Frame) -> Result<Frame> {
        if frame.model != Model::Grey {
            let message = "window: is for grey pictures; this one has colours or transparency";
            return Err(Error::new(Kind::UnsupportedFormat, WINDOW.key, message));
        }
        let stored = frame.stored.take();
        let planes = std::mem::take(&mut frame.planes).into_iter();
        frame.planes = planes.map(|plane| self.show(plane, stored)).collect();
        Ok(frame)
    }
}

impl WindowOp {
    /// What is shown for each sample.
    fn show(&self, plane: Plane, stored: Option<Stored>) -> Plane {
        let table = |bits, most| -> Vec<u8> {
            let stored = stored.unwrap_or(Stored { bits, is_signed: false });
            (0..=most).map(|sample| self.0.level(stored.value(sample, most))).collect()
        };
        let samples = match plane.samples {
            Samples::U8(mut samples) => {
                let table = table(8, 255);
                for sample in &mut samples {
                    *sample = table[usize::from(*sample)];
                }
                samples
            }
            Samples::U16(samples) => {
                let table = table(16, 65_535);
                samples.iter().map(|sample| table[usize::from(*sample)]).collect()
            }
        };
        Plane { samples: Samples::U8(samples), ..plane }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(raw: &str) -> Box<dyn PixelOp> {
        match Window.step(&Query::parse(raw, "", Window.params()).unwrap()).unwrap() {
            Some(Step::Pixels(op)) => op,
            _ => panic!("{raw} asks for no pixels"),
        }
    }

    fn shown(raw: &str, samples: Samples, stored: Option<Stored>) -> Vec<u8> {
        let count = match &samples {
            Samples::U8(samples) => samples.len(),
            Samples::U16(samples) => samples.len(),
        };
        let frame = Frame::whole(Size::new(count as u32, 1), Model::Grey, samples);
        let op = op(raw);
        let found = op.apply(Frame { stored, ..frame.clone() }).unwrap();
        assert_eq!((found.geometry, found.stored), (op.output(frame.geometry).unwrap(), None));
        assert_eq!(op.needed(frame.geometry, Size::new(1, 1)), Size::new(1, 1));
        let [Plane { samples: Samples::U8(samples), .. }] = found.planes.as_slice() else { panic!("{raw}") };
        samples.clone()
    }

    #[test]
    fn sixteen_bits_are_taken_as_they_are() {
        let samples = Samples::U16(vec![0, 1000, 1128, 1255, 1256, 65_535]);
        assert_eq!(shown("window=1128,256", samples, None), [0, 0, 128, 255, 255, 255]);
    }

    #[test]
    fn eight_bits_have_values_too() {
        assert_eq!(shown("window=128,256", Samples::U8(vec![0, 1, 127, 255]), None), [0, 1, 127, 255]);
        assert_eq!(shown("window=64,1", Samples::U8(vec![0, 63, 64, 255]), None), [0, 0, 255, 255]);
    }

    #[test]
    fn stored_values_count_and_not_what_they_are_scaled_to() {
        let signed = Stored { bits: 12, is_signed: true };
        // −1024 is air, −600 lies in the lung, 40 in what is soft.
        let samples = [-1024, -600, 40, 1000].map(|value| signed.sample((value + 2048) as u16, 65_535));
        let found = shown("window=-600,1500", Samples::U16(samples.to_vec()), Some(signed));
        assert_eq!(found, [55, 128, 236, 255]);
    }

    #[test]
    fn colours_are_refused() {
        for model in [Model::Rgb, Model::Rgba, Model::GreyAlpha, Model::Ycc { chroma: (1, 1) }] {
            let channels = usize::from(model.channels());
            let frame = Frame::whole(Size::new(1, 1), model, Samples::U8(vec![0; channels]));
            let error = op("window=1,2").apply(frame).unwrap_err();
            assert_eq!(error.kind, Kind::UnsupportedFormat);
            let expected = "window: is for grey pictures; this one has colours or transparency";
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn queries_have_one_canonical_form() {
        let check = |raw: &str, expected: Option<&str>| {
            let found = Query::parse(raw, "", Window.params());
            assert_eq!(found.as_ref().ok().and_then(|query| query.get("window")), expected, "{raw}");
        };
        check("window=40,400", Some("40,400"));
        check("window=-600.50,1500.0", Some("-600.5,1500"));
        check("window=-0,1", Some("0,1"));
        check("window=+40,400", None);
        check("window=40", None);
        check("window=40,0.999", None);
        check("window=40,400,LINEAR", None);
        check("window=1e3,400", None);
        check("window=65536.001,1", None);
        check("window=-65536,131072", Some("-65536,131072"));
        check("window=0,131072.5", None);
        let error = Query::parse("window=x", "", Window.params()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "window: must be center,width: a number from -65536 to 65536 and one from 1 to 131072, not \"x\""
        );
    }
}
