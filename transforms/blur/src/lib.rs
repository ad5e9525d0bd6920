#![doc = include_str!("../README.md")]

use safelight_core::{
    Frame, Geometry, Param, ParamKind, PixelOp, Query, Result, Size, Step, Stop, Transform,
};
use safelight_filters::gaussian;

const BLUR: Param = Param {
    key: "blur",
    aliases: &[],
    kind: ParamKind::Decimal { min: 0.3, max: 100.0, unit: "px" },
    default: None,
    doc: "blurs with a Gaussian of this sigma, in pixels of the response",
};

/// The plug-in.
#[derive(Clone, Copy, Debug)]
pub struct Blur;

impl Transform for Blur {
    fn name(&self) -> &'static str {
        "blur"
    }

    fn params(&self) -> &'static [Param] {
        &[BLUR]
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        Ok(query.decimal(BLUR.key).map(|sigma| Step::Pixels(Box::new(BlurOp { sigma }))))
    }
}

/// A blur with a standard deviation of `sigma` pixels.
struct BlurOp {
    sigma: f64,
}

impl PixelOp for BlurOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(input)
    }

    fn needed(&self, input: Geometry, _need: Size) -> Size {
        // Sigma is in pixels of the output, so a smaller decode would be blurred by too much.
        input.size
    }

    fn apply(&self, frame: Frame, stop: &Stop) -> Result<Frame> {
        let mut frame = frame.materialize()?.into_rgb()?;
        let has_alpha = frame.model.has_alpha();
        for plane in &mut frame.planes {
            gaussian(plane, self.sigma, has_alpha, stop)?;
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Kind, Model, Rect, Samples};

    fn query(raw: &str) -> Result<Query> {
        Query::parse(raw, "", Blur.params())
    }

    fn op(raw: &str) -> Box<dyn PixelOp> {
        match Blur.step(&query(raw).unwrap()).unwrap() {
            Some(Step::Pixels(op)) => op,
            _ => panic!("{raw} requests no pixel step"),
        }
    }

    fn blurred(raw: &str, frame: &Frame) -> Frame {
        let op = op(raw);
        let found = op.apply(frame.clone(), &Stop::default()).unwrap();
        assert_eq!(found.geometry, op.output(frame.geometry).unwrap(), "{raw}");
        assert_eq!(op.needed(frame.geometry, Size::new(1, 1)), frame.geometry.size, "{raw}");
        found
    }

    /// Returns an opaque ramp from left to right on which every other pixel is lighter.
    fn ramp(size: Size, model: Model) -> Frame {
        let channels = u32::from(model.channels());
        let value = |i: u32| {
            let (pixel, channel) = (i / channels, i % channels);
            let is_alpha = model.has_alpha() && channel + 1 == channels;
            let ramp = (pixel % size.w * 200 / size.w) as u8;
            if is_alpha { 255 } else { ramp + 40 * (pixel % 2) as u8 }
        };
        let samples = (0..size.w * size.h * channels).map(value).collect();
        Frame::whole(size, model, Samples::U8(samples))
    }

    fn bytes(frame: &Frame) -> &[u8] {
        let Samples::U8(samples) = &frame.planes[0].samples else { panic!("expected 8 bits") };
        samples
    }

    #[test]
    fn sigma_is_validated() {
        let check = |raw, expected| assert_eq!(query(raw).unwrap().to_string(), expected);
        check("blur=0.3", "blur=0.3");
        check("blur=100", "blur=100");
        check("blur=2.50", "blur=2.5");
        check("", "");
        assert!(Blur.step(&query("").unwrap()).unwrap().is_none());
    }

    #[test]
    fn an_invalid_value_is_reported_with_the_expected_form() {
        for value in ["0.299", "0", "100.001", "-1", "1e1", "NaN", "true"] {
            let error = query(&format!("blur={value}")).unwrap_err();
            assert_eq!(error.kind, Kind::InvalidParam);
            assert_eq!(error.message, format!("blur: expected a number from 0.3 to 100, got {value:?}"));
        }
    }

    #[test]
    fn a_flat_image_is_unchanged() {
        for raw in ["blur=0.3", "blur=1.7", "blur=20", "blur=100"] {
            for model in [Model::Grey, Model::GreyAlpha, Model::Rgb, Model::Rgba] {
                let pixel = [3_u8, 199, 77, 128].into_iter().take(model.channels().into());
                let samples: Vec<_> = pixel.cycle().take(30 * 20 * usize::from(model.channels())).collect();
                let wide = samples.iter().map(|&sample| 257 * u16::from(sample)).collect();
                for samples in [Samples::U8(samples), Samples::U16(wide)] {
                    let flat = Frame::whole(Size::new(30, 20), model, samples);
                    assert!(blurred(raw, &flat) == flat, "{raw}, {model:?}");
                }
            }
        }
    }

    #[test]
    fn detail_decreases_and_the_mean_stays() {
        let roughness = |samples: &[u8]| -> u32 {
            samples.windows(2).map(|pair| u32::from(pair[0].abs_diff(pair[1]))).sum()
        };
        let mean = |samples: &[u8]| samples.iter().map(|&sample| f64::from(sample)).sum::<f64>() / 2400.0;
        let sharp = ramp(Size::new(60, 40), Model::Grey);
        let mut last = roughness(bytes(&sharp));
        for raw in ["blur=0.5", "blur=1", "blur=4", "blur=20"] {
            let soft = blurred(raw, &sharp);
            let found = roughness(bytes(&soft));
            assert!(found < last, "{raw}: {found}, and {last} before");
            last = found;
            let (found, expected) = (mean(bytes(&soft)), mean(bytes(&sharp)));
            assert!((found - expected).abs() < 1.0, "{raw}: {found}, not {expected}");
        }
    }

    #[test]
    fn opaque_alpha_has_no_effect() {
        let colour = blurred("blur=3", &ramp(Size::new(60, 40), Model::Rgb));
        let opaque = blurred("blur=3", &ramp(Size::new(60, 40), Model::Rgba));
        let seen: Vec<_> = bytes(&opaque).chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
        assert_eq!(seen, bytes(&colour));
    }

    #[test]
    fn pixels_outside_the_crop_have_no_effect() {
        let mut frame = Frame::whole(Size::new(4, 1), Model::Grey, Samples::U8(vec![255, 9, 9, 255]));
        frame.crop(Rect { x: 1, y: 0, size: Size::new(2, 1) });
        assert_eq!(bytes(&blurred("blur=5", &frame)), [9, 9]);
    }
}
