#![doc = include_str!("../README.md")]

mod area;

use area::Area;
use safelight_core::{
    Frame, Geometry, Gravity, Param, ParamKind, PixelOp, Query, Rect, Result, Size, Step, Stop, Transform,
    params,
};
use safelight_filters::salient;

/// The plug-in.
#[derive(Debug)]
pub struct Crop;

const PARAMS: &[Param] = &[Param {
    key: "crop",
    aliases: &[],
    kind: ParamKind::Text {
        form: area::FORM,
        example: "8,8,100,60",
        canonical: |value| Some(Area::parse(value)?.to_string()),
    },
    default: None,
    doc: "keeps the rectangle x,y,w,h of the upright image, where values are fractions if one has a decimal point, or the largest one of a ratio",
}];

impl Transform for Crop {
    fn name(&self) -> &'static str {
        "crop"
    }

    fn params(&self) -> &'static [Param] {
        PARAMS
    }

    fn step(&self, query: &Query) -> Result<Option<Step>> {
        let area = query.get("crop").and_then(Area::parse);
        let gravity = params::gravity(query);
        Ok(area.map(|area| Step::Pixels(Box::new(CropOp { area, gravity }))))
    }
}

struct CropOp {
    area: Area,
    gravity: Gravity,
}

impl CropOp {
    fn rect(&self, image: Size) -> Result<Rect> {
        self.area.rect(image, self.gravity)
    }
}

impl PixelOp for CropOp {
    fn output(&self, input: Geometry) -> Result<Geometry> {
        Ok(Geometry { size: self.rect(input.size)?.size, ..input })
    }

    fn needed(&self, input: Geometry, need: Size) -> Size {
        // Without a rectangle, `output` returned an error before.
        let Ok(rect) = self.rect(input.size) else { return input.size };
        let axis = |input: u32, need: u32, kept: u32| {
            let needed = (u64::from(input) * u64::from(need)).div_ceil(u64::from(kept));
            u32::try_from(needed).unwrap_or(u32::MAX)
        };
        Size::new(axis(input.size.w, need.w, rect.size.w), axis(input.size.h, need.h, rect.size.h))
    }

    fn examine(&mut self, first: &Frame, stop: &Stop) -> Result<()> {
        if self.area.has_gravity() && self.gravity.is_smart() {
            let image = first.geometry.size;
            let kept = self.rect(image)?.size;
            let part = (f64::from(kept.w) / f64::from(image.w), f64::from(kept.h) / f64::from(image.h));
            self.gravity = salient(self.gravity, first, part, stop)?;
        }
        Ok(())
    }

    fn apply(&self, mut frame: Frame, _stop: &Stop) -> Result<Frame> {
        frame.crop(self.rect(frame.geometry.size)?);
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safelight_core::{Kind, Model, Orientation, Samples, View};

    fn op(raw: &str) -> Box<dyn PixelOp> {
        match Crop.step(&Query::parse(raw, "", PARAMS).unwrap()).unwrap() {
            Some(Step::Pixels(op)) => op,
            _ => panic!("{raw} requests no step"),
        }
    }

    fn geometry(w: u32, h: u32) -> Geometry {
        Geometry { size: Size::new(w, h), orientation: Orientation::UPRIGHT }
    }

    #[test]
    fn queries_have_one_canonical_form() {
        let check = |raw, expected: Result<&str, &str>| {
            let found = Query::parse(raw, "", PARAMS).map(|query| query.to_string());
            match expected {
                Ok(canonical) => assert_eq!(found.unwrap(), canonical, "{raw}"),
                Err(value) => {
                    let message = format!("crop: expected {}, got {value:?}", area::FORM);
                    assert_eq!(found.unwrap_err().message, message, "{raw}");
                }
            }
        };
        check("", Ok(""));
        check("crop=010,0,5,07", Ok("crop=10%2C0%2C5%2C7"));
        check("crop=0.50,0,0.25,1", Ok("crop=0.5%2C0.0%2C0.25%2C1.0"));
        check("crop=0.0000004,0.0,.5,1.", Ok("crop=0.0%2C0.0%2C0.5%2C1.0"));
        check("crop=4294967295,0,1,1", Ok("crop=4294967295%2C0%2C1%2C1"));
        check("crop=4294967296,0,1,1", Err("4294967296,0,1,1"));
        check("crop=", Ok(""));
        check("crop=1,2,3", Err("1,2,3"));
        check("crop=1,2,3,4,5", Err("1,2,3,4,5"));
        check("crop=-1,2,3,4", Err("-1,2,3,4"));
        check("crop=%2B1,2,3,4", Err("+1,2,3,4"));
        check("crop=1, 2,3,4", Err("1, 2,3,4"));
        check("crop=1,2,0,4", Err("1,2,0,4"));
        check("crop=0.1,0.1,0.0,1.0", Err("0.1,0.1,0.0,1.0"));
        check("crop=0.5,0,100,100", Err("0.5,0,100,100"));
        check("crop=0.5,0,1.000001,1", Err("0.5,0,1.000001,1"));
        check("crop=1e-1,0.0,1.0,1.0", Err("1e-1,0.0,1.0,1.0"));
        check("crop=.,0,1,1", Err(".,0,1,1"));
        check("crop=NaN,0.0,1,1", Err("NaN,0.0,1,1"));
        check("crop=16:9", Ok("crop=aspect%3A16%3A9"));
        check("crop=aspect:1.50:01", Ok("crop=aspect%3A1.5%3A1"));
        for raw in
            ["crop=16:0", "crop=aspect:16", "crop=16:9:1", "crop=10001:1", "crop=aspect:-1:1", "crop=16:x"]
        {
            check(raw, Err(&raw["crop=".len()..]));
        }
    }

    #[test]
    fn a_ratio_keeps_the_largest_rectangle_where_gravity_says() {
        let rect = |raw: &str| {
            let query =
                Query::parse(raw, "", PARAMS.iter().chain(&[params::GRAVITY, params::FOCUS])).unwrap();
            let Some(Step::Pixels(op)) = Crop.step(&query).unwrap() else { panic!("{raw} requests no step") };
            let frame = Frame::whole(Size::new(400, 300), Model::Grey, Samples::U8(vec![0; 120_000]));
            let found = op.apply(frame, &Stop::default()).unwrap().view;
            [found.x, found.y, found.w, found.h].map(|edge| edge.round() as u32)
        };
        let check = |raw, expected| assert_eq!(rect(raw), expected, "{raw}");
        check("crop=1:1", [50, 0, 300, 300]);
        check("crop=1:1&gravity=west", [0, 0, 300, 300]);
        check("crop=1:1&focus=0.4,0.9", [10, 0, 300, 300]);
        check("crop=16:9", [0, 38, 400, 225]);
        check("crop=4:3&gravity=0.2,0.2", [0, 0, 400, 300]);
        check("crop=10000:0.001", [0, 150, 400, 1]);
        check("crop=1:1&gravity=west&focus=0.4,0.9", [10, 0, 300, 300]);
    }

    #[test]
    fn a_smart_ratio_keeps_what_stands_out() {
        let query =
            Query::parse("crop=1:1&g=attention", "", PARAMS.iter().chain(&[params::GRAVITY])).unwrap();
        let Some(Step::Pixels(mut op)) = Crop.step(&query).unwrap() else { panic!("a step") };
        let is_edge = |i: u32| (340..380).contains(&(i % 400)) && i % 9 < 4;
        let samples = (0..120_000).map(|i| if is_edge(i) { 250 } else { 90 }).collect();
        let frame = Frame::whole(Size::new(400, 300), Model::Grey, Samples::U8(samples));
        op.examine(&frame, &Stop::default()).unwrap();
        let stated = op.output(frame.geometry).unwrap();
        let found = op.apply(frame, &Stop::default()).unwrap();
        assert_eq!(found.geometry, stated);
        assert!(90.0 <= found.view.x, "{:?}", found.view);
    }

    #[test]
    fn overhang_is_cut_off_and_an_empty_rectangle_is_an_error() {
        let size = |raw| op(raw).output(geometry(400, 300)).map(|geometry| geometry.size);
        assert_eq!(size("crop=10,20,30,40").unwrap(), Size::new(30, 40));
        assert_eq!(size("crop=399,299,30,40").unwrap(), Size::new(1, 1));
        assert_eq!(size("crop=0,0,4294967295,4294967295").unwrap(), Size::new(400, 300));
        let error = size("crop=400,0,10,10").unwrap_err();
        assert_eq!(error.kind, Kind::InvalidParam);
        assert_eq!(error.message, "crop: 400,0,10,10 is outside the image of 400 × 300 pixels");
        let error = size("crop=0,1.0,0.5,0.5").unwrap_err();
        assert_eq!(error.message, "crop: 0.0,1.0,0.5,0.5 is outside the image of 400 × 300 pixels");
    }

    #[test]
    fn samples_are_not_touched() {
        let samples = Samples::U8((0..12).collect());
        let frame = Frame::whole(Size::new(4, 3), Model::Grey, samples);
        let cropped = op("crop=1,1,9,1").apply(frame.clone(), &Stop::default()).unwrap();
        assert_eq!(cropped.planes, frame.planes);
        assert_eq!(cropped.view, View { x: 1.0, y: 1.0, w: 3.0, h: 1.0 });
        let expected = Frame::whole(Size::new(3, 1), Model::Grey, Samples::U8(vec![5, 6, 7]));
        assert_eq!(cropped.materialize().unwrap(), expected);
    }

    #[test]
    fn a_scaled_decode_is_cropped_between_samples() {
        let mut frame = Frame::whole(Size::new(4, 3), Model::Grey, Samples::U8(vec![0; 12]));
        frame.planes[0].step = (8.0, 8.0);
        frame.geometry.size = Size::new(31, 24);
        frame.view = View::whole(Size::new(31, 24));
        let cropped = op("crop=3,5,10,7").apply(frame, &Stop::default()).unwrap();
        assert_eq!(cropped.view, View { x: 3.0, y: 5.0, w: 10.0, h: 7.0 });
        assert_eq!(cropped.geometry.size, Size::new(10, 7));
    }

    #[test]
    fn needed_sizes_grow_with_the_part_cut_off() {
        let needed = |w, h| op("crop=0,0,100,150").needed(geometry(400, 300), Size::new(w, h));
        assert_eq!(needed(100, 150), Size::new(400, 300));
        assert_eq!(needed(10, 10), Size::new(40, 20));
        assert_eq!(needed(1, 1), Size::new(4, 2));
        for (w, h) in [(1, 1), (7, 3), (50, 149)] {
            assert!(needed(w + 1, h).covers(needed(w, h)) && needed(w, h + 1).covers(needed(w, h)));
        }
    }
}
