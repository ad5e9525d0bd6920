//! Coding styles of components: the COD and COC segments, T.800 A.6.1 and A.6.2.

use super::CodestreamError;

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

/// The coding style of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// The number of decomposition levels, 0 to 32: one less than the number of resolutions.
    pub levels: u8,
    /// The size of code-blocks, columns and rows, as exponents of two: each 2 to 10, at most 12 together.
    pub block: (u8, u8),
    /// The bits of T.800 table A.19, and 0x40 for HTJ2K.
    pub mode: u8,
    /// Precincts of each resolution as exponents of two, columns and rows; empty for the largest.
    precincts: Vec<(u8, u8)>,
}

impl Style {
    /// Whether blocks are coded with HTJ2K (T.814 table A.4).
    pub fn is_high_throughput(&self) -> bool {
        self.mode & 0x40 != 0
    }

    /// Size of a precinct of `resolution`, 0 for the smallest: exponents of two, columns and rows.
    pub fn precinct(&self, resolution: u8) -> (u8, u8) {
        self.precincts.get(usize::from(resolution)).copied().unwrap_or((15, 15))
    }

    /// Reads the parameters that COD and COC share, tables A.15 and A.23.
    fn read(parameters: &[u8], has_precincts: bool) -> Option<Self> {
        let [levels, width, height, mode, _transform, sizes @ ..] = parameters else { return None };
        let exponent = |byte: &u8| byte.checked_add(2).filter(|exponent| *exponent <= 10);
        let block = (exponent(width)?, exponent(height)?);
        let precincts: Vec<_> = sizes.iter().take(33).map(|size| (size & 15, size >> 4)).collect();
        let expected = if has_precincts { usize::from(*levels) + 1 } else { 0 };
        // Only the smallest resolution can have precincts of one sample: the others halve them.
        let is_sound = *levels <= 32
            && block.0 + block.1 <= 12
            && sizes.len() == expected
            && precincts.iter().skip(1).all(|(x, y)| 0 < *x && 0 < *y);
        is_sound.then_some(Self { levels: *levels, block, mode: *mode, precincts })
    }
}

/// Reads COD: progression, layers, and the style of every component without a style of its own.
pub(super) fn default_style(payload: &[u8]) -> Result<(Progression, u16, Style), CodestreamError> {
    let wrong = || CodestreamError::Damaged("an invalid coding style (COD)");
    let [flags, order, high, low, _transform, parameters @ ..] = payload else { return Err(wrong()) };
    let progression = match order {
        0 => Progression::Lrcp,
        1 => Progression::Rlcp,
        2 => Progression::Rpcl,
        3 => Progression::Pcrl,
        4 => Progression::Cprl,
        _ => return Err(wrong()),
    };
    let layers = u16::from_be_bytes([*high, *low]);
    let style = Style::read(parameters, flags & 1 != 0).filter(|_| 0 < layers).ok_or_else(wrong)?;
    Ok((progression, layers, style))
}

/// Reads COC in an image of `count` components, fewer than 257: the component and its style.
pub(super) fn component_style(payload: &[u8], count: usize) -> Result<(usize, Style), CodestreamError> {
    let wrong = || CodestreamError::Damaged("an invalid coding style of a component (COC)");
    let [component, flags, parameters @ ..] = payload else { return Err(wrong()) };
    let component = usize::from(*component);
    let style = Style::read(parameters, flags & 1 != 0).filter(|_| component < count).ok_or_else(wrong)?;
    Ok((component, style))
}
