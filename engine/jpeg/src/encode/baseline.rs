//! The scan of a baseline file (T.81 Annex F).

use super::{
    EncodeError, Image, Options,
    component::{Component, for_each_interleaved, mcus},
    symbols::Symbols,
};

/// Appends one scan of all components. Some viewers show files with a scan for each component wrongly, and no
/// viewer shows them while they arrive.
pub(super) fn put_scan(
    file: &mut Vec<u8>,
    image: &Image,
    components: &[Component],
    options: &Options,
) -> Result<(), EncodeError> {
    let mut symbols = Symbols::new();
    let mut block = [0; 64];
    let mut previous = [0; 3];
    for_each_interleaved(mcus(image, components), components, options, |number, position| {
        let part = &components[number];
        let Some(position) = position else {
            // The block is outside the image: no change of DC and no AC take the fewest bits.
            return symbols.push_block(part.table, 0, &[0; 64], 0);
        };
        let mask = part.block(position, &mut block);
        let dc = i32::from(block[0]);
        symbols.push_block(part.table, dc - previous[number], &block, mask);
        previous[number] = dc;
    })?;
    symbols.put_scan(file, &header(components), options)
}

/// Returns the content of the SOS segment (T.81 B.2.3).
fn header(components: &[Component]) -> Vec<u8> {
    let mut header = vec![components.len() as u8];
    for part in components {
        header.extend([part.id(), (part.table << 4 | part.table) as u8]);
    }
    header.extend([0, 63, 0]);
    header
}
