//! Queries from the registry, responses to them, and independent software that checks these: the `image` crate,
//! programs, plain arithmetic.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub(crate) mod judge;
pub(crate) mod picture;
pub(crate) mod reference;

pub(crate) use picture::Picture;

use bytes::Bytes;
use safelight_core::{
    Kind, Param, ParamKind, Plan, Registry, Result, Settings, Step, Transform,
    testing::{Output, with_sides},
};
use safelight_registry::{REGISTRY, TRANSFORMS, example_queries, example_values};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) fn answer(raw: &str, source: &Bytes) -> Result<Output> {
    answer_of(REGISTRY, raw, source)
}

pub(crate) fn answer_of(registry: Registry, raw: &str, source: &Bytes) -> Result<Output> {
    let plan = with_sides(Plan::new(registry, registry.query(raw, "")?)?);
    Output::collect(plan.start(&Settings::default()), source, 64 << 10)
}

/// Returns the empty query, and for each transform one query that sets all its parameters.
pub(crate) fn queries() -> Vec<String> {
    let query = |transform: &&dyn Transform| {
        let pairs = transform.params().iter().map(|param| format!("{}={}", param.key, example(param)));
        pairs.collect::<Vec<_>>().join("&")
    };
    let queries = TRANSFORMS.iter().map(query).filter(|query| !query.is_empty());
    queries.chain([String::new()]).collect()
}

/// Returns a typical value of a parameter.
fn example(param: &Param) -> String {
    let values = example_values(param);
    let at = match param.kind {
        // A small one: images of the middle of a range take long.
        ParamKind::Integer { .. } | ParamKind::IntegerOr { .. } | ParamKind::Decimal { .. } => {
            values.len() / 4
        }
        ParamKind::Text { .. } | ParamKind::Colour => 0,
        _ => values.len() - 1,
    };
    values[at].clone()
}

/// Returns the empty query and every example query of one transform, if a transform works on bytes for it.
pub(crate) fn byte_queries() -> Vec<String> {
    let is_on_bytes = |raw: &String| {
        let query = REGISTRY.query(raw, "").expect("a valid query");
        let mut steps = TRANSFORMS.iter().map(|transform| transform.step(&query).expect("a valid query"));
        steps.any(|step| matches!(step, Some(Step::Bytes(_))))
    };
    example_queries().into_iter().chain([String::new()]).filter(is_on_bytes).collect()
}

/// Returns whether a transform of the query supports only some images, such as codestreams: it rejects a JPEG.
pub(crate) fn rejects_jpeg(raw: &str) -> bool {
    let jpeg = Bytes::from(safelight_images::read("orientation-1.jpg"));
    answer(raw, &jpeg).is_err_and(|error| error.kind == Kind::UnsupportedFormat)
}

/// Returns the JPEG 2000 and HTJ2K files of the project, by name.
pub(crate) fn codestreams() -> Vec<(String, Bytes)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/containers/tests/codestreams");
    let files = fs::read_dir(folder).expect("a folder of codestreams");
    let mut paths: Vec<_> = files.map(|file| file.expect("a readable folder").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|kind| kind.to_string_lossy().starts_with('j')));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        (name, Bytes::from(fs::read(&path).expect("a readable file")))
    };
    paths.into_iter().map(read).collect()
}

/// Returns every sample of the project. For a query that [`rejects_jpeg`], returns the codestreams that its
/// transform supports instead.
pub(crate) fn samples(raw: &str) -> Vec<(String, Bytes)> {
    if !rejects_jpeg(raw) {
        let sample = |name: &'static str| (name.to_owned(), Bytes::from(safelight_images::read(name)));
        return safelight_images::names().map(sample).collect();
    }
    let mut samples = codestreams();
    samples.retain(|(_, source)| answer(raw, source).is_ok());
    assert!(1 < samples.len(), "{raw} supports neither a JPEG nor two codestreams");
    samples
}

/// Returns a sample of the project, or a photo of the corpus if the name starts with `corpus/`; `None` if the
/// corpus is missing.
pub(crate) fn source(name: &str) -> Option<Bytes> {
    let path = match name.strip_prefix("corpus/") {
        Some(name) => safelight_images::corpus()?.join(name),
        None => safelight_images::path(name),
    };
    Some(Bytes::from(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))))
}

/// Returns the path at which a failing test leaves a file for people to look at.
pub(crate) fn kept_for_people(name: &str) -> PathBuf {
    let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.', "-");
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The linear congruential generator of Numerical Recipes, from any seed.
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
