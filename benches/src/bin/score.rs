//! `score REFERENCE.png IMAGE.png` prints the SSIMULACRA2 of an image: 100 for equal images, 90 for visually
//! lossless, 70 for high quality. Both are 8-bit RGB, in sRGB.

use anyhow::{Result, ensure};
use png::{BitDepth, ColorType, Decoder};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};
use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufReader, Write},
};

fn main() -> Result<()> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [reference, image] = paths.as_slice() else { anyhow::bail!("usage: score REFERENCE.png IMAGE.png") };
    let score = compute_frame_ssimulacra2(read(reference)?, read(image)?)?;
    Ok(writeln!(io::stdout(), "{score:.3}")?)
}

fn read(path: &OsStr) -> Result<Rgb> {
    let mut reader = Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
    ensure!(
        reader.output_color_type() == (ColorType::Rgb, BitDepth::Eight),
        "{} is not 8-bit RGB",
        path.display()
    );
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut samples = vec![0; width * height * 3];
    reader.next_frame(&mut samples)?;
    let (pixels, _) = samples.as_chunks();
    let pixels = pixels.iter().map(|pixel: &[u8; 3]| pixel.map(|level| f32::from(level) / 255.0)).collect();
    Ok(Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)?)
}
