//! From bytes to planes, as they come.

use super::bits::Bits;
use super::entropy::{Entropy, Restart};
use super::error::DecodeError;
use super::header::Header;
use super::kept::Kept;
use super::layout::Layout;
use super::parallel::{self, Bands, FEWEST_BANDS};
use super::passes;
use super::planes::{Component, Planes};
use super::profile::Profile;
use super::progressive::Coefficients;
use super::scan::Scan;
use super::segments::Segments;
use super::sequential::{self, Lane, MOST_BLOCK_BYTES};
use super::tables::Tables;
use super::{Scales, entropy::MOST_BATCH_BYTES};
use crate::dct::Inverse;
use crate::markers::{APP2, DHT, DQT, DRI, EOI, SOF0, SOF2, SOS};
use rayon::prelude::*;

/// The most scans of a file; see [`decode`](super).
const MOST_SCANS: u32 = 200;
/// Bytes that come in before what is there is decoded, so that they are still in the cache then.
const STEP_BYTES: usize = 32 << 10;
/// Samples of a picture that is worth the work of several cores.
const FEWEST_PARALLEL_PIXELS: u64 = 1 << 20;
/// Bytes of a batch of restart intervals that is worth its start.
const FEWEST_BATCH_BYTES: usize = 256 << 10;

/// Decodes one file.
///
/// call order = push* (Done | finish)
#[derive(Debug)]
pub struct Decoder {
    header: Header,
    layout: Layout,
    is_parallel: bool,
    stage: Stage,
    segments: Segments,
    tables: Tables,
    profile: Profile,
    /// The scan under way.
    scan: Option<Scan>,
    /// How its restart intervals are shared between cores.
    bands: Option<Bands>,
    entropy: Entropy,
    outputs: Vec<Output>,
    scans: u32,
    is_damaged: bool,
}

/// How far a decoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before the frame header.
    Start,
    /// Before the end, or what makes it needless.
    Frame,
    Done,
}

/// What a decoder needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More of the file, or its end.
    More,
    /// Nothing: what is behind does not count.
    Done,
}

/// What comes out of a component.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) kept: Kept,
    /// Blocks from one row of blocks to the next.
    pub(super) across: usize,
    /// Of a progressive file.
    pub(super) coefficients: Coefficients,
    samples: Vec<u8>,
    /// Made when the component's first scan begins: tables may change later.
    inverse: Option<Inverse>,
    /// The coefficients, as bits of their number, that no later scan changes.
    settled: u64,
}

impl Decoder {
    /// Creates a decoder for the file that `header` was read from.
    ///
    /// With `is_parallel`, files of a mebipixel or more are decoded on all threads of rayon's pool. The planes are
    /// the same.
    ///
    /// # Errors
    /// [`DecodeError::Unsupported`] if the header is not [covered](Header::is_covered).
    pub fn new(header: Header, scales: Scales, is_parallel: bool) -> Result<Self, DecodeError> {
        if !header.is_covered() {
            return Err(DecodeError::Unsupported("a JPEG of four components"));
        }
        let layout = Layout::new(&header, scales);
        let is_large = FEWEST_PARALLEL_PIXELS <= u64::from(header.width) * u64::from(header.height);
        let output = |part: &super::layout::Part| Output {
            kept: Kept::new(part.n),
            across: part.padded.0,
            coefficients: Coefficients::default(),
            samples: Vec::new(),
            inverse: None,
            settled: 0,
        };
        Ok(Self {
            outputs: layout.parts.iter().map(output).collect(),
            header,
            layout,
            is_parallel: is_parallel && is_large,
            stage: Stage::Start,
            segments: Segments::default(),
            tables: Tables::default(),
            profile: Profile::default(),
            scan: None,
            bands: None,
            entropy: Entropy::default(),
            scans: 0,
            is_damaged: false,
        })
    }

    /// Takes the next bytes of the file, from its first on, and does the work that they allow.
    ///
    /// # Errors
    /// [`DecodeError`]; the decoder is of no use then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Progress, DecodeError> {
        let mut rest = bytes;
        while self.stage != Stage::Done {
            if let Some(mut scan) = self.scan.take() {
                self.entropy.take(&mut rest, STEP_BYTES);
                if self.advance(&mut scan) {
                    self.finish_scan(&scan);
                    continue;
                }
                self.scan = Some(scan);
                if rest.is_empty() {
                    return Ok(Progress::More);
                }
            } else {
                let result = match self.segments.take(&mut rest) {
                    Ok(None) => return Ok(Progress::More),
                    Ok(Some(marker)) => self.segment(marker),
                    Err(error) => Err(error),
                };
                match result {
                    Err(DecodeError::Damaged(_)) if 0 < self.scans => {
                        self.is_damaged = true;
                        self.stage = Stage::Done;
                    }
                    result => result?,
                }
            }
        }
        Ok(Progress::Done)
    }

    /// Makes planes of what was decoded.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] if no scan was begun.
    pub fn finish(mut self) -> Result<Planes, DecodeError> {
        if let Some(mut scan) = self.scan.take() {
            self.entropy.end();
            self.advance(&mut scan);
            self.finish_scan(&scan);
        } else if self.scans == 0 {
            return Err(DecodeError::Damaged("the end before the first scan"));
        }
        self.is_damaged |= !self.is_settled();
        let is_parallel = self.is_parallel;
        let mut components = Vec::new();
        for (mut output, part) in self.outputs.into_iter().zip(&self.layout.parts) {
            let (w, h) = (part.stride(), part.padded.1 * part.n);
            let mut samples = std::mem::take(&mut output.samples);
            match &output.inverse {
                Some(inverse) if self.header.is_progressive => {
                    samples = vec![0; part.samples()];
                    let transform = |(row, out): (usize, &mut [u8])| {
                        output.coefficients.transform(inverse, &output.kept, part, row, out);
                    };
                    let rows = w * part.n;
                    if is_parallel {
                        samples.par_chunks_exact_mut(rows).enumerate().for_each(transform);
                    } else {
                        samples.chunks_exact_mut(rows).enumerate().for_each(transform);
                    }
                }
                Some(_) => (),
                None => samples = vec![128; part.samples()],
            }
            let mut component = Component { samples, w, h, step: part.step };
            component.pad(part.blocks.0 * part.n, part.blocks.1 * part.n);
            components.push(component);
        }
        Ok(Planes {
            width: self.header.width,
            height: self.header.height,
            colour_model: self.header.colour_model,
            components,
            profile: self.profile.into_bytes(),
            is_damaged: self.is_damaged,
        })
    }

    /// Takes a segment that is whole.
    fn segment(&mut self, marker: u8) -> Result<(), DecodeError> {
        let body = self.segments.body();
        match marker {
            SOF0..=SOF2 if self.stage != Stage::Start => {
                return Err(DecodeError::Damaged("a second frame header"));
            }
            SOF0..=SOF2 => {
                if !self.header.is_frame(&Header::parse(marker, body)?) {
                    return Err(DecodeError::HeaderMismatch);
                }
                self.stage = Stage::Frame;
            }
            DQT => self.tables.quantise(body)?,
            DHT => self.tables.code(body)?,
            DRI => self.tables.restart(body)?,
            APP2 if self.scans == 0 => self.profile.push(body),
            SOS if self.stage != Stage::Start => {
                let scan = Scan::parse(body, &self.header, &self.layout, &self.tables)?;
                self.begin(scan)?;
            }
            SOS => return Err(DecodeError::Damaged("a scan before its frame header")),
            EOI if self.scans == 0 => return Err(DecodeError::Damaged("the end before the first scan")),
            EOI => self.stage = Stage::Done,
            _ => (),
        }
        self.segments.clear();
        Ok(())
    }

    /// Begins a scan if something of it counts; its data is passed over otherwise, as all is between segments.
    fn begin(&mut self, scan: Scan) -> Result<(), DecodeError> {
        if MOST_SCANS <= self.scans {
            return Err(DecodeError::TooManyScans(MOST_SCANS));
        }
        let is_progressive = self.header.is_progressive;
        let counts = |output: &Output| {
            if is_progressive {
                // Later refinements of coefficients that are kept may share a band with these: which of these
                // are zero must be known to read them. Not so behind the last bit, which no scan refines.
                let may_be_refined = scan.shift != 0 && 1 < output.kept.n;
                output.kept.mask & scan.coefficients() != 0 || may_be_refined
            } else {
                output.settled == 0
            }
        };
        if scan.parts.iter().any(|part| counts(&self.outputs[part.component])) {
            self.prepare(&scan)?;
            let can_share = self.is_parallel && !is_progressive && self.tables.restart_interval != 0;
            self.bands = if can_share { Bands::new(scan.interval, scan.mcus) } else { None };
            self.scan = Some(scan);
        }
        self.scans += 1;
        Ok(())
    }

    /// Makes tables and memory ready for a scan.
    fn prepare(&mut self, scan: &Scan) -> Result<(), DecodeError> {
        for part in &scan.parts {
            match (self.header.is_progressive, scan.band.0) {
                (false, _) => {
                    self.tables.prepare_dc(part.dc_table)?;
                    self.tables.prepare_ac(part.ac_table)?;
                }
                (true, 0) if scan.is_refinement => (),
                (true, 0) => self.tables.prepare_dc(part.dc_table)?,
                (true, _) => self.tables.prepare_codes(part.ac_table)?,
            }
        }
        for part in &scan.parts {
            let (output, layout) = (&mut self.outputs[part.component], &self.layout.parts[part.component]);
            if output.inverse.is_none() {
                let table = self.header.components[part.component].table;
                output.inverse = Some(Inverse::new(self.tables.quantisation(table)?, layout.n));
                if self.header.is_progressive {
                    output.coefficients = Coefficients::new(layout);
                } else {
                    output.samples = vec![0; layout.samples()];
                }
            }
        }
        Ok(())
    }

    /// Goes on behind a scan.
    fn finish_scan(&mut self, scan: &Scan) {
        self.segments.resume(self.entropy.finish());
        for part in &scan.parts {
            if scan.shift == 0 {
                self.outputs[part.component].settled |= scan.coefficients();
            }
        }
        if self.is_settled() {
            self.stage = Stage::Done;
        }
    }

    /// Whether no later scan changes anything of what is kept.
    fn is_settled(&self) -> bool {
        self.outputs.iter().all(|output| output.kept.mask & !output.settled == 0)
    }

    /// Decodes what is there of a scan, and says whether that is all of it.
    fn advance(&mut self, scan: &mut Scan) -> bool {
        while scan.next < scan.total() {
            if scan.next == scan.interval_end {
                match self.entropy.restart(scan.restart) {
                    Restart::Wait => return false,
                    Restart::Go => scan.restart(false),
                    Restart::Missing => {
                        scan.restart(scan.is_starved);
                        self.is_damaged = true;
                        if !scan.is_starved {
                            // libjpeg notices only when it needs bits: an MCU is made of zeros.
                            self.decode(scan, true);
                        }
                    }
                }
            }
            if scan.is_starved {
                self.blank(scan);
                continue;
            }
            if let Some(bands) = self.bands.filter(|it| scan.next.is_multiple_of(it.mcus)) {
                if !self.is_batch(bands) {
                    return false;
                }
                if self.share(scan, bands) {
                    continue;
                }
            }
            self.decode(scan, false);
            if scan.next < scan.interval_end && !scan.is_starved {
                self.entropy.compact();
                return false;
            }
        }
        true
    }

    /// Whether enough has come in for several cores, or no more may be held.
    fn is_batch(&self, bands: Bands) -> bool {
        self.entropy.is_over()
            || MOST_BATCH_BYTES <= self.entropy.len()
            || (FEWEST_BATCH_BYTES <= self.entropy.len()
                && FEWEST_BANDS * bands.intervals <= self.entropy.markers())
    }

    /// Decodes whole bands on several cores, and says whether there were some.
    fn share(&mut self, scan: &mut Scan, bands: Bands) -> bool {
        let intervals = self.entropy.intervals(scan.restart);
        let count = (intervals.len() / bands.intervals).min((scan.total() - scan.next) / bands.mcus);
        if count < 2 {
            return false;
        }
        let pieces = count * bands.intervals;
        let lanes = lanes(&mut self.outputs, &self.tables, scan, scan.next / scan.mcus.0);
        self.is_damaged |= parallel::decode(bands, &intervals[..pieces], lanes, scan.mcus.0, scan.interval);
        self.entropy.pass(pieces - 1);
        self.entropy.position = self.entropy.first().0.len() * 8;
        scan.next += count * bands.mcus;
        scan.interval_end = scan.next;
        scan.restart = (scan.restart + ((pieces - 1) & 7) as u8) & 7;
        self.entropy.compact();
        true
    }

    /// Decodes what is there of a restart interval, which is nothing if it is missing.
    fn decode(&mut self, scan: &mut Scan, is_missing: bool) {
        let (data, is_whole, position) = match self.entropy.first() {
            _ if is_missing => (&[][..], true, 0),
            (data, is_whole) => (data, is_whole, self.entropy.position),
        };
        let range = scan.next..scan.interval_end;
        let blocks: usize = scan.parts.iter().map(|it| it.factors.0 * it.factors.1).sum();
        let reserve = (!is_whole).then_some(blocks * MOST_BLOCK_BYTES);
        let mut bits = Bits::new(data, position);
        if self.header.is_progressive {
            scan.next = passes::decode(&mut bits, scan, &mut self.outputs, &self.tables, range, reserve);
        } else {
            let mut lanes = lanes(&mut self.outputs, &self.tables, scan, 0);
            scan.next = sequential::decode(&mut bits, &mut lanes, scan.mcus.0, range, reserve);
            let predictions: Vec<_> = lanes.iter().map(|lane| lane.prediction).collect();
            for (part, prediction) in scan.parts.iter_mut().zip(predictions) {
                part.prediction = prediction;
            }
        }
        scan.is_starved = bits.is_overrun();
        self.is_damaged |= bits.is_damaged || scan.is_starved;
        if !is_missing {
            let position = bits.position().min(8 * data.len());
            self.entropy.position = position;
        }
    }

    /// Passes over the rest of a restart interval that nothing is known of.
    fn blank(&mut self, scan: &mut Scan) {
        if !self.header.is_progressive {
            let mut lanes = lanes(&mut self.outputs, &self.tables, scan, 0);
            sequential::blank(&mut lanes, scan.mcus.0, scan.next..scan.interval_end);
        }
        scan.next = scan.interval_end;
    }
}

/// The components of a scan, from a row of MCUs on.
fn lanes<'a>(outputs: &'a mut [Output], tables: &'a Tables, scan: &Scan, row: usize) -> Vec<Lane<'a>> {
    let mut free: Vec<_> = outputs.iter_mut().map(Some).collect();
    let lane = |part: &super::scan::ScanPart| {
        let Output { kept, across, samples, inverse, .. } =
            free[part.component].take().expect("a scan has a component once");
        let stride = *across * kept.n;
        Lane {
            dc: tables.dc(part.dc_table),
            ac: tables.ac(part.ac_table),
            inverse: inverse.as_ref().expect("it was made when the scan began"),
            factors: part.factors,
            stride,
            samples: &mut samples[row * part.factors.1 * kept.n * stride..],
            kept,
            prediction: part.prediction,
        }
    };
    scan.parts.iter().map(lane).collect()
}
