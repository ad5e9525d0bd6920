//! `score REFERENCE.png PICTURE.png` prints the SSIMULACRA2 of a picture: 100 for the same, 90 for what no
//! eye tells apart, 70 for high quality. Both are RGB of 8 bits, in sRGB.

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
    let [reference, picture] = paths.as_slice() else {
        anyhow::bail!("usage: score REFERENCE.png PICTURE.png")
    };
    let score = compute_frame_ssimulacra2(read(reference)?, read(picture)?)?;
    Ok(writeln!(io::stdout(), "{score:.3}")?)
}

fn read(path: &OsStr) -> Result<Rgb> {
    let mut reader = Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
    ensure!(
        reader.output_color_type() == (ColorType::Rgb, BitDepth::Eight),
        "{} is not RGB of 8 bits",
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
