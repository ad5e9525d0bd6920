//! The contract of pixel steps. Every registered step is checked, over every colour model, bit depth and native
//! scale, with and without profiles; the queries come from the declared parameters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod content;
mod fake;

use bytes::Bytes;
use content::{Content, check_planes, covering, psnr, sampled};
use fake::{Fake, PROFILES, check_image, source};
use safelight_core::{
    ColourClass, Error, Frame, Geometry, Image, Kind, Model, Param, PixelOp, Plan, Profile, Query, Registry,
    Result, Settings, Size, Step, Stop, Transform,
    testing::{Output, side_image, with_sides},
};
use safelight_registry::{REGISTRY, TRANSFORMS, example_queries, example_values};

/// Quality of a result from a native scale, against that from full size.
const MIN_DECIBELS: f64 = 40.0;
/// Larger outputs are checked for their geometry only.
const MAX_PIXELS: u64 = 1 << 16;

/// Returns the pixel step of `transform` for a raw query, if it has one.
fn step(transform: &dyn Transform, raw: &str) -> Option<Box<dyn PixelOp>> {
    let query = REGISTRY.query(raw, "").unwrap();
    match transform.step(&query).unwrap() {
        Some(Step::Pixels(mut op) | Step::PixelsIfDecoding(mut op)) => {
            if let Some(side) = op.side() {
                side.image = Some(side_image());
            }
            Some(op)
        }
        _ => None,
    }
}

/// Returns every example query, alone and with the parameters that have no effect on their own.
fn queries() -> Vec<String> {
    let is_shared = |transform: &&&dyn Transform| {
        transform.params().iter().any(|param| {
            let query = REGISTRY.query(&format!("{}={}", param.key, example_values(param)[0]), "").unwrap();
            matches!(transform.step(&query).unwrap(), Some(Step::EncodeIfDecoding(_)))
        })
    };
    let shared = TRANSFORMS.iter().filter(is_shared).flat_map(|transform| transform.params());
    let pair = |param: &Param| format!("{}={}", param.key, example_values(param)[0]);
    let shared = shared.map(pair).collect::<Vec<_>>().join("&");
    let mut queries = vec![String::new()];
    for query in example_queries() {
        queries.push(format!("{query}&{shared}"));
        queries.push(query);
    }
    queries
}

/// Checks one step with one image; returns whether the step supports such images.
fn check(op: &mut dyn PixelOp, content: &Content) -> Result<bool, String> {
    let input = content.geometry;
    let output = match op.output(input) {
        Ok(output) => output,
        Err(error) => return rejected(&error),
    };
    if output.size.w == 0 || output.size.h == 0 {
        return Err(format!("the output is {:?}", output.size));
    }
    check_needed(op, input, output.size)?;
    if MAX_PIXELS < output.size.pixels() {
        return Ok(false);
    }
    op.examine(&content.frame(8), &Stop::default()).map_err(|error| error.to_string())?;
    let whole = match op.apply(content.frame(8), &Stop::default()) {
        Ok(frame) => frame,
        Err(error) => return rejected(&error),
    };
    check_output(&whole, output)?;
    for share in [1, 2, 4, 8] {
        let need = Size::new(output.size.w.div_ceil(share), output.size.h.div_ceil(share));
        let needed = op.needed(input, need);
        let eighths = covering(input.size, needed);
        op.examine(&content.frame(eighths), &Stop::default()).map_err(|error| error.to_string())?;
        let found = op.apply(content.frame(eighths), &Stop::default()).map_err(|error| {
            format!("{eighths}/8 covers {needed:?}, which is needed for {need:?}, and fails: {error}")
        })?;
        check_output(&found, output)?;
        check_density(&found, need)?;
        let decibels = compare(&whole, &found, need)?;
        if decibels < MIN_DECIBELS {
            return Err(format!("{decibels:.1} dB at {eighths}/8 for {need:?}"));
        }
        // An enlarged part of an image needs all of its pixels, however few are shown.
        let is_enlarged = input.size.w.max(input.size.h) < output.size.w.max(output.size.h);
        // Content is only found at full size.
        let is_open = op.depends_on_content();
        let asks_for_all = needed == input.size && !need.covers(input.size) && !is_enlarged && !is_open;
        if share == 8 && asks_for_all && is_half_enough(&*op, content, &whole, need) {
            return Err(format!("all of {needed:?} is needed for {need:?}, and half of it is enough"));
        }
    }
    Ok(true)
}

/// Returns whether `need` of the output can also be made from a decode at half size.
fn is_half_enough(op: &dyn PixelOp, content: &Content, whole: &Frame, need: Size) -> bool {
    op.apply(content.frame(4), &Stop::default()).is_ok_and(|found| {
        let (w, h) = density(&found);
        f64::from(need.w) <= w
            && f64::from(need.h) <= h
            && check_output(&found, whole.geometry).is_ok()
            && compare(whole, &found, need).is_ok_and(|decibels| MIN_DECIBELS <= decibels)
    })
}

fn rejected(error: &Error) -> Result<bool, String> {
    match error.kind {
        Kind::UnsupportedFormat | Kind::InvalidParam | Kind::LimitExceeded => Ok(false),
        _ => Err(error.to_string()),
    }
}

/// Checks that needed sizes are within the input and grow with the output that they are for.
fn check_needed(op: &dyn PixelOp, input: Geometry, output: Size) -> Result<(), String> {
    let part = |side: u32, eighths: u32| (side / 8 * eighths + side % 8 * eighths / 8).max(1);
    for (w, h) in (1..=8).flat_map(|w| (1..=8).map(move |h| (w, h))) {
        let need = Size::new(part(output.w, w), part(output.h, h));
        let needed = op.needed(input, need);
        if !input.size.covers(needed) || !needed.covers(Size::new(1, 1)) {
            return Err(format!("{needed:?} is needed of {:?} for {need:?}", input.size));
        }
        let wider = Size::new(part(output.w, (w + 1).min(8)), need.h);
        let higher = Size::new(need.w, part(output.h, (h + 1).min(8)));
        for more in [wider, higher] {
            if !op.needed(input, more).covers(needed) {
                return Err(format!("more is needed for {need:?} than for {more:?}"));
            }
        }
    }
    Ok(())
}

fn check_output(frame: &Frame, geometry: Geometry) -> Result<(), String> {
    if frame.geometry != geometry {
        return Err(format!("{:?} came out, and {geometry:?} was stated", frame.geometry));
    }
    check_planes(frame)
}

/// Returns how many samples the first plane has across the view.
fn density(frame: &Frame) -> (f64, f64) {
    let step = frame.planes[0].step;
    (frame.view.w / step.0, frame.view.h / step.1)
}

/// Checks that the first plane has at least `need` samples across the view; one at the image's edge may be there only
/// in part.
fn check_density(frame: &Frame, need: Size) -> Result<(), String> {
    let (w, h) = density(frame);
    let is_short = |samples: f64, need: u32| (samples - 1e-6).ceil() < need.into();
    if is_short(w, need.w) || is_short(h, need.h) {
        return Err(format!("only {w:.1} × {h:.1} samples came out for {need:?}"));
    }
    Ok(())
}

fn compare(whole: &Frame, found: &Frame, need: Size) -> Result<f64, String> {
    let mut pair = [whole.clone(), found.clone()];
    if whole.model != found.model {
        // Chroma that a step could not keep at one of the scales is RGB.
        pair = pair.map(|frame| frame.into_rgb().expect("the planes were checked"));
    }
    let [whole, found] = pair;
    if whole.model != found.model {
        return Err(format!("{:?} at full size, {:?} at a native scale", whole.model, found.model));
    }
    Ok(psnr(&sampled(&whole, need), &sampled(&found, need)))
}

#[test]
fn every_step_keeps_its_promises_for_every_image() {
    let (queries, contents) = (queries(), content::all());
    for transform in TRANSFORMS {
        let (mut checked, mut supported) = (0, 0);
        for raw in &queries {
            // The step of other queries is that of one that names its parameters, or of the empty one.
            let keys: Vec<_> = raw.split('&').filter_map(|pair| pair.split('=').next()).collect();
            let is_own = |param: &Param| keys.contains(&param.key);
            let params = transform.params();
            if !(params.iter().any(is_own) || params.is_empty() && raw.is_empty()) {
                continue;
            }
            for content in &contents {
                // A step may keep what it examined.
                let Some(mut op) = step(*transform, raw) else { continue };
                let result = check(&mut *op, content);
                let what = format!("{}: {raw:?} of {content:?}", transform.name());
                supported += usize::from(result.unwrap_or_else(|error| panic!("{what}: {error}")));
                checked += 1;
            }
        }
        eprintln!("{}: {supported} of {checked} combinations make an image", transform.name());
        assert!(checked == 0 || 0 < supported, "{} was never applied", transform.name());
    }
}

/// Runs a plan over a fake source; returns the encoder's text: profile, class of the frames, conversions.
fn encoded(registry: Registry, raw: &str, source: Vec<u8>, keep_profile: bool) -> Result<String> {
    let settings = Settings { keep_profile, ..Settings::default() };
    let plan = with_sides(Plan::new(registry, registry.query(raw, "")?)?);
    let output = Output::collect(plan.start(&settings), &Bytes::from(source), 1)?;
    Ok(String::from_utf8(output.body()).unwrap())
}

/// Returns the text for an image that came with `profile` and leaves as one of class `after`.
fn expected(after: &str, profile: usize, keep_profile: bool) -> String {
    match PROFILES[profile].filter(|_| keep_profile) {
        None => format!("none|{after}|0"),
        Some((icc, class)) if format!("{class:?}") == after => {
            format!("{}|{after}|0", String::from_utf8_lossy(icc))
        }
        // The two frames were converted.
        Some(_) => format!("none|{after}|2"),
    }
}

const FAKES: [Registry; 2] = [
    Registry { decoders: &[&Fake { chroma: None }], encoders: &[&Fake { chroma: None }], transforms: &[] },
    Registry {
        decoders: &[&Fake { chroma: None }],
        encoders: &[&Fake { chroma: Some((2, 2)) }],
        transforms: &[],
    },
];

/// Checks every content and profile with a query; returns how many images were encoded.
fn check_profiles(transforms: &'static [&'static dyn Transform], raw: &str) -> usize {
    let mut count = 0;
    for fakes in FAKES {
        let registry = Registry { transforms, ..fakes };
        for (index, content) in content::small().iter().enumerate() {
            for profile in 0..PROFILES.len() {
                for keep_profile in [false, true] {
                    let what = format!("{raw:?} of {content:?} with profile {profile}, {keep_profile}");
                    match encoded(registry, raw, source(index, profile), keep_profile) {
                        Ok(text) => {
                            let after = text.split('|').nth(1).unwrap();
                            let expected = expected(after, profile, keep_profile);
                            assert_eq!(text, expected, "{what}");
                            count += 1;
                        }
                        Err(error) => assert!(rejected(&error).is_ok(), "{what}: {error}"),
                    }
                }
            }
        }
    }
    count
}

#[test]
fn encoders_get_a_profile_that_fits_or_none() {
    let (mut tried, mut encoded) = (0, 0);
    for raw in queries() {
        let query = REGISTRY.query(&raw, "").unwrap();
        let of_pixels = TRANSFORMS.iter().filter(|transform| step(**transform, &raw).is_some());
        let is_small = |size: Size| size.pixels() <= MAX_PIXELS >> 2;
        let outputs = of_pixels.filter_map(|transform| {
            step(*transform, &raw).unwrap().output(content::small()[0].geometry).ok()
        });
        let is_small = outputs.map(|output| output.size).all(is_small);
        let is_plan = Plan::new(REGISTRY, query.clone()).is_ok();
        // Plans without a decode, formats of encoders that are not the fake one, and pages that are not there, are of
        // no interest here.
        let is_foreign = |pair: &str| ["format=", "page="].iter().any(|key| pair.starts_with(key));
        let is_foreign = raw.split('&').any(is_foreign);
        let decodes = TRANSFORMS
            .iter()
            .any(|transform| matches!(transform.step(&query), Ok(Some(Step::Pixels(_) | Step::Encode(_)))));
        if is_plan && is_small && decodes && !is_foreign {
            tried += 1;
            encoded += usize::from(0 < check_profiles(TRANSFORMS, &raw));
        }
    }
    eprintln!("{encoded} of {tried} queries make an image");
    assert!(tried <= encoded * 4 / 3, "only {encoded} of {tried} queries make an image");
}

/// A step for toys, as a transform that always applies it.
macro_rules! toy {
    ($name:ident, $input:ident, $need:ident => $needed:expr, |$frame:ident| $apply:block) => {
        #[derive(Debug)]
        struct $name;
        impl Transform for $name {
            fn name(&self) -> &'static str {
                stringify!($name)
            }
            fn params(&self) -> &'static [Param] {
                &[]
            }
            fn step(&self, _query: &Query) -> Result<Option<Step>> {
                Ok(Some(Step::Pixels(Box::new($name))))
            }
        }
        impl PixelOp for $name {
            fn output(&self, input: Geometry) -> Result<Geometry> {
                Ok(input)
            }
            fn needed(&self, $input: Geometry, $need: Size) -> Size {
                $needed
            }
            fn apply(&self, $frame: Frame, _stop: &Stop) -> Result<Frame> {
                Ok($apply)
            }
        }
    };
}

/// Replaces chroma and RGB by grey.
fn grey(mut frame: Frame) -> Frame {
    frame.planes.truncate(1);
    let plane = &mut frame.planes[0];
    let (from, to) = match frame.model {
        Model::Rgb => (3, 1),
        Model::Rgba => (4, 2),
        _ => (plane.channels, plane.channels),
    };
    let kept =
        |i: &usize| i % usize::from(from) < 1 || (to == 2 && i % usize::from(from) == usize::from(from) - 1);
    plane.samples = match &plane.samples {
        safelight_core::Samples::U8(all) => {
            let kept = all.iter().enumerate().filter(|(i, _)| kept(i));
            safelight_core::Samples::U8(kept.map(|(_, sample)| *sample).collect())
        }
        safelight_core::Samples::U16(all) => {
            let kept = all.iter().enumerate().filter(|(i, _)| kept(i));
            safelight_core::Samples::U16(kept.map(|(_, sample)| *sample).collect())
        }
    };
    plane.channels = to;
    frame.model = if frame.model.has_alpha() { Model::GreyAlpha } else { Model::Grey };
    frame
}

toy!(Grayscale, _input, need => need, |frame| { grey(frame) });
toy!(SlowGrayscale, input, _need => input.size, |frame| { grey(frame) });
toy!(Shrinking, _input, need => Size::new(need.w.div_ceil(2), need.h.div_ceil(2)), |frame| { frame });
toy!(Falling, input, need => Size::new(input.size.w - need.w + 1, need.h), |frame| { frame });
toy!(Misplaced, _input, need => need, |frame| {
    let Geometry { size: Size { w, h }, orientation } = frame.geometry;
    Frame { geometry: Geometry { size: Size::new(w + 1, h), orientation }, ..frame }
});
toy!(Short, _input, need => need, |frame| { Frame { model: Model::Rgba, ..frame } });

/// Checks that the contract rejects a step for at least one image, with this message.
fn check_fails(mut op: impl PixelOp, message: &str) {
    let errors: Vec<_> = content::all().iter().filter_map(|content| check(&mut op, content).err()).collect();
    assert!(errors.iter().any(|error| error.contains(message)), "{message:?} is not among {errors:?}");
}

#[test]
fn the_contract_accepts_a_sound_step() {
    for content in content::all() {
        assert_eq!(check(&mut Grayscale, &content), Ok(true), "{content:?}");
    }
}

#[test]
fn the_contract_detects_a_needed_size_that_is_too_large() {
    check_fails(SlowGrayscale, "half of it is enough");
}

#[test]
fn the_contract_detects_other_broken_promises() {
    check_fails(Shrinking, "samples came out for");
    check_fails(Falling, "more is needed for");
    check_fails(Misplaced, "was stated");
    check_fails(Short, "channels in a plane");
}

#[test]
fn a_profile_left_behind_is_detected_and_the_planner_leaves_none() {
    // A step that turns RGB to grey, with the profile left beside it.
    let content = content::all().into_iter().find(|content| content.model == Model::Rgb).unwrap();
    let frame = Grayscale.apply(content.frame(8), &Stop::default()).unwrap();
    let profile = Some(Profile::new(*b"RGB profile", ColourClass::Rgb, |_, _| ()));
    let image = Image { frames: vec![frame], delays_ms: vec![], plays: 0, profile };
    let error = check_image(&image).unwrap_err();
    assert!(error.contains("Grey with a profile for Rgb"), "{error}");
    // In a plan the same step cannot do so.
    assert!(0 < check_profiles(&[&Grayscale], ""));
}
