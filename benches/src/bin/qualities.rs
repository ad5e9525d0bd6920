//! `qualities fit FOLDER...` prints the curves of `engine/similarity/src/curves.rs`, fitted over the images of the
//! folders. `qualities report FOLDER...` prints how near `quality=auto` comes to its target.

use anyhow::{Result, bail};
use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use safelight_benches::{CHUNK_BYTES, decode, encoder, run};
use safelight_core::{
    Cost, Encode, Encoder, Format, Frame, Image, Model, Plan, Registry, Samples, Settings, Size, Stop,
    testing::Output,
};
use safelight_registry::REGISTRY;
use safelight_similarity::{Comparison, PROPERTIES, Texture, log_of_loss};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// The widths at which each image is measured: those for the fit, and others for the report.
const FIT_WIDTHS: [u32; 3] = [160, 320, 640];
const REPORT_WIDTHS: [u32; 3] = [240, 480, 900];
/// The most pixels of an image.
const MAX_PIXELS: u64 = 800_000;
/// Losses with which images count in a curve: those of scores that operators aim at.
const LOSSES: std::ops::Range<f64> = 5.0..75.0;

/// The encoders, the qualities at which their curves have knots, and the images of which each counts one: AVIF takes long.
const FORMATS: [(Format, &str, &[u8], usize); 3] = [
    (Format::Jpeg, "JPEG", &[20, 35, 50, 65, 75, 83, 89, 90, 95], 1),
    (Format::Webp, "WEBP", &[10, 25, 40, 55, 68, 77, 85, 92, 97], 1),
    (Format::Avif, "AVIF", &[20, 36, 50, 62, 74, 89], 3),
];
/// The least difference of a property between two images: the folders have one image in many variants.
const MIN_DIFFERENCE: f64 = 0.03;

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let widths = if mode == "fit" { FIT_WIDTHS } else { REPORT_WIDTHS };
    let images = images(&arguments.map(PathBuf::from).collect::<Vec<_>>(), widths)?;
    match mode.to_str() {
        Some("fit") => fit(&images),
        Some("report") => report(&images),
        _ => bail!("usage: qualities fit|report FOLDER..."),
    }
}

/// Returns the still images of `folders` that can be decoded, at each width, as PNG.
fn images(folders: &[PathBuf], widths: [u32; 3]) -> Result<Vec<(String, Bytes)>> {
    let mut paths = Vec::new();
    for folder in folders {
        find(folder, &mut paths)?;
    }
    paths.sort();
    let (mut images, mut textures) = (Vec::new(), Vec::<Texture>::new());
    for path in &paths {
        let source = Bytes::from(fs::read(path)?);
        let mut last = 0;
        for width in widths {
            // Animations become still.
            let query = format!("width={width}&format=png&page=0&background=ffffff&flatten=1");
            let Ok(png) = run(&query, &source) else { continue };
            let png = Bytes::from(png.body());
            let Ok((pixels, size)) = rgb(&png) else { continue };
            let texture = Texture::new(&pixels, size.w as usize);
            let is_same = |other: &Texture| {
                let pairs = texture.properties().iter().zip(other.properties());
                pairs.into_iter().all(|(one, two)| (one - two).abs() < MIN_DIFFERENCE)
            };
            let is_new = last != size.w && !textures.iter().any(is_same);
            if is_new && 64 <= size.w.min(size.h) && size.pixels() <= MAX_PIXELS {
                last = size.w;
                textures.push(texture);
                images.push((format!("{} {}x{}", path.display(), size.w, size.h), png));
            }
        }
    }
    Ok(images)
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// Returns the image of a PNG, in RGB.
fn rgb(png: &Bytes) -> Result<(Vec<[u8; 3]>, Size)> {
    let frame = decode(png)?.frames.swap_remove(0);
    pixels(frame)
}

fn pixels(frame: Frame) -> Result<(Vec<[u8; 3]>, Size)> {
    let frame = frame.materialize()?.into_rgb()?;
    let plane = &frame.planes[0];
    let step = usize::from(plane.channels);
    let levels: Vec<u8> = match &plane.samples {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(samples) => samples.iter().map(|sample| (sample / 257) as u8).collect(),
    };
    let colour = if frame.model.channels() < 3 { [0, 0, 0] } else { [0, 1, 2] };
    Ok((levels.chunks_exact(step).map(|pixel| colour.map(|channel| pixel[channel])).collect(), plane.size))
}

fn score(original: &[[u8; 3]], image: &[[u8; 3]], size: Size) -> Option<f64> {
    let mut comparison = Comparison::new(size.w as usize, size.h as usize)?;
    let rows = original.chunks(size.w as usize).zip(image.chunks(size.w as usize));
    rows.for_each(|(original, image)| comparison.push(original, image));
    Some(comparison.score())
}

/// The measurements of an image with one encoder.
struct Measured {
    texture: Texture,
    /// The logarithm of the loss at each knot.
    losses: Vec<f64>,
}

fn fit(images: &[(String, Bytes)]) -> Result<()> {
    let mut out = io::stdout();
    for (format, name, qualities, step) in FORMATS {
        let mut all = Vec::new();
        for (path, png) in images.iter().step_by(step) {
            let (original, size) = rgb(png)?;
            let samples = Samples::U8(original.as_flattened().to_vec());
            let frames = vec![Frame::whole(size, Model::Rgb, samples)];
            let image = Image { frames, delays_ms: Vec::new(), plays: 0, profile: None };
            let mut losses = Vec::new();
            for quality in qualities {
                let options = Encode { quality: Some(*quality), ..Encode::default() };
                let encoded = encoder(format).encode(&image, &options, &Stop::default())?;
                let (decoded, _) = rgb(&encoded.into())?;
                losses.extend(score(&original, &decoded, size).map(log_of_loss));
            }
            if losses.len() < qualities.len() {
                continue;
            }
            let scores: Vec<_> = losses.iter().map(|loss| (100.0 - loss.exp()).round()).collect();
            eprintln!("{name} {path} {scores:?}");
            all.push(Measured { texture: Texture::new(&original, size.w as usize), losses });
        }
        let (knots, weights) = curve(qualities, &all);
        writeln!(out, "/// The curve of {name}, over {} images.", all.len())?;
        writeln!(
            out,
            "pub const {name}: Curve = Curve {{\n    knots: &{knots:?},\n    weights: {weights:?},\n}};"
        )?;
    }
    Ok(())
}

/// Fits a curve: in turns, the knots for the offsets of the images, and the offsets for the knots; then the weights for
/// the offsets.
fn curve(qualities: &[u8], all: &[Measured]) -> (Vec<(u8, f64)>, Vec<f64>) {
    let counts = |loss: &f64| LOSSES.contains(&loss.exp());
    let mut knots = vec![0.0; qualities.len()];
    let mut offsets = vec![0.0; all.len()];
    for _ in 0..20 {
        for (knot, value) in knots.iter_mut().enumerate() {
            let own = all.iter().zip(&offsets).filter(|(measured, _)| counts(&measured.losses[knot]));
            *value = mean(own.map(|(measured, offset)| measured.losses[knot] - offset));
        }
        for (measured, offset) in all.iter().zip(&mut offsets) {
            let own = measured.losses.iter().zip(&knots).filter(|(loss, _)| counts(loss));
            *offset = mean(own.map(|(loss, knot)| loss - knot));
        }
    }
    let rows: Vec<_> = all.iter().map(|measured| *measured.texture.properties()).collect();
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    let knots = qualities.iter().copied().zip(knots.into_iter().map(round)).collect();
    (knots, least_squares(&rows, &offsets).map(round).to_vec())
}

/// Encodes with the encoder that it wraps, and counts the encodes.
#[derive(Debug)]
struct Counted {
    encoder: &'static dyn Encoder,
    encodes: AtomicU32,
}

impl Encoder for Counted {
    fn format(&self) -> Format {
        self.encoder.format()
    }

    fn is_animated(&self) -> bool {
        self.encoder.is_animated()
    }

    fn default_quality(&self) -> Option<u8> {
        self.encoder.default_quality()
    }

    fn cost(&self, size: Size, frames: u32, options: &Encode) -> Cost {
        self.encoder.cost(size, frames, options)
    }

    fn encode(&self, image: &Image, options: &Encode, stop: &Stop) -> safelight_core::Result<Vec<u8>> {
        self.encodes.fetch_add(1, Ordering::Relaxed);
        self.encoder.encode(image, options, stop)
    }
}

/// A response, the encodes that it took, and its CPU time.
struct Response {
    output: Output,
    encodes: u32,
    time: Duration,
}

/// Runs `query` over an image, with an `Accept` header of all formats.
fn respond(query: &str, png: &Bytes) -> Result<Response> {
    let counters: Vec<&'static Counted> = REGISTRY
        .encoders
        .iter()
        .map(|&encoder| &*Box::leak(Box::new(Counted { encoder, encodes: AtomicU32::new(0) })))
        .collect();
    let encoders = counters.iter().map(|&counter| counter as &dyn Encoder).collect::<Vec<_>>();
    let registry = Registry { encoders: Box::leak(encoders.into()), ..REGISTRY };
    let plan = Plan::new(registry, registry.query(query, "image/avif,image/webp")?)?;
    let before = cpu_time();
    let output = Output::collect(plan.start(&Settings::default()), png, CHUNK_BYTES)?;
    let time = cpu_time().saturating_sub(before);
    let sum = counters.iter().map(|counter| counter.encodes.load(Ordering::Relaxed)).sum();
    Ok(Response { output, encodes: sum, time })
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Compares `quality=auto` with the same quality as a number, and `format=best` with `format=auto`.
fn report(images: &[(String, Bytes)]) -> Result<()> {
    /// The score that operators get without a setting.
    const TARGET: f64 = 70.0;
    /// Of so many images, one is encoded in every format.
    const BEST_STEP: usize = 6;
    let mut out = io::stdout();
    for (format, name, _, step) in FORMATS {
        let word = format.word().unwrap_or_default();
        let (mut scores, mut encodes, mut auto, mut fixed) = (Vec::new(), 0, Duration::ZERO, Duration::ZERO);
        for (path, png) in images.iter().step_by(step) {
            let (original, size) = rgb(png)?;
            let found = respond(&format!("format={word}&quality=auto"), png)?;
            let Some(quality) = found.output.head.and_then(|head| head.quality) else { continue };
            let (decoded, _) = rgb(&found.output.body().into())?;
            let Some(score) = score(&original, &decoded, size) else { continue };
            eprintln!("{name} {path}: quality {quality}, score {score:.1}, {} encodes", found.encodes);
            scores.push(score);
            encodes += found.encodes;
            auto += found.time;
            fixed += respond(&format!("format={word}&quality={quality}"), png)?.time;
        }
        let hits = scores.iter().filter(|score| (*score - TARGET).abs() <= 2.0).count();
        let misses = mean(scores.iter().map(|score| (score - TARGET).abs()));
        let count = scores.len() as f64;
        writeln!(
            out,
            "{name}: {count} images, {:.1} % within 2, mean distance {misses:.2}, {:.2} encodes, {:.2} of the CPU time",
            100.0 * hits as f64 / count,
            f64::from(encodes) / count,
            auto.as_secs_f64() / fixed.as_secs_f64(),
        )?;
    }
    let (mut best, mut auto) = ((0, Duration::ZERO), (0, Duration::ZERO));
    let mut formats = BTreeMap::<&str, u32>::new();
    for (path, png) in images.iter().step_by(BEST_STEP) {
        let found = respond("format=best", png)?;
        eprintln!("best {path}: {}, {} encodes", found.output.content_type(), found.encodes);
        *formats.entry(found.output.content_type()).or_default() += 1;
        best = (best.0 + found.output.body().len(), best.1 + found.time);
        let found = respond("format=auto&quality=auto", png)?;
        auto = (auto.0 + found.output.body().len(), auto.1 + found.time);
    }
    let bytes = best.0 as f64 / auto.0 as f64;
    let time = best.1.as_secs_f64() / auto.1.as_secs_f64();
    Ok(writeln!(
        out,
        "best: {formats:?}, {bytes:.3} of the bytes and {time:.2} of the CPU time of format=auto&quality=auto"
    )?)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / f64::max(count, 1.0)
}

/// Returns the weights of the columns of `rows` whose sums are nearest to `wanted`.
fn least_squares(rows: &[[f64; PROPERTIES]], wanted: &[f64]) -> [f64; PROPERTIES] {
    /// Keeps the weights of columns that say the same small.
    const RIDGE: f64 = 0.01;
    let mut system = [[0.0; PROPERTIES + 1]; PROPERTIES];
    for (row, wanted) in rows.iter().zip(wanted) {
        for (i, equation) in system.iter_mut().enumerate() {
            for (coefficient, column) in equation.iter_mut().zip(row.iter().chain([wanted])) {
                *coefficient += row[i] * column;
            }
        }
    }
    for (pivot, equation) in system.iter_mut().enumerate() {
        equation[pivot] += RIDGE;
    }
    // The matrix is symmetric and positive, so that elimination needs no exchange of rows.
    for pivot in 0..PROPERTIES {
        let row = system[pivot];
        for (_, other) in system.iter_mut().enumerate().filter(|(i, _)| *i != pivot) {
            let factor = other[pivot] / row[pivot];
            other.iter_mut().zip(row).for_each(|(one, two)| *one -= factor * two);
        }
    }
    std::array::from_fn(|i| system[i][PROPERTIES] / system[i][i])
}
