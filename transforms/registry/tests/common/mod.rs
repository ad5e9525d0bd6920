//! Answers, and what independent software makes of them: the `image` crate, programs, plain arithmetic.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod judge;
pub(crate) mod picture;
pub(crate) mod reference;

pub(crate) use picture::Picture;

use bytes::Bytes;
use safelight_core::{Plan, Registry, Result, Settings, testing::Output};
use safelight_registry::REGISTRY;
use std::{fs, path::PathBuf};

pub(crate) fn answer(raw: &str, source: &Bytes) -> Result<Output> {
    answer_of(REGISTRY, raw, source)
}

pub(crate) fn answer_of(registry: Registry, raw: &str, source: &Bytes) -> Result<Output> {
    let plan = Plan::new(registry, registry.query(raw, "")?)?;
    Output::collect(plan.start(&Settings::default()), source, 64 << 10)
}

/// A sample of the project, or, where the name starts with `corpus/`, a real photo; `None` for one of
/// those where there is no corpus.
pub(crate) fn source(name: &str) -> Option<Bytes> {
    let path = match name.strip_prefix("corpus/") {
        Some(name) => safelight_images::corpus()?.join(name),
        None => safelight_images::path(name),
    };
    Some(Bytes::from(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
}

/// Where a test leaves what a human should see when it fails.
pub(crate) fn left_for_humans(name: &str) -> PathBuf {
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.', "-");
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Numerical Recipes' linear congruential generator; the seed is of no meaning.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.0) * u64::from(end)) >> 32) as u32
    }

    pub(crate) fn within(&mut self, start: u32, end: u32) -> u32 {
        start + self.below(end - start + 1)
    }

    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u32) as usize]
    }
}
