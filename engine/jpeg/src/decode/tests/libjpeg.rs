//! The programs of libjpeg-turbo, and images for them.

use std::{io::Write, process::Stdio, thread};

/// A decoded netpbm file: rows of pixels of 1 or 3 samples.
pub(super) struct Netpbm {
    pub(super) w: usize,
    pub(super) h: usize,
    pub(super) samples: Vec<u8>,
}

/// Runs `tool` on `input`, and returns its output and messages; `None` if it is not installed.
fn run(tool: &str, options: &[&str], input: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut command = safelight_images::program(tool)?;
    let command = command.args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the tool starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let output = thread::scope(|scope| {
        // The tool may stop reading early.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("the tool runs")
    });
    Some((output.stdout, String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Returns the file that `cjpeg` or `jpegtran` makes of `input`.
pub(super) fn make(tool: &str, options: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let (file, messages) = run(tool, options, input)?;
    assert!(file.starts_with(b"\xFF\xD8"), "{tool} {options:?}: {messages}");
    Some(file)
}

/// Decodes `file` at n/8 with `djpeg`. Returns the image and whether `djpeg` found no damage, or `Err` with
/// its messages if it shows no image.
pub(super) fn djpeg(file: &[u8], n: u8, options: &[&str]) -> Option<Result<(Netpbm, bool), String>> {
    let scale = format!("{n}/8");
    let options = [&["-dct", "int", "-nosmooth", "-scale", &*scale], options].concat();
    let (netpbm, messages) = run("djpeg", &options, file)?;
    Some(Netpbm::parse(&netpbm).map(|image| (image, messages.is_empty())).ok_or(messages))
}

impl Netpbm {
    fn parse(netpbm: &[u8]) -> Option<Self> {
        let mut lines = netpbm.splitn(4, |it| *it == b'\n');
        let channels = if lines.next()? == b"P6" { 3 } else { 1 };
        let (w, h) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let (w, h) = (w.parse().ok()?, h.parse().ok()?);
        let samples = lines.nth(1)?.to_vec();
        assert_eq!(samples.len(), w * h * channels);
        Some(Self { w, h, samples })
    }

    /// A colourful scene with soft and hard edges, as a netpbm file.
    pub(super) fn scene(w: usize, h: usize) -> Vec<u8> {
        let mut netpbm = format!("P6\n{w} {h}\n255\n").into_bytes();
        let mut noise = 1u32;
        for at in 0..w * h {
            let (x, y) = ((at % w) as f64, (at / w) as f64);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = f64::from(noise >> 28);
            let ring = ((x - 60.0).hypot(y - 50.0) / 7.0).sin() * 60.0;
            let edge = if (x / 19.0 + y / 31.0) % 2.0 < 1.0 { 40.0 } else { 0.0 };
            netpbm.push((90.0 + ring + edge + grain) as u8);
            netpbm.push((80.0 + y / 2.0 + grain) as u8);
            netpbm.push((150.0 - x / 3.0 + edge + grain) as u8);
        }
        netpbm
    }
}
