//! Fonts of the operator, in which drawings have their text.

use crate::{StartError, hex::hex};
use bytes::Bytes;
use clap::Args;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The most font files of a folder.
const MAX_FILES: usize = 100;
/// The most bytes of all: a child process gets them with each drawing that has text.
const MAX_BYTES: u64 = 64 << 20;
/// Extensions of font files. Other files, such as licences, are no fonts.
const EXTENSIONS: [&str; 4] = ["ttf", "otf", "ttc", "otc"];

/// The setting of fonts.
#[derive(Args, Clone, Debug, Default)]
pub struct FontSettings {
    /// Folder with TrueType and OpenType fonts for text in SVG, besides those of the program: at most 100 files and 64 MiB,
    /// without subfolders. It is read at start
    #[arg(long, env = "SAFELIGHT_FONTS", value_name = "FOLDER")]
    pub fonts: Option<PathBuf>,
}

/// Font files, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Fonts {
    pub(crate) files: Vec<Bytes>,
}

impl FontSettings {
    /// Reads the files; none without the setting.
    ///
    /// # Errors
    /// [`StartError::Fonts`] if the folder cannot be read, or has no fonts, too many, or a file that is none.
    pub fn read(&self) -> Result<Fonts, StartError> {
        let Some(folder) = &self.fonts else { return Ok(Fonts::default()) };
        read(folder).map_err(|source| StartError::Fonts { path: folder.clone(), source })
    }
}

impl Fonts {
    /// Returns a digest of the files, on which drawings with text depend; empty for none.
    pub fn digest(&self) -> String {
        /// Enough to tell any two versions of a folder apart.
        const DIGEST_BYTES: usize = 16;
        if self.files.is_empty() {
            return String::new();
        }
        let mut hash = Sha256::new();
        for file in &self.files {
            hash.update((file.len() as u64).to_be_bytes());
            hash.update(file);
        }
        hex(&hash.finalize()[..DIGEST_BYTES])
    }
}

fn read(folder: &Path) -> io::Result<Fonts> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        if EXTENSIONS.iter().any(|known| extension == *known) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(io::Error::other("no fonts in it: expected files named .ttf, .otf, .ttc or .otc"));
    }
    if MAX_FILES < paths.len() {
        let problem = format!("it has {} fonts: the limit is {MAX_FILES}", paths.len());
        return Err(io::Error::other(problem));
    }
    let mut files = Vec::new();
    let mut bytes = 0;
    for path in paths {
        let named = |problem: &str| io::Error::other(format!("{}: {problem}", path.display()));
        let length = fs::metadata(&path).map_err(|error| named(&error.to_string()))?.len();
        bytes += length;
        if MAX_BYTES < bytes {
            return Err(named("with this file the fonts have more than 64 MiB, which is the limit"));
        }
        let file = fs::read(&path).map_err(|error| named(&error.to_string()))?;
        // The versions of a font, and of a collection (OpenType 1.9, "Organization of an OpenType font").
        if !matches!(file.first_chunk(), Some([0, 1, 0, 0] | b"OTTO" | b"true" | b"ttcf")) {
            return Err(named("expected a TrueType or OpenType font"));
        }
        files.push(file.into());
    }
    Ok(Fonts { files })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_folder_is_read_in_the_order_of_its_names() {
        let folder = TempDir::new().unwrap();
        let add = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
        let settings = FontSettings { fonts: Some(folder.path().to_owned()) };
        let check = |expected: &str| {
            let error = settings.read().expect_err("it cannot be used");
            let StartError::Fonts { path, source } = &error else { panic!("{error}") };
            assert!(path == folder.path() && source.to_string().contains(expected), "{source}");
        };
        add("LICENSE", b"free");
        check("no fonts in it: expected files named .ttf, .otf, .ttc or .otc");
        add("b.ttf", &[0, 1, 0, 0, 2]);
        let one = settings.read().unwrap();
        add("a.OTF", b"OTTO1");
        let two = settings.read().unwrap();
        assert_eq!(two.files, [&b"OTTO1"[..], &[0, 1, 0, 0, 2]]);
        assert!(one.digest() != two.digest() && one.digest() == one.clone().digest());
        add("c.ttf", b"wOF2");
        check("c.ttf: expected a TrueType or OpenType font");
        let large = fs::File::create(folder.path().join("c.ttf")).unwrap();
        large.set_len(MAX_BYTES).unwrap();
        check("c.ttf: with this file the fonts have more than 64 MiB, which is the limit");
        (0..99).for_each(|at| add(&format!("{at}.ttf"), b"true"));
        check("it has 102 fonts: the limit is 100");
    }

    #[test]
    fn a_missing_folder_is_an_error_and_no_setting_is_none() {
        assert!(FontSettings::default().read().unwrap().files.is_empty());
        assert_eq!(Fonts::default().digest(), "");
        let settings = FontSettings { fonts: Some("/no/such/folder".into()) };
        assert_eq!(
            settings.read().unwrap_err().to_string(),
            "cannot use the fonts in /no/such/folder: expected a readable folder of TrueType or OpenType fonts"
        );
    }
}
