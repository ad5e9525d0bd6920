//! Numbers and samples in a row.

use bytemuck::{AnyBitPattern, NoUninit};
use std::{
    borrow::Cow,
    io::{self, Read},
};

/// Fields that are written. Samples are borrowed.
#[derive(Debug, Default)]
pub(crate) struct Parts<'a> {
    parts: Vec<Cow<'a, [u8]>>,
}

impl<'a> Parts<'a> {
    /// Appends a copy of a number.
    pub(crate) fn put(&mut self, value: impl NoUninit) {
        let bytes = bytemuck::bytes_of(&value);
        match self.parts.last_mut() {
            Some(Cow::Owned(last)) => last.extend_from_slice(bytes),
            _ => self.parts.push(Cow::Owned(bytes.to_vec())),
        }
    }

    /// Appends samples.
    pub(crate) fn put_all(&mut self, samples: &'a [impl NoUninit]) {
        self.parts.push(Cow::Borrowed(bytemuck::cast_slice(samples)));
    }

    /// Returns the bytes, in parts that follow one another.
    pub(crate) fn into_parts(self) -> Vec<Cow<'a, [u8]>> {
        self.parts
    }
}

/// Fields that are read from a known number of bytes.
#[derive(Debug)]
pub(crate) struct Fields<R> {
    input: io::Take<R>,
}

impl<R: Read> Fields<R> {
    /// Reads the first `bytes` of `input`.
    pub(crate) fn new(input: R, bytes: u64) -> Self {
        Self { input: input.take(bytes) }
    }

    /// Reads a number.
    pub(crate) fn take<T: AnyBitPattern + NoUninit>(&mut self) -> io::Result<T> {
        let mut value = T::zeroed();
        self.input.read_exact(bytemuck::bytes_of_mut(&mut value))?;
        Ok(value)
    }

    /// Reads a value of 0 or 1.
    pub(crate) fn take_bool(&mut self) -> io::Result<bool> {
        match self.take::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(invalid("flag")),
        }
    }

    /// Reads `count` samples. Allocates only if as many bytes are there.
    pub(crate) fn take_all<T: AnyBitPattern + NoUninit>(&mut self, count: u64) -> io::Result<Vec<T>> {
        let is_there =
            count.checked_mul(size_of::<T>() as u64).is_some_and(|bytes| bytes <= self.input.limit());
        if !is_there {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut samples = vec![T::zeroed(); count as usize];
        self.input.read_exact(bytemuck::cast_slice_mut(&mut samples))?;
        Ok(samples)
    }
}

/// Returns the error of a field without a valid value.
pub(crate) fn invalid(field: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("invalid {field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_the_round_trip() {
        let mut parts = Parts::default();
        parts.put(7_u32);
        parts.put_all(&[1_u16, 2]);
        parts.put(1_u8);
        let bytes = parts.into_parts().concat();
        let mut fields = Fields::new(&*bytes, bytes.len() as u64);
        assert_eq!(fields.take::<u32>().unwrap(), 7);
        assert_eq!(fields.take_all::<u16>(2).unwrap(), [1, 2]);
        assert!(fields.take_bool().unwrap());
        assert!(fields.take::<u8>().is_err());
    }

    #[test]
    fn nothing_is_allocated_for_samples_that_are_not_there() {
        for count in [4, u64::MAX / 2, u64::MAX] {
            let error = Fields::new([0; 7].as_slice(), 7).take_all::<u16>(count).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{count}");
        }
        assert!(Fields::new([2].as_slice(), 1).take_bool().is_err());
    }
}
