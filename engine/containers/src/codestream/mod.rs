//! JPEG 2000 codestreams (ITU-T T.800 Annex A, and T.814 for HTJ2K): what the main header says, and where
//! its segments lie. A frame of AWS `HealthImaging` is such a codestream, without a file around it.

mod segments;
mod sizes;
mod style;

pub use segments::{HeaderScan, Segments, blank_comments, marker};
pub use sizes::{Component, Sizes};
pub use style::Style;

use safelight_core::{Error, Kind};
use style::{component_style, default_style};

/// Start of a codestream: the markers SOC and SIZ.
pub const CODESTREAM_START: [u8; 4] = [0xFF, marker::SOC, 0xFF, marker::SIZ];

/// Why a codestream cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodestreamError {
    /// It contradicts the specification.
    #[error("the codestream is damaged: {0}")]
    Damaged(&'static str),
    /// It uses a part of the specification that is not known here.
    #[error("a JPEG 2000 codestream with {0} cannot be served")]
    Unsupported(&'static str),
}

impl From<CodestreamError> for Error {
    fn from(error: CodestreamError) -> Self {
        let kind = match error {
            CodestreamError::Damaged(_) => Kind::Corrupt,
            CodestreamError::Unsupported(_) => Kind::UnsupportedFormat,
        };
        Self::new(kind, "JPEG 2000", error.to_string())
    }
}

/// The order of packets in a tile, T.800 table A.16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progression {
    /// Layer, resolution, component, position.
    Lrcp,
    /// Resolution, layer, component, position.
    Rlcp,
    /// Resolution, position, component, layer.
    Rpcl,
    /// Position, component, resolution, layer.
    Pcrl,
    /// Component, position, resolution, layer.
    Cprl,
}

/// What the main header of a codestream says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainHeader {
    /// Sizes and components.
    pub sizes: Sizes,
    /// The order of packets.
    pub progression: Progression,
    /// Quality layers, at least one.
    pub layers: u16,
    /// How each component is coded.
    pub styles: Vec<Style>,
    /// How many tile-parts the TLM segments list, if there are any.
    pub tile_parts: Option<usize>,
}

impl MainHeader {
    /// Reads a main header: the bytes from SOC up to the first SOT, as [`HeaderScan`] finds them.
    ///
    /// Holds no more than some hundred bytes for each of at most [`Sizes::MAX_COMPONENTS`] components.
    ///
    /// # Errors
    /// [`CodestreamError`].
    pub fn read(header: &[u8]) -> Result<Self, CodestreamError> {
        use CodestreamError::{Damaged, Unsupported};
        let (mut sizes, mut default, mut own, mut tile_parts) = (None, None, Vec::new(), None);
        let start = header.strip_prefix(&CODESTREAM_START[..2]).ok_or(Damaged("it has no start"))?;
        for segment in Segments::new(start) {
            let (code, payload) = segment?;
            match code {
                marker::SIZ if sizes.is_none() => sizes = Some(Sizes::read(payload)?),
                _ if sizes.is_none() => return Err(Damaged("its sizes do not come first")),
                marker::COD => default = Some(default_style(payload)?),
                marker::COC => {
                    let count = sizes.as_ref().map_or(0, |sizes| sizes.components.len());
                    let component = component_style(payload, count)?;
                    if Sizes::MAX_COMPONENTS <= own.len() {
                        return Err(Damaged("more styles than components"));
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
                marker::RGN => return Err(Unsupported("regions of interest")),
                marker::POC => return Err(Unsupported("several orders of packets")),
                marker::PPM => return Err(Unsupported("packed packet headers")),
                _ => return Err(Unsupported("segments of an unknown kind")),
            }
        }
        let sizes = sizes.ok_or(Damaged("it has no sizes"))?;
        let (progression, layers, style) = default.ok_or(Damaged("it has no coding style"))?;
        let mut styles = vec![style; sizes.components.len()];
        for (component, style) in own {
            *styles.get_mut(component).ok_or(Damaged("a style of no component"))? = style;
        }
        Ok(Self { sizes, progression, layers, styles, tile_parts })
    }

    /// Resolutions of the component that has most, the smallest of them included: 1 to 33.
    pub fn resolutions(&self) -> u8 {
        self.styles.iter().map(|style| style.levels + 1).max().unwrap_or(1)
    }

    /// Whether blocks are coded as HTJ2K codes them.
    pub fn is_high_throughput(&self) -> bool {
        self.styles.iter().any(Style::is_high_throughput)
    }

    /// Packets of one resolution, 0 for the smallest, in a codestream of one tile (T.800 B.6).
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

/// How many tile-parts a TLM segment lists (T.800 A.7.1).
fn tile_lengths(payload: &[u8]) -> Result<usize, CodestreamError> {
    let wrong = CodestreamError::Damaged("its list of tile-parts");
    let [_, kind, list @ ..] = payload else { return Err(wrong) };
    let index = usize::from(kind >> 4 & 3);
    let length = if kind & 0x40 == 0 { 2 } else { 4 };
    if index == 3 || !list.len().is_multiple_of(index + length) {
        Err(wrong)
    } else {
        Ok(list.len() / (index + length))
    }
}

#[cfg(test)]
mod tests;
