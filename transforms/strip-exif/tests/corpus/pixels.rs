//! Decoded samples of a file, by decoders that share no code with the walkers.

use image::{
    AnimationDecoder, ImageReader, ImageResult, Limits,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
};
use std::{fs, io::Cursor, path::Path};

/// The samples of every frame, or the error of the decoder. Two files with the same samples look the same.
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

/// Returns the samples of the PNG that `program` writes; metadata in it are ignored.
fn by_program(program: &str, options: &[&str], path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let decoded = folder.path().join("decoded.png");
    let Some(mut command) = safelight_images::program(program) else {
        return Err(format!("{program} is missing"));
    };
    let output = command.args(options).arg(path).arg(&decoded).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status));
    }
    let bytes = fs::read(&decoded).map_err(|error| error.to_string())?;
    by_library(&bytes).map_err(|error| error.to_string())
}
