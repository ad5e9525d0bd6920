//! The inputs of a batch and the output of each.

use super::{
    Batch, Failure, SkipReason, Skipped, Template, Variant, is_dash,
    names::Target,
    task::{Source, Task},
};
use safelight_core::{Error, Kind};
use safelight_service::handle::Service;
use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};
use walkdir::{DirEntry, WalkDir};

/// The files of a batch.
#[derive(Default)]
pub(super) struct Inputs {
    pub(super) tasks: Vec<Task>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) failures: Vec<Failure>,
}

/// Finds the files of the batch, and a target for each.
///
/// # Errors
/// [`Failure`] if the output does not suit the inputs.
pub(super) fn inputs(service: &Service, batch: &Batch, variants: &[Variant]) -> Result<Inputs, Failure> {
    let template = batch.name.clone().or_else(|| (!batch.widths.is_empty()).then(Template::of_widths));
    let template = template.map(Arc::new);
    if let Some(variant) = variants.iter().find(|variant| variant.parsed.get("width").is_none())
        && template.as_ref().is_some_and(|template| template.has_width())
    {
        return Err(invalid(
            variant.query.clone().into(),
            "{width} in the name needs a width in the query, or --widths",
        ));
    }
    let has_folder = batch.inputs.iter().any(|input| input.is_dir());
    let is_folder = template.is_some()
        || 1 < batch.inputs.len()
        || has_folder
        || batch.output.is_dir()
        || batch.output.as_os_str().to_string_lossy().ends_with('/');
    let mut inputs = Inputs::default();
    let mut found = Vec::new();
    for input in &batch.inputs {
        if is_folder && is_dash(&batch.output) {
            return Err(invalid(input.clone(), "standard output takes the output of one input only"));
        }
        if is_folder && is_dash(input) {
            return Err(invalid(input.clone(), "standard input needs a file as output, not a folder"));
        }
        if !input.is_dir() {
            found.push(Found { path: input.clone(), folder: PathBuf::new(), may_be_skipped: false });
            continue;
        }
        let before = (found.len(), inputs.skipped.len(), inputs.failures.len());
        walk(input, &batch.output, &mut found, &mut inputs);
        if before == (found.len(), inputs.skipped.len(), inputs.failures.len()) {
            let error = Error::new(Kind::NotFound, "input", "the folder contains no files");
            inputs.failures.push(Failure { input: input.clone(), error });
        }
    }

    // Files of one folder that differ only in their extension would get the same name.
    let mut stems: HashMap<(PathBuf, Option<&OsStr>), u32> = HashMap::new();
    for Found { path, folder, .. } in &found {
        *stems.entry((folder.clone(), path.file_stem())).or_default() += 1;
    }
    let mut names = HashSet::new();
    let claimed = Arc::default();
    for Found { path, folder, may_be_skipped } in &found {
        let target = if is_dash(&batch.output) {
            Target::Stdout
        } else if is_folder {
            if !names.insert((folder, path.file_name())) {
                let message = "another input has the same name and output folder";
                inputs.failures.push(invalid(path.clone(), message));
                continue;
            }
            let keeps_extension =
                1 < stems.get(&(folder.clone(), path.file_stem())).copied().unwrap_or_default();
            Target::Folder { path: batch.output.join(folder), keeps_extension, template: template.clone() }
        } else {
            Target::File(batch.output.clone())
        };
        inputs.tasks.extend(variants.iter().map(|Variant { query, parsed }| Task {
            service: service.clone(),
            query: query.clone(),
            parsed: parsed.clone(),
            converts: batch.converts,
            input: if is_dash(path) { Source::Stdin } else { Source::File(path.clone()) },
            target: target.clone(),
            existing: batch.existing,
            is_dry_run: batch.is_dry_run,
            may_be_skipped: *may_be_skipped,
            claimed: Arc::clone(&claimed),
        }));
    }
    Ok(inputs)
}

/// A file to read.
struct Found {
    path: PathBuf,
    /// Its folder, relative to the folder of the input.
    folder: PathBuf,
    /// Whether it comes from a folder, and may be something other than an image.
    may_be_skipped: bool,
}

/// Finds the files in `folder` in order of their names, except earlier output in `output`. Writes to `inputs` what is
/// skipped and what cannot be read.
fn walk(folder: &Path, output: &Path, found: &mut Vec<Found>, inputs: &mut Inputs) {
    let output =
        output.canonicalize().ok().filter(|output| folder.canonicalize().ok().as_ref() != Some(output));
    let is_output = |entry: &DirEntry| {
        entry.file_type().is_dir() && output.is_some() && entry.path().canonicalize().ok() == output
    };
    let mut entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let input = error.path().unwrap_or(folder).to_owned();
                let error = Error::new(Kind::NotFound, "input", "cannot read the folder").with_source(error);
                inputs.failures.push(Failure { input, error });
                continue;
            }
        };
        if entry.depth() == 0 {
            continue;
        }
        let kind = entry.file_type();
        let reason = if entry.file_name().to_string_lossy().starts_with('.') {
            SkipReason::Hidden
        } else if kind.is_symlink() {
            SkipReason::Link
        } else if kind.is_dir() {
            if is_output(&entry) {
                entries.skip_current_dir();
            }
            continue;
        } else if kind.is_file() {
            let within = entry.path().strip_prefix(folder).ok().and_then(Path::parent);
            let folder = within.unwrap_or(Path::new("")).to_owned();
            found.push(Found { path: entry.into_path(), folder, may_be_skipped: true });
            continue;
        } else {
            SkipReason::Special
        };
        if kind.is_dir() {
            entries.skip_current_dir();
        }
        inputs.skipped.push(Skipped { path: entry.into_path(), reason });
    }
}

fn invalid(input: PathBuf, message: &str) -> Failure {
    Failure { input, error: Error::new(Kind::InvalidParam, "output", message) }
}
