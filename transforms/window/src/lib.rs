#![doc = include_str!("../README.md")]

mod range;

use range::Range;
use safelight_core::{
    Error, Frame, Geometry, Kind, Model, Param, ParamKind, PixelOp, Plane, Query, Result, SampleEncoding,
    Samples, Size, Step, Stop, Transform,
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
    doc: "maps the stored values of a grey image within a window, by center and width, to black to white",
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

    fn apply(&self, mut frame: Frame, _stop: &Stop) -> Result<Frame> {
        if frame.model != Model::Grey {
            let message = "window: unsupported image: expected grey without transparency";
            return Err(Error::new(Kind::UnsupportedFormat, WINDOW.key, message));
        }
        let encoding = frame.encoding.take();
        let planes = std::mem::take(&mut frame.planes).into_iter();
        frame.planes = planes.map(|plane| self.show(plane, encoding)).collect();
        Ok(frame)
    }
}

impl WindowOp {
    /// Maps each sample to its level.
    fn show(&self, plane: Plane, encoding: Option<SampleEncoding>) -> Plane {
        let table = |bits, max| -> Vec<u8> {
            let encoding = encoding.unwrap_or(SampleEncoding { bits, is_signed: false });
            (0..=max).map(|sample| self.0.level(encoding.value(sample, max))).collect()
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
            _ => panic!("{raw} requests no pixel step"),
        }
    }

    fn shown(raw: &str, samples: Samples, encoding: Option<SampleEncoding>) -> Vec<u8> {
        let frame = Frame::whole(Size::new(samples.len() as u32, 1), Model::Grey, samples);
        let op = op(raw);
        let found = op.apply(Frame { encoding, ..frame.clone() }, &Stop::default()).unwrap();
        assert_eq!((found.geometry, found.encoding), (op.output(frame.geometry).unwrap(), None));
        assert_eq!(op.needed(frame.geometry, Size::new(1, 1)), Size::new(1, 1));
        let [Plane { samples: Samples::U8(samples), .. }] = found.planes.as_slice() else { panic!("{raw}") };
        samples.clone()
    }

    #[test]
    fn sixteen_bit_samples_are_stored_values() {
        let samples = Samples::U16(vec![0, 1000, 1128, 1255, 1256, 65_535]);
        assert_eq!(shown("window=1128,256", samples, None), [0, 0, 128, 255, 255, 255]);
    }

    #[test]
    fn eight_bit_samples_are_stored_values() {
        assert_eq!(shown("window=128,256", Samples::U8(vec![0, 1, 127, 255]), None), [0, 1, 127, 255]);
        assert_eq!(shown("window=64,1", Samples::U8(vec![0, 63, 64, 255]), None), [0, 0, 255, 255]);
    }

    #[test]
    fn scaled_samples_are_mapped_back_to_stored_values() {
        let signed = SampleEncoding { bits: 12, is_signed: true };
        // −1024 is air, −600 lung, 40 soft tissue.
        let samples = [-1024, -600, 40, 1000].map(|value| signed.sample((value + 2048) as u16, 65_535));
        let found = shown("window=-600,1500", Samples::U16(samples.to_vec()), Some(signed));
        assert_eq!(found, [55, 128, 236, 255]);
    }

    #[test]
    fn images_that_are_not_grey_are_rejected() {
        for model in [Model::Rgb, Model::Rgba, Model::GreyAlpha, Model::Ycc { chroma: (1, 1) }] {
            let channels = usize::from(model.channels());
            let frame = Frame::whole(Size::new(1, 1), model, Samples::U8(vec![0; channels]));
            let error = op("window=1,2").apply(frame, &Stop::default()).unwrap_err();
            assert_eq!(error.kind, Kind::UnsupportedFormat);
            assert_eq!(error.message, "window: unsupported image: expected grey without transparency");
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
            error.message,
            "window: expected center,width: a number from -65536 to 65536 and one from 1 to 131072, got \"x\""
        );
    }
}
