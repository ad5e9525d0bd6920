//! The arguments of a filter, between commas.

/// The arguments of a filter.
pub(super) struct Arguments<'a>(Vec<&'a str>);

impl<'a> Arguments<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.split(',').map(str::trim).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn all(&self) -> &[&'a str] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [""]
    }

    pub(super) fn text(&self, index: usize) -> &'a str {
        self.0.get(index).copied().unwrap_or_default()
    }

    pub(super) fn whole(&self, index: usize) -> Option<u32> {
        self.text(index).parse().ok()
    }

    pub(super) fn integer(&self, index: usize) -> Option<i32> {
        self.text(index).parse().ok()
    }

    pub(super) fn only_integer(&self) -> Option<i32> {
        if self.len() == 1 { self.integer(0) } else { None }
    }

    pub(super) fn decimal(&self, index: usize) -> Option<f64> {
        self.text(index).parse().ok().filter(|number: &f64| number.is_finite())
    }
}
