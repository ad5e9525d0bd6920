//! The output of each input.

use super::{
    Batch, Failure, is_dash,
    task::{Target, Task},
};
use safelight_core::{Error, Kind};
use safelight_service::handle::Service;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};
use walkdir::{DirEntry, WalkDir};

/// Returns a task for each file of the batch.
pub(super) fn tasks(service: &Service, batch: &Batch) -> Result<Vec<Task>, Failure> {
    let has_folder = batch.inputs.iter().any(|input| input.is_dir());
    let is_folder = 1 < batch.inputs.len()
        || has_folder
        || batch.output.is_dir()
        || batch.output.as_os_str().to_string_lossy().ends_with('/');
    let mut names = HashSet::new();
    let claimed = Arc::default();
    let mut tasks = Vec::new();
    for input in &batch.inputs {
        let found = if input.is_dir() { files_in(input, &batch.output)? } else { vec![Found::input(input)] };
        if found.is_empty() {
            let error = Error::new(Kind::NotFound, "input", "the folder contains no files");
            return Err(Failure { input: input.clone(), error });
        }
        for Found { path, folder, may_be_skipped } in found {
            let target = if is_dash(&batch.output) {
                if is_folder {
                    return Err(invalid(path, "standard output takes the output of one input only"));
                }
                Target::Stdout
            } else if is_folder {
                if is_dash(&path) {
                    return Err(invalid(path, "standard input needs a file as output, not a folder"));
                }
                let folder = batch.output.join(folder);
                if !names.insert(path.file_name().map(|name| folder.join(name))) {
                    return Err(invalid(path, "another input has the same name and output folder"));
                }
                Target::Folder(folder)
            } else {
                Target::File(batch.output.clone())
            };
            let (service, query, force) = (service.clone(), batch.query.clone(), batch.force);
            let claimed = Arc::clone(&claimed);
            tasks.push(Task { service, query, input: path, target, force, may_be_skipped, claimed });
        }
    }
    Ok(tasks)
}

/// A file to read.
struct Found {
    path: PathBuf,
    /// Its folder, relative to the folder of the input.
    folder: PathBuf,
    /// Whether it comes from a folder, and may be something other than an image.
    may_be_skipped: bool,
}

impl Found {
    fn input(path: &Path) -> Self {
        Self { path: path.to_owned(), folder: PathBuf::new(), may_be_skipped: false }
    }
}

/// Returns the files in `folder` in order of their names, except earlier output in `output`.
fn files_in(folder: &Path, output: &Path) -> Result<Vec<Found>, Failure> {
    let output =
        output.canonicalize().ok().filter(|output| folder.canonicalize().ok().as_ref() != Some(output));
    let is_wanted = |entry: &DirEntry| {
        let is_hidden = 0 < entry.depth() && entry.file_name().to_string_lossy().starts_with('.');
        let is_output =
            entry.file_type().is_dir() && output.is_some() && entry.path().canonicalize().ok() == output;
        !is_hidden && !is_output
    };
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(is_wanted) {
        let entry = entry.map_err(|error| {
            let input = error.path().unwrap_or(folder).to_owned();
            let error = Error::new(Kind::NotFound, "input", "cannot read the folder").with_source(error);
            Failure { input, error }
        })?;
        if entry.file_type().is_file() {
            let within = entry.path().strip_prefix(folder).ok().and_then(Path::parent);
            let folder = within.unwrap_or(Path::new("")).to_owned();
            files.push(Found { path: entry.into_path(), folder, may_be_skipped: true });
        }
    }
    Ok(files)
}

fn invalid(input: PathBuf, message: &str) -> Failure {
    Failure { input, error: Error::new(Kind::InvalidParam, "output", message) }
}
