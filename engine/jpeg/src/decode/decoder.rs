//! The decoder: from bytes, as they arrive, to planes.

use super::arithmetic_passes::{self, Interval};
use super::bits::Bits;
use super::coefficients::Coefficients;
use super::entropy::{Entropy, Restart};
use super::error::DecodeError;
use super::header::{Coding, Header};
use super::layout::{Layout, Part};
use super::lossless::{self, LosslessSamples};
use super::output::{Finish, Output, Reconstruction};
use super::parallel::{self, Bands, MIN_BANDS};
use super::passes;
use super::planes::{Component, Planes};
use super::profile::Profile;
use super::scan::{Scan, ScanPart};
use super::segments::Segments;
use super::sequential::{self, Lane, MAX_BLOCK_BYTES};
use super::tables::Tables;
use super::{Scales, entropy::MAX_BATCH_BYTES};
use crate::dct::{Inverse, WideInverse};
use crate::markers::{APP2, DAC, DHT, DQT, DRI, EOI, JPG, SOF0, SOF15, SOS};

/// The maximum number of scans of a file; see [`decode`](super).
const MAX_SCANS: u32 = 200;
/// Bytes that are buffered before they are decoded: few enough to be in the cache still.
const STEP_BYTES: usize = 32 << 10;
/// The minimum size of an image that is decoded on several threads.
const MIN_PARALLEL_PIXELS: u64 = 1 << 20;
/// The minimum size of a batch of restart intervals: a smaller one does not repay its start.
const MIN_BATCH_BYTES: usize = 256 << 10;

/// A decoder of one file.
///
/// call order = push* finish; `push` is not needed after it returned [`Progress::Done`].
#[derive(Debug)]
pub struct Decoder {
    header: Header,
    layout: Layout,
    is_parallel: bool,
    stage: Stage,
    segments: Segments,
    tables: Tables,
    profile: Profile,
    /// The current scan.
    scan: Option<Scan>,
    /// The division of its restart intervals between threads.
    bands: Option<Bands>,
    entropy: Entropy,
    outputs: Vec<Output>,
    scans: u32,
    is_damaged: bool,
}

/// The position of a decoder in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before the frame header.
    Start,
    /// After the frame header.
    Frame,
    /// The end of the image, or of the last scan that changes the planes.
    Done,
}

/// The result of [`Decoder::push`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The decoder needs more of the file, or its end ([`Decoder::finish`]).
    More,
    /// The planes are complete: the rest of the file does not change them.
    Done,
}

/// Returns whether the work is no longer wanted.
type Interrupt<'a> = &'a (dyn Fn() -> bool + Sync);

impl Decoder {
    /// Creates a decoder for the file that `header` was read from.
    ///
    /// With `is_parallel`, files of a mebipixel or more are decoded on all threads of rayon's pool. The
    /// planes are the same.
    ///
    /// # Errors
    /// [`DecodeError::Unsupported`] if the header is not [covered](Header::is_covered).
    pub fn new(header: Header, scales: Scales, is_parallel: bool) -> Result<Self, DecodeError> {
        if !header.is_covered() {
            return Err(DecodeError::Unsupported("a JPEG of four components"));
        }
        let layout = Layout::new(&header, scales);
        let is_large = MIN_PARALLEL_PIXELS <= u64::from(header.width) * u64::from(header.height);
        Ok(Self {
            outputs: layout.parts.iter().map(Output::new).collect(),
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

    /// Decodes the next bytes of the file, which starts with the bytes of the header.
    ///
    /// # Errors
    /// - [`DecodeError::Damaged`] for damage before the end of the first scan header.
    /// - [`DecodeError::HeaderMismatch`] if the frame header is not that of [`new`](Self::new).
    /// - [`DecodeError::TooManyScans`].
    ///
    /// The decoder is unusable after an error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Progress, DecodeError> {
        self.push_unless(bytes, &|| false)
    }

    /// As [`push`](Self::push), until `is_interrupted` returns true. The decoder is then unusable.
    ///
    /// A few bytes of arithmetic coding can stand for any number of blocks. So `is_interrupted` is called at
    /// least every few milliseconds for such files, and for others between steps of a few kilobytes.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub fn push_unless(
        &mut self,
        bytes: &[u8],
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Progress, DecodeError> {
        let mut rest = bytes;
        while self.stage != Stage::Done && !is_interrupted() {
            if let Some(mut scan) = self.scan.take() {
                self.entropy.take(&mut rest, STEP_BYTES);
                if self.advance(&mut scan, is_interrupted) {
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

    /// Returns the planes, as far as the file was decoded.
    ///
    /// # Errors
    /// - [`DecodeError::Damaged`] if no scan has started.
    /// - [`DecodeError::Unsupported`] if the header [is wide](Header::is_wide).
    pub fn finish(self) -> Result<Planes, DecodeError> {
        self.finish_unless(&|| false)
    }

    /// As [`finish`](Self::finish), until `is_interrupted` returns true. It is called at least every few milliseconds,
    /// by several threads at once. The planes are then incomplete.
    ///
    /// # Errors
    /// As for [`finish`](Self::finish).
    pub fn finish_unless(self, is_interrupted: &(dyn Fn() -> bool + Sync)) -> Result<Planes, DecodeError> {
        if self.header.is_wide() {
            return Err(DecodeError::Unsupported("planes of 8 bits from wide samples"));
        }
        self.planes(is_interrupted, Output::into_plane)
    }

    /// As [`finish_unless`](Self::finish_unless) for a header that [is wide](Header::is_wide): samples are
    /// from 0 to the maximum of [`Header::precision`].
    ///
    /// # Errors
    /// - [`DecodeError::Damaged`] if no scan has started.
    /// - [`DecodeError::Unsupported`] if the header is not wide.
    pub fn finish_wide_unless(
        self,
        is_interrupted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Planes<u16>, DecodeError> {
        let bits = self.header.precision;
        if !self.header.is_wide() {
            return Err(DecodeError::Unsupported("planes of 16 bits from samples of 8 bits"));
        }
        self.planes(is_interrupted, |output, part, finish| output.into_wide_plane(part, bits, finish))
    }

    fn planes<S>(
        mut self,
        is_interrupted: Interrupt<'_>,
        plane: impl Fn(Output, &Part, Finish<'_>) -> Component<S>,
    ) -> Result<Planes<S>, DecodeError> {
        if let Some(mut scan) = self.scan.take() {
            self.entropy.end();
            self.advance(&mut scan, is_interrupted);
            self.finish_scan(&scan);
        } else if self.scans == 0 {
            return Err(DecodeError::Damaged("the end before the first scan"));
        }
        self.is_damaged |= !self.is_complete();
        let finish = Finish { is_parallel: self.is_parallel, is_interrupted };
        let outputs = self.outputs.into_iter().zip(&self.layout.parts);
        Ok(Planes {
            width: self.header.width,
            height: self.header.height,
            colour_model: self.header.colour_model,
            components: outputs.map(|(output, part)| plane(output, part, finish)).collect(),
            profile: self.profile.into_bytes(),
            is_damaged: self.is_damaged,
        })
    }

    /// Processes a complete segment.
    fn segment(&mut self, marker: u8) -> Result<(), DecodeError> {
        let body = self.segments.body();
        match marker {
            DHT => self.tables.define_huffman(body)?,
            DAC => self.tables.conditioning.define(body)?,
            JPG => (),
            SOF0..=SOF15 if self.stage != Stage::Start => {
                return Err(DecodeError::Damaged("a second frame header"));
            }
            SOF0..=SOF15 => {
                if !self.header.is_frame(&Header::parse(marker, body)?) {
                    return Err(DecodeError::HeaderMismatch);
                }
                self.stage = Stage::Frame;
            }
            DQT => self.tables.define_quantisation(body)?,
            DRI => self.tables.define_restart_interval(body)?,
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

    /// Begins a scan if it changes the planes. Otherwise its data is skipped like other bytes between
    /// segments.
    fn begin(&mut self, scan: Scan) -> Result<(), DecodeError> {
        if MAX_SCANS <= self.scans {
            return Err(DecodeError::TooManyScans(MAX_SCANS));
        }
        let is_progressive = self.header.is_progressive;
        let is_needed = |output: &Output| {
            if is_progressive {
                // A later scan may refine retained coefficients and these in one band. To read it, the
                // decoder must know which of these are zero. No scan refines coefficients after their last
                // bit.
                let may_be_refined = scan.shift != 0 && 1 < output.retained.n;
                output.retained.mask & scan.coefficients() != 0 || may_be_refined
            } else {
                output.complete == 0
            }
        };
        if scan.parts.iter().any(|part| is_needed(&self.outputs[part.component])) {
            self.prepare(&scan)?;
            let has_bands = self.is_parallel && self.is_direct() && self.tables.restart_interval != 0;
            self.bands = if has_bands { Bands::new(scan.interval, scan.mcus) } else { None };
            self.scan = Some(scan);
        }
        self.scans += 1;
        Ok(())
    }

    /// Returns whether scans are decoded directly to samples of 8 bits.
    fn is_direct(&self) -> bool {
        !self.header.buffers_coefficients() && self.header.coding == Coding::Huffman
    }

    /// Builds tables and allocates memory for a scan.
    fn prepare(&mut self, scan: &Scan) -> Result<(), DecodeError> {
        for part in &scan.parts {
            match (self.header.coding, self.header.is_progressive, scan.band.0) {
                (Coding::Arithmetic, ..) => (),
                (Coding::Lossless, ..) => self.tables.prepare_differences(part.dc_table)?,
                (Coding::Huffman, false, _) => {
                    self.tables.prepare_dc(part.dc_table)?;
                    if self.is_direct() {
                        self.tables.prepare_ac(part.ac_table)?;
                    } else {
                        self.tables.prepare_codes(part.ac_table)?;
                    }
                }
                (Coding::Huffman, true, 0) if scan.is_refinement => (),
                (Coding::Huffman, true, 0) => self.tables.prepare_dc(part.dc_table)?,
                (Coding::Huffman, true, _) => self.tables.prepare_codes(part.ac_table)?,
            }
        }
        for part in &scan.parts {
            let (output, layout) = (&mut self.outputs[part.component], &self.layout.parts[part.component]);
            if output.reconstruction.is_some() {
                continue;
            }
            let Header { precision, coding, .. } = self.header;
            output.reconstruction = Some(if coding == Coding::Lossless {
                Reconstruction::Lossless(LosslessSamples::new(layout.samples(), precision, scan.shift))
            } else {
                let table = self.tables.quantisation(self.header.components[part.component].table)?;
                if self.header.is_wide() {
                    Reconstruction::Wide(WideInverse::new(table, layout.n))
                } else {
                    Reconstruction::Narrow(Inverse::new(table, layout.n))
                }
            });
            if self.header.buffers_coefficients() {
                output.coefficients = Coefficients::new(layout);
            } else if coding == Coding::Huffman {
                output.samples = vec![0; layout.samples()];
            }
        }
        Ok(())
    }

    /// Continues after a scan.
    fn finish_scan(&mut self, scan: &Scan) {
        self.segments.resume(self.entropy.finish());
        let has_last_bits = scan.shift == 0 || self.header.coding == Coding::Lossless;
        for part in &scan.parts {
            if has_last_bits {
                self.outputs[part.component].complete |= scan.coefficients();
            }
        }
        if self.is_complete() {
            self.stage = Stage::Done;
        }
    }

    /// Returns whether no later scan changes a retained coefficient.
    fn is_complete(&self) -> bool {
        self.outputs.iter().all(|output| output.retained.mask & !output.complete == 0)
    }

    /// Decodes the buffered data of a scan, and returns whether the scan is complete.
    fn advance(&mut self, scan: &mut Scan, is_interrupted: Interrupt<'_>) -> bool {
        while scan.next < scan.total() {
            if scan.next == scan.interval_end {
                match self.entropy.restart(scan.restart) {
                    Restart::Wait => return false,
                    Restart::Next => scan.restart(false),
                    Restart::Missing => {
                        scan.restart(scan.is_starved || self.header.coding != Coding::Huffman);
                        self.is_damaged = true;
                        if !scan.is_starved {
                            // libjpeg notices only when it needs bits: it decodes an MCU of zero bits.
                            self.decode(scan, true, is_interrupted);
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
                if self.decode_bands(scan, bands) {
                    continue;
                }
            }
            self.decode(scan, false, is_interrupted);
            if scan.next < scan.interval_end && !scan.is_starved {
                self.entropy.compact();
                return false;
            }
        }
        true
    }

    /// Returns whether the buffer has enough data for several threads, or is full.
    fn is_batch(&self, bands: Bands) -> bool {
        self.entropy.is_over()
            || MAX_BATCH_BYTES <= self.entropy.len()
            || (MIN_BATCH_BYTES <= self.entropy.len()
                && MIN_BANDS * bands.intervals <= self.entropy.markers())
    }

    /// Decodes whole bands on several threads, and returns whether there were at least two.
    fn decode_bands(&mut self, scan: &mut Scan, bands: Bands) -> bool {
        let intervals = self.entropy.intervals(scan.restart);
        let count = (intervals.len() / bands.intervals).min((scan.total() - scan.next) / bands.mcus);
        if count < 2 {
            return false;
        }
        let pieces = count * bands.intervals;
        let lanes = lanes(&mut self.outputs, &self.tables, scan, scan.next / scan.mcus.0);
        self.is_damaged |= parallel::decode(bands, &intervals[..pieces], lanes, scan.mcus.0, scan.interval);
        self.entropy.skip(pieces - 1);
        self.entropy.position = self.entropy.first().0.len() * 8;
        scan.next += count * bands.mcus;
        scan.interval_end = scan.next;
        scan.restart = (scan.restart + ((pieces - 1) & 7) as u8) & 7;
        self.entropy.compact();
        true
    }

    /// Decodes the buffered data of a restart interval; a missing one has none.
    fn decode(&mut self, scan: &mut Scan, is_missing: bool, is_interrupted: Interrupt<'_>) {
        if self.header.coding == Coding::Arithmetic {
            return self.decode_arithmetic(scan, is_interrupted);
        }
        let (data, is_whole, position) = match self.entropy.first() {
            _ if is_missing => (&[][..], true, 0),
            (data, is_whole) => (data, is_whole, self.entropy.position),
        };
        let range = scan.next..scan.interval_end;
        let reserve = (!is_whole).then_some(scan.blocks() * MAX_BLOCK_BYTES);
        let mut bits = Bits::new(data, position);
        if self.header.coding == Coding::Lossless {
            let precision = self.header.precision;
            lossless::decode(&mut bits, scan, &mut self.outputs, &self.tables, precision, reserve);
        } else if self.header.buffers_coefficients() {
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

    /// Decodes the buffered data of a restart interval in arithmetic coding. The zeros after it are no
    /// damage, unless the file ends there.
    fn decode_arithmetic(&mut self, scan: &mut Scan, is_interrupted: Interrupt<'_>) {
        let (data, is_whole) = self.entropy.first();
        let reserve = (!is_whole).then_some(scan.blocks() * arithmetic_passes::MAX_BLOCK_BYTES);
        let mut interval = Interval { data, position: self.entropy.position / 8, reserve };
        let conditioning = &self.tables.conditioning;
        let is_sound =
            arithmetic_passes::decode(&mut interval, scan, &mut self.outputs, conditioning, is_interrupted);
        let is_cut = self.entropy.is_cut() && data.len() < interval.position;
        self.is_damaged |= !is_sound || is_cut;
        self.entropy.position = 8 * interval.position.min(data.len());
    }

    /// Skips the rest of a restart interval whose data is missing.
    fn blank(&mut self, scan: &mut Scan) {
        if self.is_direct() {
            let mut lanes = lanes(&mut self.outputs, &self.tables, scan, 0);
            sequential::blank(&mut lanes, scan.mcus.0, scan.next..scan.interval_end);
        }
        scan.next = scan.interval_end;
    }
}

/// Returns the components of a scan with their samples from row `row` of MCUs on.
fn lanes<'a>(outputs: &'a mut [Output], tables: &'a Tables, scan: &Scan, row: usize) -> Vec<Lane<'a>> {
    let mut free: Vec<_> = outputs.iter_mut().map(Some).collect();
    let lane = |part: &ScanPart| {
        let output = free[part.component].take().expect("a scan has each component once");
        let Output { retained, across, samples, reconstruction, .. } = output;
        let stride = *across * retained.n;
        Lane {
            dc: tables.dc(part.dc_table),
            ac: tables.ac(part.ac_table),
            inverse: Reconstruction::narrow(reconstruction.as_ref()),
            factors: part.factors,
            stride,
            samples: &mut samples[row * part.factors.1 * retained.n * stride..],
            retained,
            prediction: part.prediction,
        }
    };
    scan.parts.iter().map(lane).collect()
}
