//! Scan headers (ITU-T T.81 B.2.3), and the progress of a scan.

use super::arithmetic::{DcClass, Registers, Statistics};
use super::error::DecodeError;
use super::header::{Coding, Header};
use super::layout::Layout;
use super::predictor::Predictor;
use super::tables::Tables;

/// A scan of entropy-coded data.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) parts: Vec<ScanPart>,
    /// First and last coefficient, in zigzag order.
    pub(super) band: (usize, usize),
    /// Whether an earlier scan has the higher bits of the coefficients: this one adds a bit to each.
    pub(super) is_refinement: bool,
    /// The number of low bits that this scan omits.
    pub(super) shift: u32,
    /// The predictor of lossless coding.
    pub(super) predictor: Predictor,
    /// MCUs across and down.
    pub(super) mcus: (usize, usize),
    /// MCUs from one restart marker to the next, at most all of them.
    pub(super) interval: usize,
    /// The next MCU to decode.
    pub(super) next: usize,
    /// The end of the restart interval that contains the next MCU.
    pub(super) interval_end: usize,
    /// The number of the next restart marker.
    pub(super) restart: u8,
    /// Whether the data of this restart interval has ended.
    pub(super) is_starved: bool,
    /// The number of blocks after the last one that have ended already (G.1.2.2).
    pub(super) end_run: u32,
    /// The state of arithmetic coding; `None` before the first data of a restart interval.
    pub(super) arithmetic: Option<(Box<Statistics>, Registers)>,
}

/// A component of a scan.
#[derive(Debug)]
pub(super) struct ScanPart {
    pub(super) component: usize,
    /// Blocks across and down in an MCU.
    pub(super) factors: (usize, usize),
    pub(super) dc_table: u8,
    pub(super) ac_table: u8,
    /// The DC coefficient of the previous block.
    pub(super) prediction: i32,
    /// The class of the DC difference of the previous block, for arithmetic coding.
    pub(super) dc_class: DcClass,
}

impl Scan {
    /// Parses the body of a scan header.
    ///
    /// # Errors
    /// [`DecodeError::Damaged`] if it is invalid.
    pub(super) fn parse(
        body: &[u8],
        header: &Header,
        layout: &Layout,
        tables: &Tables,
    ) -> Result<Self, DecodeError> {
        const BAD: DecodeError = DecodeError::Damaged("an invalid scan header");
        let [count, rest @ ..] = body else { return Err(BAD) };
        let Some((selectors, [first, last, shifts])) = rest.split_last_chunk() else { return Err(BAD) };
        if selectors.len() != 2 * usize::from(*count) {
            return Err(BAD);
        }
        let mut parts: Vec<ScanPart> = Vec::new();
        for selector in selectors.chunks_exact(2) {
            let is_new = |index: &usize| parts.iter().all(|it| it.component != *index);
            let component = (0..header.components.len())
                .filter(is_new)
                .find(|index| header.components[*index].id == selector[0])
                .ok_or(DecodeError::Damaged("a scan of an unknown component"))?;
            let (dc_table, ac_table) = (selector[1] >> 4, selector[1] & 15);
            if 3 < dc_table || 3 < ac_table {
                return Err(BAD);
            }
            let factors = layout.parts[component].factors;
            let (prediction, dc_class) = (0, DcClass::default());
            parts.push(ScanPart { component, factors, dc_table, ac_table, prediction, dc_class });
        }
        let mcus = match &mut *parts {
            [] => return Err(BAD),
            // Without interleaving every MCU is one block, and blocks outside the image are omitted (A.2.2).
            [only] => {
                only.factors = (1, 1);
                layout.parts[only.component].blocks
            }
            _ => layout.mcus,
        };
        let total = mcus.0 * mcus.1;
        let interval = match usize::from(tables.restart_interval) {
            0 => total,
            mcus => mcus.min(total),
        };
        let mut scan = Self {
            parts,
            band: (0, 63),
            is_refinement: false,
            shift: 0,
            predictor: Predictor::default(),
            mcus,
            interval,
            next: 0,
            interval_end: interval,
            restart: 0,
            is_starved: false,
            end_run: 0,
            arithmetic: None,
        };
        if header.is_progressive {
            scan.narrow((*first).into(), (*last).into(), shifts >> 4, shifts & 15)?;
        }
        if header.coding == Coding::Lossless {
            scan.predict(*first, shifts & 15, header.precision)?;
        }
        Ok(scan)
    }

    /// Restricts a scan of a progressive file to its band and bits (G.1.1.1).
    fn narrow(
        &mut self,
        first: usize,
        last: usize,
        previous_shift: u8,
        shift: u8,
    ) -> Result<(), DecodeError> {
        let is_band = match first {
            0 => last == 0,
            _ => first <= last && last <= 63 && self.parts.len() == 1,
        };
        if !is_band || 13 < shift || (previous_shift != 0 && previous_shift != shift + 1) {
            return Err(DecodeError::Damaged("an invalid progressive scan header"));
        }
        (self.band, self.is_refinement, self.shift) = ((first, last), previous_shift != 0, shift.into());
        Ok(())
    }

    /// Applies the parameters of a lossless scan (H.1.1, table B.3).
    fn predict(&mut self, predictor: u8, shift: u8, precision: u8) -> Result<(), DecodeError> {
        let predictor = Predictor::new(predictor).filter(|_| shift < precision);
        self.predictor = predictor.ok_or(DecodeError::Damaged("an invalid lossless scan header"))?;
        self.shift = shift.into();
        if !self.interval.is_multiple_of(self.mcus.0) {
            return Err(DecodeError::Damaged("lossless restart intervals that are no whole rows"));
        }
        Ok(())
    }

    /// Returns the number of MCUs.
    pub(super) fn total(&self) -> usize {
        self.mcus.0 * self.mcus.1
    }

    /// Returns the blocks of an MCU.
    pub(super) fn blocks(&self) -> usize {
        self.parts.iter().map(|it| it.factors.0 * it.factors.1).sum()
    }

    /// Returns the coefficients of the scan: bit k for coefficient k.
    pub(super) fn coefficients(&self) -> u64 {
        let (first, last) = self.band;
        u64::MAX >> (63 - last) & u64::MAX << first
    }

    /// Begins the next restart interval.
    pub(super) fn restart(&mut self, is_starved: bool) {
        self.interval_end = (self.interval_end + self.interval).min(self.total());
        self.restart = (self.restart + 1) & 7;
        self.is_starved = is_starved;
        self.end_run = 0;
        self.arithmetic = None;
        for part in &mut self.parts {
            (part.prediction, part.dc_class) = (0, DcClass::default());
        }
    }
}
