//! Decoded samples of a file, by decoders that share no code with the walkers.

use image::{
    AnimationDecoder, ImageReader, ImageResult, Limits,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
};
use std::{fs, io::Cursor, path::Path, process::Command};

/// The samples of every frame, or the error of the decoder. Two files look alike if they decode alike.
pub(crate) fn decode(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "avif" | "avifs" => by_program("avifdec", &["--no-strict"], path),
        "heic" | "HEIC" | "heif" => by_program("heif-convert", &["--quiet"], path),
        _ => by_library(&fs::read(path).expect("a listed file is there")).map_err(|error| error.to_string()),
    }
}

fn by_library(bytes: &[u8]) -> ImageResult<Vec<Vec<u8>>> {
    let animation = match image::guess_format(bytes)? {
        image::ImageFormat::Gif => Some(GifDecoder::new(Cursor::new(bytes))?.into_frames()),
        image::ImageFormat::WebP => {
            let decoder = WebPDecoder::new(Cursor::new(bytes))?;
            decoder.has_animation().then(|| decoder.into_frames())
        }
        image::ImageFormat::Png => {
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits())?;
            decoder.is_apng()?.then(|| decoder.apng().map(AnimationDecoder::into_frames)).transpose()?
        }
        _ => None,
    };
    if let Some(frames) = animation {
        return frames.map(|frame| frame.map(|frame| frame.into_buffer().into_raw())).collect();
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits());
    Ok(vec![reader.decode()?.into_bytes()])
}

/// The bombs of the corpus are not decoded here: neither before the strip nor after.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(96 << 20);
    limits
}

/// The samples of the PNG that `program` writes; it may hold metadata too, which do not count.
fn by_program(program: &str, options: &[&str], path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let decoded = folder.path().join("decoded.png");
    let output = Command::new(program).args(options).arg(path).arg(&decoded).output();
    match output {
        Ok(output) if output.status.success() => {
            let bytes = fs::read(&decoded).map_err(|error| error.to_string())?;
            by_library(&bytes).map_err(|error| error.to_string())
        }
        Ok(output) => Err(format!("{program}: {}", output.status)),
        Err(_) => {
            eprintln!("{program} is not installed: {} is not judged by it", path.display());
            Err(format!("{program} is missing"))
        }
    }
}
