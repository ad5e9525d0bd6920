//! The planes that other programs decode, as YUV4MPEG2 (mjpegtools, yuv4mpeg(5)).

use super::super::planes::Plane;
use safelight_core::{Samples, Size};
use std::{fs, path::Path};

/// Planes of one picture.
pub(super) struct Y4m {
    pub(super) planes: Vec<Plane>,
    /// Whether rotations and mirrors were applied.
    pub(super) is_turned: bool,
}

impl Y4m {
    /// Decodes the file at `path` with `avifdec` or `heif-convert`. `None` if the program is missing or rejects it.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.y4m");
        let is_avif =
            path.extension().is_some_and(|extension| extension.to_string_lossy().starts_with("avif"));
        let (program, options) = if is_avif {
            ("avifdec", &["--no-strict", "--jobs", "1"][..])
        } else {
            ("heif-convert", &["--quiet"][..])
        };
        let output = safelight_images::program(program)?.args(options).arg(path).arg(&out).output().unwrap();
        output.status.success().then(|| Self::parse(&fs::read(out).unwrap(), !is_avif))
    }

    fn parse(file: &[u8], is_turned: bool) -> Self {
        let (head, rest) = line(file);
        let field = |letter: char| head.split(' ').skip(1).find_map(|word| word.strip_prefix(letter));
        let length = |letter| field(letter).unwrap().parse::<u32>().unwrap();
        let size = Size::new(length('W'), length('H'));
        let space = field('C').unwrap_or("420");
        // `420p10`, `mono12`, `444`.
        let bits = [10, 12].into_iter().find(|bits| space.ends_with(&format!("{bits}"))).unwrap_or(8);
        let chroma = match &space[..3] {
            "420" => Some((2, 2)),
            "422" => Some((2, 1)),
            "444" => Some((1, 1)),
            _ => None,
        };
        let (_, mut data) = line(rest);
        let planes = super::super::planes::Layout { bits, chroma }.sizes(size, 1).map(|size| {
            let count = size.pixels() as usize;
            let bytes = if bits == 8 { count } else { 2 * count };
            let (plane, after) = data.split_at(bytes);
            data = after;
            let samples = if bits == 8 {
                Samples::U8(plane.to_vec())
            } else {
                Samples::U16(plane.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
            };
            Plane { size, samples }
        });
        Self { planes: planes.collect(), is_turned }
    }
}

fn line(file: &[u8]) -> (&str, &[u8]) {
    let end = file.iter().position(|byte| *byte == b'\n').unwrap();
    (std::str::from_utf8(&file[..end]).unwrap(), &file[end + 1..])
}
