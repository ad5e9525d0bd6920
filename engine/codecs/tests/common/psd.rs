//! A writer of PSD and PSB: files with a composite, and layers without content.

use safelight_core::Size;

/// The size of images, unless it is changed.
pub(crate) const SIZE: Size = Size::new(11, 3);

/// A file with a composite.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) is_large: bool,
    pub(crate) mode: u16,
    pub(crate) depth: u16,
    pub(crate) size: Size,
    pub(crate) planes: u16,
    pub(crate) table: Vec<u8>,
    /// Numbers and data.
    pub(crate) resources: Vec<(u16, Vec<u8>)>,
    /// The number of layers; that of layers of more bits, in a block of its own.
    pub(crate) layers: i16,
    pub(crate) deep_layers: Option<i16>,
    pub(crate) is_packed: bool,
    /// Big-endian samples, plane after plane.
    pub(crate) data: Vec<u8>,
}

impl File {
    /// Planes of one mode, of `data`.
    pub(crate) fn new(mode: u16, depth: u16, planes: u16, data: Vec<u8>) -> Self {
        Self {
            is_large: false,
            mode,
            depth,
            size: SIZE,
            planes,
            table: Vec::new(),
            resources: Vec::new(),
            layers: 1,
            deep_layers: None,
            is_packed: false,
            data,
        }
    }

    fn length(&self, bytes: usize) -> Vec<u8> {
        if self.is_large {
            (bytes as u64).to_be_bytes().to_vec()
        } else {
            (bytes as u32).to_be_bytes().to_vec()
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut file = [b"8BPS\0".as_slice(), &[1 + u8::from(self.is_large)], &[0; 6]].concat();
        file.extend(self.planes.to_be_bytes());
        file.extend([self.size.h, self.size.w].map(u32::to_be_bytes).concat());
        file.extend([self.depth, self.mode].map(u16::to_be_bytes).concat());
        file.extend((self.table.len() as u32).to_be_bytes());
        file.extend(&self.table);
        let resource = |(number, data): &(u16, Vec<u8>)| {
            let head =
                [b"8BIM".as_slice(), &number.to_be_bytes(), b"\x03abc", &(data.len() as u32).to_be_bytes()];
            [&head.concat(), data.as_slice(), &[0][..data.len() % 2]].concat()
        };
        let resources: Vec<u8> = self.resources.iter().flat_map(resource).collect();
        file.extend((resources.len() as u32).to_be_bytes());
        file.extend(resources);
        // Layers without content, the mask of all, blocks.
        let layers = [&self.length(6), &self.layers.to_be_bytes()[..], &[7; 4], &[0; 4]].concat();
        let block = |key: &[u8], data: &[u8], length: Vec<u8>| {
            [b"8BIM", key, &length, data, &[0; 3][..data.len().wrapping_neg() % 4]].concat()
        };
        let mut section = [layers, block(b"Patt", &[1; 5], 5_u32.to_be_bytes().to_vec())].concat();
        if let Some(count) = self.deep_layers {
            section.extend(block(b"Lr16", &count.to_be_bytes(), self.length(2)));
        }
        file.extend(self.length(section.len()));
        file.extend(section);
        file.extend([0, u8::from(self.is_packed)]);
        let row_bytes = (self.size.w as usize * usize::from(self.depth)).div_ceil(8);
        if self.is_packed {
            let rows: Vec<_> = self.data.chunks(row_bytes).map(pack).collect();
            for row in &rows {
                let length = row.len() as u32;
                file.extend(if self.is_large {
                    length.to_be_bytes().to_vec()
                } else {
                    length.to_be_bytes()[2..].to_vec()
                });
            }
            file.extend(rows.concat());
        } else {
            file.extend(&self.data);
        }
        file
    }
}

/// Runs of equal bytes, and single ones.
fn pack(row: &[u8]) -> Vec<u8> {
    let run = |run: &[u8]| match run.len() {
        1 => vec![0, run[0]],
        length => vec![(257 - length) as u8, run[0]],
    };
    row.chunk_by(|a, b| a == b).flat_map(|equal| equal.chunks(128).flat_map(run)).collect()
}
