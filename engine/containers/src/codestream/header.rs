//! The main header, from SOC up to the first SOT (T.800 A.2).

use super::{
    CodestreamError, Progression, Segments, Sizes, Style, marker,
    style::{component_style, default_style},
};

/// Start of a codestream: the markers SOC and SIZ.
pub const CODESTREAM_START: [u8; 4] = [0xFF, marker::SOC, 0xFF, marker::SIZ];

/// The main header of a codestream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainHeader {
    /// Sizes and components.
    pub sizes: Sizes,
    /// The order of packets.
    pub progression: Progression,
    /// Quality layers, at least one.
    pub layers: u16,
    /// The coding style of each component.
    pub styles: Vec<Style>,
    /// The number of tile-parts that the TLM segments list, if there are any.
    pub tile_parts: Option<usize>,
}

impl MainHeader {
    /// Reads a main header: the bytes from SOC up to the first SOT, as [`HeaderScan`](super::HeaderScan) finds them.
    ///
    /// It allocates at most a few hundred bytes for each of at most [`Sizes::MAX_COMPONENTS`] components.
    ///
    /// # Errors
    /// [`CodestreamError`].
    pub fn read(header: &[u8]) -> Result<Self, CodestreamError> {
        use CodestreamError::{Damaged, Unsupported};
        let (mut sizes, mut default, mut own, mut tile_parts) = (None, None, Vec::new(), None);
        let start = header.strip_prefix(&CODESTREAM_START[..2]).ok_or(Damaged("no start of codestream"))?;
        for segment in Segments::new(start) {
            let (code, payload) = segment?;
            match code {
                marker::SIZ if sizes.is_none() => sizes = Some(Sizes::read(payload)?),
                _ if sizes.is_none() => return Err(Damaged("the SIZ segment is not the first")),
                marker::COD => default = Some(default_style(payload)?),
                marker::COC => {
                    let count = sizes.as_ref().map_or(0, |sizes| sizes.components.len());
                    let component = component_style(payload, count)?;
                    if Sizes::MAX_COMPONENTS <= own.len() {
                        return Err(Damaged("more coding styles than components"));
                    }
                    own.push(component);
                }
                marker::TLM => {
                    let listed = tile_lengths(payload)?;
                    tile_parts = Some(tile_parts.unwrap_or(0) + listed);
                }
                marker::CAP
                | marker::PRF
                | marker::CPF
                | marker::QCD
                | marker::QCC
                | marker::PLM
                | marker::CRG
                | marker::COM => (),
                marker::RGN => return Err(Unsupported("regions of interest (RGN)")),
                marker::POC => return Err(Unsupported("progression order changes (POC)")),
                marker::PPM => return Err(Unsupported("packed packet headers (PPM)")),
                _ => return Err(Unsupported("an unknown marker segment")),
            }
        }
        let sizes = sizes.ok_or(Damaged("no SIZ segment"))?;
        let (progression, layers, style) = default.ok_or(Damaged("no COD segment"))?;
        let mut styles = vec![style; sizes.components.len()];
        for (component, style) in own {
            *styles
                .get_mut(component)
                .ok_or(Damaged("a coding style for a component that does not exist"))? = style;
        }
        Ok(Self { sizes, progression, layers, styles, tile_parts })
    }

    /// The number of resolutions, from 1 to 33: those of the component that has the most.
    pub fn resolutions(&self) -> u8 {
        self.styles.iter().map(|style| style.levels + 1).max().unwrap_or(1)
    }

    /// Whether blocks are coded with HTJ2K.
    pub fn is_high_throughput(&self) -> bool {
        self.styles.iter().any(Style::is_high_throughput)
    }

    /// The number of packets of one resolution, 0 for the smallest, in a codestream of one tile (T.800 B.6).
    pub fn packets(&self, resolution: u8) -> u64 {
        let Sizes { grid, origin, .. } = self.sizes;
        let precincts = self.styles.iter().zip(&self.sizes.components).map(|(style, component)| {
            let axis = |from: u32, to: u32, step: u8, exponent: u8| {
                // A component may have fewer resolutions than another.
                let Some(level) = style.levels.checked_sub(resolution) else { return 0 };
                let at = |position: u32| u64::from(position.div_ceil(step.into())).div_ceil(1 << level);
                let (from, to) = (at(from), at(to));
                if from == to { 0 } else { to.div_ceil(1 << exponent) - (from >> exponent) }
            };
            let (x, y) = style.precinct(resolution);
            axis(origin.w, grid.w, component.step.0, x) * axis(origin.h, grid.h, component.step.1, y)
        });
        precincts.sum::<u64>().saturating_mul(self.layers.into())
    }
}

/// The number of tile-parts that a TLM segment lists (T.800 A.7.1).
fn tile_lengths(payload: &[u8]) -> Result<usize, CodestreamError> {
    let wrong = CodestreamError::Damaged("an invalid list of tile-parts (TLM)");
    let [_, kind, list @ ..] = payload else { return Err(wrong) };
    let index = usize::from(kind >> 4 & 3);
    let length = if kind & 0x40 == 0 { 2 } else { 4 };
    if index == 3 || !list.len().is_multiple_of(index + length) {
        Err(wrong)
    } else {
        Ok(list.len() / (index + length))
    }
}
