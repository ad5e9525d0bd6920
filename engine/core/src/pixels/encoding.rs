//! The encode that a plan ends with: in one format or in the best of several, at one quality or one that is found.

use super::{
    sample::{self, Sample},
    sizes::square,
    target::{MAX_ENCODES, encode_within, too_large},
};
use crate::{
    Compression, Cost, Decode, Decoder, Encode, Encoder, Format, Image, Kind, Limits, Registry, Result, Sink,
    Size, Stage, Stop,
};
use safelight_similarity::{self as similarity, Comparison, Curve, Texture};

/// The largest difference from the score that is aimed at for which an image is not encoded again.
const TOLERANCE: f64 = 1.5;
/// The most encodes of a sample in one format: one at the predicted quality, one at the corrected quality.
const TRIALS: u64 = 2;
/// The least share of pixels without texture for which encodes without loss are tried: photos have less.
const MIN_FLAT: f64 = 0.4;

/// Memory of a trial: for each pixel of the sample its copy, the pixels as shown of both versions, the decode, and the
/// output; and what a decode allocates at any size.
const TRIAL_PIXEL_BYTES: u64 = 8 + 3 + 3 + DECODE_PIXEL_BYTES + 8;
const DECODE_PIXEL_BYTES: u64 = 32;
const DECODE_BYTES: u64 = 20 << 20;
/// Nanoseconds for each pixel that is decoded and compared.
const SCORE_NS: u64 = 120;

/// The encode that a plan ends with.
pub(super) struct Encoding {
    /// The encodes that are tried, the preferred one first; at least one.
    outputs: Vec<Output>,
    /// The score that the output should have, if its quality is to be found.
    target: Option<f64>,
    /// Whether formats are compared, and predicted qualities corrected.
    is_compared: bool,
}

/// An encoder with its options.
struct Output {
    encoder: &'static dyn Encoder,
    /// The decoder of what it encodes, if there is one.
    decoder: Option<&'static dyn Decoder>,
    options: Encode,
}

/// The output of an encode.
pub(super) struct Encoded {
    pub(super) format: Format,
    /// The quality, if it was found.
    pub(super) quality: Option<u8>,
    pub(super) bytes: Vec<u8>,
}

impl Encoding {
    /// Returns the encode in the format of `encoder`.
    pub(super) fn one(registry: &Registry, encoder: &'static dyn Encoder, options: Encode) -> Self {
        Self { outputs: vec![Output::new(registry, encoder, options)], target: None, is_compared: true }
    }

    /// Returns the encode in the format of [`Encode::candidates`] whose output is smallest; `None` if none of them can be
    /// encoded.
    pub(super) fn best(registry: &Registry, options: &Encode) -> Option<Self> {
        let mut outputs = Vec::new();
        for encoder in options.candidates.iter().filter_map(|format| registry.encoder(*format)) {
            // Only these formats have encodes without loss.
            let has_exact = matches!(encoder.format(), Format::Png | Format::Webp);
            if encoder.default_quality().is_some() && !is_exact(options) {
                outputs.push(Output::new(registry, encoder, options.clone()));
            }
            if has_exact && options.compression != Some(Compression::Lossy) {
                let compression = options.compression.or(Some(Compression::Lossless));
                let options = Encode { compression, quality: None, ..options.clone() };
                outputs.push(Output::new(registry, encoder, options));
            }
        }
        (!outputs.is_empty()).then_some(Self { outputs, target: None, is_compared: true })
    }

    /// Sets the score at which the quality is aimed.
    #[must_use]
    pub(super) fn aimed_at(self, target: f64) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Returns the encoders that may be used.
    pub(super) fn encoders(&self) -> impl Iterator<Item = &'static dyn Encoder> {
        self.outputs.iter().map(|output| output.encoder)
    }

    /// Returns the resolution of chroma that the encoder accepts, if there is only one. A search gets RGB: what chroma loses
    /// by a lower resolution counts in a score.
    pub(super) fn chroma(&self) -> Option<(u8, u8)> {
        let [Output { encoder, options, .. }] = self.outputs.as_slice() else { return None };
        if self.tries() { None } else { encoder.chroma(options) }
    }

    /// Leaves out the dearest of several formats, as long as JPEG and PNG are left, and then all comparisons. Returns whether
    /// there was something to leave out.
    pub(super) fn reduce(&mut self, size: Size, frames: u32) -> bool {
        let cpu_ns = |output: &Output| output.encoder.cost(size, frames, &output.options).cpu_ns;
        let is_spare = |output: &Output| !matches!(output.encoder.format(), Format::Jpeg | Format::Png);
        let spare = (0..self.outputs.len()).filter(|at| is_spare(&self.outputs[*at]));
        let dearest = spare.max_by_key(|at| cpu_ns(&self.outputs[*at])).filter(|_| 1 < self.outputs.len());
        if let Some(dearest) = dearest {
            self.outputs.remove(dearest);
            return true;
        }
        let has_comparison = self.is_compared && self.tries();
        self.is_compared &= !has_comparison;
        has_comparison
    }

    /// Returns the cost of all encodes of an image of `frames` frames of `size`, or of at most `max_output` pixels.
    pub(super) fn cost(&self, size: Size, frames: u32, max_output: u64) -> Cost {
        let finals = self.outputs.iter().map(|output| output.cost(size, frames, max_output));
        let last = finals.fold(Cost::default(), |all, one| Cost {
            bytes: all.bytes.max(one.bytes),
            cpu_ns: all.cpu_ns.max(one.cpu_ns),
        });
        if !self.tries() {
            return last;
        }
        let sample = sample::max_pixels(if size.pixels() < max_output { square(max_output) } else { size });
        let pixels = sample.pixels();
        let compare = Comparison::memory(sample.w.into()).saturating_add(DECODE_BYTES);
        let work = Cost::new(pixels.saturating_mul(TRIAL_PIXEL_BYTES).saturating_add(compare), 0);
        let trials = self.outputs.iter().map(|output| {
            let Cost { bytes, cpu_ns } = output.encoder.cost(sample, 1, &output.options);
            let score = if output.curve().is_some() { pixels.saturating_mul(SCORE_NS) } else { 0 };
            let times = if output.curve().is_some() && self.target.is_some() { TRIALS } else { 1 };
            Cost::new(bytes, cpu_ns.saturating_mul(times).saturating_add(score))
        });
        if !self.is_compared {
            return work.then(last);
        }
        let trials = trials.fold(Cost::default(), Cost::then) + work;
        let is_whole = sample::is_whole(size, frames) && self.outputs[0].options.max_bytes.is_none();
        trials.then(if is_whole { Cost::new(last.bytes, 0) } else { last })
    }

    /// Returns whether anything is tried before the last encode.
    fn tries(&self) -> bool {
        1 < self.outputs.len() || (self.target.is_some() && self.outputs[0].curve().is_some())
    }

    /// Encodes `image` in at most as many bytes as the options allow.
    ///
    /// # Errors
    /// Those of the encoders and decoders, and of [`encode_within`].
    pub(super) fn encode(&self, image: &Image, limits: &Limits, out: &mut dyn Sink) -> Result<Encoded> {
        let stop = out.stop();
        if !self.tries() {
            let output = &self.outputs[0];
            let format = output.encoder.format();
            out.stage(Stage::Encode(format));
            let bytes = output.encode_limited(image, output.options.quality, &stop)?;
            return Ok(Encoded { format, quality: None, bytes });
        }
        let sample = Sample::new(image, self.outputs[0].options.background, &stop)?;
        let texture = Texture::new(&sample.original, sample.size().w as usize);
        let (output, trial) = match self.best_of(&sample, &texture, limits, out)? {
            Some(best) => best,
            None => self.first(&sample, &texture),
        };
        out.stage(Stage::Encode(output.encoder.format()));
        let fits = output.options.max_bytes.is_none_or(|max| trial.bytes.len() as u64 <= max.into());
        let is_done = sample.is_whole && fits && !trial.bytes.is_empty();
        drop(sample);
        let bytes = if is_done { trial.bytes } else { output.encode_limited(image, trial.quality, &stop)? };
        Ok(Encoded { format: output.encoder.format(), quality: trial.quality, bytes })
    }

    /// Returns the output whose encode of a sample is smallest; `None` if they are not to be compared, or none suits.
    fn best_of(
        &self,
        sample: &Sample<'_>,
        texture: &Texture,
        limits: &Limits,
        out: &mut dyn Sink,
    ) -> Result<Option<(&Output, Trial)>> {
        let stop = out.stop();
        let is_one = self.outputs.len() == 1;
        let mut best: Option<(&Output, Trial)> = None;
        let suitable = self.outputs.iter().filter(|output| is_one || output.suits(sample, texture));
        for output in suitable.filter(|_| self.is_compared) {
            out.stage(Stage::Encode(output.encoder.format()));
            let search = Search { output, sample, limits, stop: &stop };
            let trial = match output.curve().zip(self.target) {
                Some((curve, target)) => search.run(&curve, texture, target, !is_one || sample.is_whole),
                None => search.encode(output.options.quality),
            };
            let trial = match trial {
                // The format cannot represent the image, because of a side for example.
                Err(error) if error.kind == Kind::InvalidParam && !is_one => continue,
                trial => trial?,
            };
            if best.as_ref().is_none_or(|(_, best)| trial.bytes.len() < best.bytes.len()) {
                best = Some((output, trial));
            }
        }
        Ok(best)
    }

    /// Returns the first output that keeps the transparency of the sample, at the quality that is predicted.
    fn first(&self, sample: &Sample<'_>, texture: &Texture) -> (&Output, Trial) {
        let keeping = self.outputs.iter().find(|output| output.keeps_alpha(sample));
        let output = keeping.unwrap_or(&self.outputs[0]);
        let predicted = output.curve().zip(self.target).map(|(curve, target)| curve.predict(texture, target));
        (output, Trial { quality: predicted.or(output.options.quality), bytes: Vec::new() })
    }
}

impl Output {
    fn new(registry: &Registry, encoder: &'static dyn Encoder, options: Encode) -> Self {
        Self { encoder, decoder: registry.decoder(encoder.format()), options }
    }

    /// Returns the curve of the score over the quality, if the encoder has a quality and its output can be decoded.
    fn curve(&self) -> Option<Curve> {
        self.decoder.filter(|_| self.options.quality.is_none() && !is_exact(&self.options))?;
        match self.encoder.format() {
            Format::Jpeg => Some(similarity::JPEG),
            Format::Webp => Some(similarity::WEBP),
            Format::Avif => Some(similarity::AVIF),
            _ => None,
        }
    }

    /// Returns whether the output could be the best one for an image: whether it keeps transparency, and is not an exact one
    /// of a photo.
    fn suits(&self, sample: &Sample<'_>, texture: &Texture) -> bool {
        let is_flat = MIN_FLAT <= texture.flat();
        self.keeps_alpha(sample) && (is_flat || !is_exact(&self.options))
    }

    /// Returns whether the output has the transparency of a sample.
    fn keeps_alpha(&self, sample: &Sample<'_>) -> bool {
        self.encoder.format() != Format::Jpeg || !sample.has_alpha()
    }

    /// Encodes `image` at `quality`, and if the options limit its bytes, at lower ones.
    fn encode_limited(&self, image: &Image, quality: Option<u8>, stop: &Stop) -> Result<Vec<u8>> {
        let Self { encoder, options, .. } = self;
        let encode = |quality| encoder.encode(image, &Encode { quality, ..options.clone() }, stop);
        let Some(max) = options.max_bytes else { return encode(quality) };
        let Some(first) = self.first_quality() else {
            let encoded = encode(quality)?;
            let bytes = encoded.len() as u64;
            return if bytes <= max.into() {
                Ok(encoded)
            } else {
                Err(too_large(max, bytes, encoder.format()))
            };
        };
        // Without a quality, the encoder may lose nothing, and still be small enough.
        let mut given = Some(quality);
        encode_within(max, quality.unwrap_or(first), encoder.format(), |quality| {
            encode(given.take().unwrap_or(Some(quality)))
        })
    }

    /// Returns the cost of the last encode of an image of `frames` frames of `size`, or of at most `max_output` pixels, and
    /// of those that make it small enough.
    fn cost(&self, size: Size, frames: u32, max_output: u64) -> Cost {
        let Self { encoder, options, .. } = self;
        let mut cost = encoder.cost(size, frames, options);
        if size.pixels() < max_output {
            // Of a size that is unlikely, only the memory is reserved.
            cost.bytes = encoder.cost(square(max_output), frames, options).bytes;
        }
        if let Some(max) = options.max_bytes
            && self.first_quality().is_some()
        {
            cost.cpu_ns = cost.cpu_ns.saturating_mul(MAX_ENCODES.into());
            // The best output so far is kept.
            cost.bytes = cost.bytes.saturating_add(max.into());
        }
        cost
    }

    /// Returns the quality at which the search for fewer bytes begins; `None` if a quality does not change their number.
    fn first_quality(&self) -> Option<u8> {
        let default = self.encoder.default_quality()?;
        (!is_exact(&self.options)).then(|| self.options.quality.unwrap_or(default))
    }
}

/// Returns whether a quality has no or another meaning, because nothing, or nothing visible, may be lost.
fn is_exact(options: &Encode) -> bool {
    matches!(options.compression, Some(Compression::Lossless | Compression::NearLossless))
}

/// An encode of a sample.
#[derive(Default)]
struct Trial {
    /// The quality; `None` for the encoder's own.
    quality: Option<u8>,
    /// Empty if they are not needed.
    bytes: Vec<u8>,
}

/// The search for the quality of one output.
struct Search<'a> {
    output: &'a Output,
    sample: &'a Sample<'a>,
    limits: &'a Limits,
    stop: &'a Stop,
}

impl Search<'_> {
    /// Encodes at the quality that is predicted for the score `target`, and if its score is another, at the quality that
    /// follows from it. If no bytes are needed, the second encode is left out.
    fn run(&self, curve: &Curve, texture: &Texture, target: f64, needs_bytes: bool) -> Result<Trial> {
        let trial = self.encode(Some(curve.predict(texture, target)))?;
        let (Some(score), Some(quality)) = (self.score(&trial.bytes)?, trial.quality) else {
            return Ok(trial);
        };
        let corrected = curve.correct(quality, score, target);
        if (score - target).abs() <= TOLERANCE || corrected == quality {
            return Ok(trial);
        }
        if needs_bytes {
            self.encode(Some(corrected))
        } else {
            Ok(Trial { quality: Some(corrected), bytes: Vec::new() })
        }
    }

    fn encode(&self, quality: Option<u8>) -> Result<Trial> {
        let options = Encode { quality, ..self.output.options.clone() };
        let bytes = self.output.encoder.encode(&self.sample.image, &options, self.stop)?;
        Ok(Trial { quality, bytes })
    }

    /// Returns the score of an encoded sample; `None` if it is too small to have one, or takes more memory to decode than
    /// was reserved.
    fn score(&self, bytes: &[u8]) -> Result<Option<f64>> {
        let size = self.sample.size();
        let Some(mut comparison) = Comparison::new(size.w as usize, size.h as usize) else { return Ok(None) };
        let Some(decoder) = self.output.decoder else { return Ok(None) };
        let decode = Decode { needed: size, all_frames: false, keep_profile: false, chroma: (1, 1) };
        // An encoder writes no metadata but the profile.
        let profile_bytes = self.sample.image.profile.as_ref().map_or(0, |profile| profile.len() as u64);
        let max_metadata_bytes = self.limits.max_metadata_bytes.min(profile_bytes + (64 << 10));
        let limits = Limits { max_metadata_bytes, ..self.limits.clone() };
        let opened = decoder.open(bytes.to_vec().into(), &limits)?;
        let reserved = size.pixels().saturating_mul(DECODE_PIXEL_BYTES).saturating_add(DECODE_BYTES);
        if reserved < opened.cost(&decode).bytes {
            return Ok(None);
        }
        let image = opened.decode(&decode, self.stop)?;
        let background = self.output.options.background;
        let is_same =
            self.sample.rows(image, background, self.stop, |original, row| comparison.push(original, row))?;
        Ok(is_same.then(|| comparison.score()))
    }
}
