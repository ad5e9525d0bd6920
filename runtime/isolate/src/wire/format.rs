//! Formats as numbers.

use super::fields::{Fields, invalid};
use safelight_core::Format;
use std::io::{self, Read};

/// Returns the number of a format, from 1; 0 for none.
pub(super) fn number(format: Option<Format>) -> u8 {
    Format::all().zip(1..).find(|(known, _)| Some(*known) == format).map_or(0, |(_, number)| number)
}

/// Reads the number of a format.
pub(super) fn read_format(fields: &mut Fields<impl Read>) -> io::Result<Option<Format>> {
    match fields.take::<u8>()? {
        0 => Ok(None),
        number => match Format::all().nth(usize::from(number) - 1) {
            Some(format) => Ok(Some(format)),
            None => Err(invalid("format")),
        },
    }
}
