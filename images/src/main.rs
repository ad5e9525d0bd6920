//! Writes every sample and the manifest into a folder.

use safelight_images::{folder, generate};
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(|| folder().to_owned(), PathBuf::from);
    let samples = generate::samples()?;
    fs::create_dir_all(&folder)?;
    for sample in &samples {
        fs::write(folder.join(sample.name), &sample.bytes)?;
    }
    fs::write(folder.join("MANIFEST.md"), generate::manifest(&samples))?;
    let bytes: usize = samples.iter().map(|sample| sample.bytes.len()).sum();
    eprintln!("wrote {} samples ({bytes} bytes) to {}", samples.len(), folder.display());
    Ok(())
}
