//! Arguments of options, as imgproxy reads them.

use super::format;

/// The reasons for which an option is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    /// The name, the number of arguments, or an argument.
    Option,
    /// A limit, which only the operator may set.
    Limit,
    /// An option of imgproxy Pro.
    Pro(&'static str),
}

impl Invalid {
    /// Checks a condition.
    pub(super) fn unless(is_valid: bool) -> Result<(), Self> {
        if is_valid { Ok(()) } else { Err(Self::Option) }
    }
}

/// The arguments of an option.
#[derive(Clone, Debug)]
pub(super) struct Arguments<'a>(Vec<&'a str>);

impl<'a> Arguments<'a> {
    pub(super) fn new(texts: Vec<&'a str>) -> Self {
        Self(texts)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn all(&self) -> &[&'a str] {
        &self.0
    }

    /// Returns the arguments from `start` on.
    pub(super) fn from(&self, start: usize) -> Self {
        Self(self.0.get(start..).unwrap_or_default().to_vec())
    }

    /// Checks their number.
    pub(super) fn at_most(&self, count: usize) -> Result<&Self, Invalid> {
        Invalid::unless(self.0.len() <= count)?;
        Ok(self)
    }

    /// Returns an argument, unless it is missing or empty.
    pub(super) fn given(&self, index: usize) -> Option<&'a str> {
        self.0.get(index).copied().filter(|text| !text.is_empty())
    }

    /// Returns the first argument, which may be empty.
    pub(super) fn first(&self) -> Result<&'a str, Invalid> {
        self.0.first().copied().ok_or(Invalid::Option)
    }

    /// Returns the argument of an option that has one.
    pub(super) fn only(&self) -> Result<&'a str, Invalid> {
        self.at_most(1)?.first()
    }

    pub(super) fn only_flag(&self) -> Result<bool, Invalid> {
        self.only()?;
        Ok(self.flag(0))
    }

    pub(super) fn only_whole(&self) -> Result<u32, Invalid> {
        self.at_most(1)?.whole(0)
    }

    /// Returns whether an argument is true. What is neither true nor false is false.
    pub(super) fn flag(&self, index: usize) -> bool {
        matches!(self.0.get(index), Some(&("1" | "t" | "T" | "true" | "TRUE" | "True")))
    }

    pub(super) fn integer(&self, index: usize) -> Result<i64, Invalid> {
        self.0.get(index).and_then(|text| text.parse().ok()).ok_or(Invalid::Option)
    }

    /// Returns a whole number from 0.
    pub(super) fn whole(&self, index: usize) -> Result<u32, Invalid> {
        self.integer(index)?.try_into().map_err(|_| Invalid::Option)
    }

    pub(super) fn number(&self, index: usize) -> Result<f64, Invalid> {
        let number = self.0.get(index).and_then(|text| text.parse::<f64>().ok());
        number.filter(|number| number.is_finite()).ok_or(Invalid::Option)
    }

    /// Returns a number from 0.
    pub(super) fn positive(&self, index: usize) -> Result<f64, Invalid> {
        let number = self.number(index)?;
        Invalid::unless(0.0 <= number)?;
        Ok(number)
    }

    /// Returns the colour of an option: three numbers, or three or six hexadecimal digits, or `None` for nothing.
    pub(super) fn colour(&self) -> Result<Option<[u8; 3]>, Invalid> {
        match self.0.as_slice() {
            [""] => Ok(None),
            [text] => format::hex_colour(text).map(Some).ok_or(Invalid::Option),
            [_, _, _] => {
                let channel = |index| self.integer(index)?.try_into().map_err(|_| Invalid::Option);
                Ok(Some([channel(0)?, channel(1)?, channel(2)?]))
            }
            _ => Err(Invalid::Option),
        }
    }
}
