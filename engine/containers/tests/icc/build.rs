//! Builds profiles in which everything private has a word that a test can search for.

/// Text that no profile may keep.
pub(crate) const SECRET: &[u8] = b"SECRET";

/// A profile under construction.
pub(crate) struct Source {
    pub(crate) header: Vec<u8>,
    /// Tags: name, element. Elements follow the table in this order, with a secret between them.
    pub(crate) tags: Vec<([u8; 4], Vec<u8>)>,
}

impl Source {
    /// A profile of this class and these colour spaces, with a secret in every field that can hold one.
    pub(crate) fn new(class: &[u8; 4], space: &[u8; 4], connection: &[u8; 4]) -> Self {
        let mut header = b"SECRET".repeat(22)[..128].to_vec();
        header[8..12].copy_from_slice(&[4, 0x30, 0, 0]);
        header[12..16].copy_from_slice(class);
        header[16..20].copy_from_slice(space);
        header[20..24].copy_from_slice(connection);
        // 19 November 2026, 12:34:56.
        header[24..36].copy_from_slice(&[7, 0xEA, 0, 11, 0, 19, 0, 12, 0, 34, 0, 56]);
        header[36..40].copy_from_slice(b"acsp");
        header[64..68].copy_from_slice(&[0, 0, 0, 1]);
        header[68..80].copy_from_slice(b"\0\0\xF6\xD6\0\x01\0\0\0\0\xD3\x2D");
        let mut source = Self { header, tags: Vec::new() };
        source.tag(b"desc", b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0CenUS\0\0\0\x16\0\0\0\x1CSECRET iMac of J. Doe");
        source.tag(b"cprt", b"text\0\0\0\0SECRET owner\0");
        source.tag(b"dmdd", b"text\0\0\0\0SECRET model\0");
        source.tag(b"mmod", b"mmod\0\0\0\0SECRET serial and more of it");
        source.tag(b"targ", b"text\0\0\0\0SECRET target\0");
        source.tag(b"meta", b"dict\0\0\0\0SECRET edid\0\0\0");
        source.tag(b"SECR", b"SECRET private data");
        source
    }

    /// An RGB profile of a matrix and curves.
    pub(crate) fn display() -> Self {
        let mut source = Self::new(b"mntr", b"RGB ", b"XYZ ");
        source.tag(b"wtpt", &xyz([0xF6D6, 0x1_0000, 0xD32D]));
        source.tag(b"rXYZ", &xyz([0x6FA2, 0x38F5, 0x390]));
        source.tag(b"gXYZ", &xyz([0x6299, 0xB785, 0x18DA]));
        source.tag(b"bXYZ", &xyz([0x24A0, 0xF84, 0xB6CF]));
        source.tag(b"rTRC", b"curv\0\0\0\0\0\0\0\x03\0\0\x40\0\xFF\xFFSECRET after a curve");
        source.tag(b"gTRC", b"para\0\0\0\0\0\0\0\0\0\x02\x33\x33SECRET after a curve");
        source.tag(b"bTRC", b"curv\0\0\0\0\0\0\0\x01\x02\x33SECRET");
        source
    }

    /// A CMYK profile of tables, in the types that printing presses use.
    pub(crate) fn press() -> Self {
        let mut source = Self::new(b"prtr", b"CMYK", b"Lab ");
        source.tag(b"A2B0", &wide_table(4, 3));
        source.tag(b"A2B1", &narrow_table(4, 3));
        source.tag(b"B2A0", &curves_and_table(b"mBA ", 3, 4));
        source
    }

    /// A scanner's profile of tables between curves, and of conversions in floating point.
    pub(crate) fn scanner() -> Self {
        let mut source = Self::new(b"scnr", b"RGB ", b"Lab ");
        source.tag(b"A2B0", &curves_and_table(b"mAB ", 3, 3));
        source.tag(b"D2B0", &floating_point());
        source
    }

    pub(crate) fn tag(&mut self, name: &[u8; 4], element: &[u8]) {
        self.tags.push((*name, element.to_vec()));
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut at = 132 + 12 * self.tags.len() + 8;
        let mut table = (self.tags.len() as u32).to_be_bytes().to_vec();
        let mut elements = b"\0\0SECRET".to_vec();
        for (name, element) in &self.tags {
            table.extend(
                [&name[..], &(at as u32).to_be_bytes(), &(element.len() as u32).to_be_bytes()].concat(),
            );
            let mut element = [&element[..], b"SECRET gap"].concat();
            element.resize(element.len().next_multiple_of(4), 0);
            at += element.len();
            elements.extend(element);
        }
        let mut profile = [&self.header[..], &table, &elements].concat();
        let length = profile.len() as u32;
        profile[..4].copy_from_slice(&length.to_be_bytes());
        profile
    }
}

fn xyz(numbers: [u32; 3]) -> Vec<u8> {
    [&b"XYZ \0\0\0\0"[..], &numbers.map(u32::to_be_bytes).concat(), b"SECRET"].concat()
}

/// Numbers from 0 to 255 that grow, then fall.
fn ramp(count: usize) -> Vec<u8> {
    (0..count).map(|i| ((i * 255).div_ceil(count.max(2) - 1) % 256) as u8).collect()
}

const IDENTITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x1_0000];

fn narrow_table(inputs: usize, outputs: usize) -> Vec<u8> {
    let channels = [inputs as u8, outputs as u8, 3, b'S'];
    let matrix = IDENTITY.map(u32::to_be_bytes).concat();
    let curves = |count| ramp(256).repeat(count);
    let table = ramp(3_usize.pow(inputs as u32) * outputs);
    [&b"mft1\0\0\0\0"[..], &channels, &matrix, &curves(inputs), &table, &curves(outputs), b"SECRET"].concat()
}

fn wide_table(inputs: usize, outputs: usize) -> Vec<u8> {
    let channels = [inputs as u8, outputs as u8, 3, b'S'];
    let matrix = IDENTITY.map(u32::to_be_bytes).concat();
    let wide = |numbers: Vec<u8>| numbers.into_iter().flat_map(|byte| [byte, byte]).collect::<Vec<_>>();
    let curves = |count| wide(ramp(5)).repeat(count);
    let table = wide(ramp(3_usize.pow(inputs as u32) * outputs));
    let lengths = [0, 5, 0, 5];
    [&b"mft2\0\0\0\0"[..], &channels, &matrix, &lengths, &curves(inputs), &table, &curves(outputs), b"SECRET"]
        .concat()
}

/// Curves, a matrix, curves, a table and curves, with a secret in the padding of each.
fn curves_and_table(kind: &[u8; 4], inputs: usize, outputs: usize) -> Vec<u8> {
    let is_to_connection_space = kind == b"mAB ";
    let (device, connection) = if is_to_connection_space { (inputs, outputs) } else { (outputs, inputs) };
    let curves = |count| b"curv\0\0\0\0\0\0\0\x01\x01\x80SS".repeat(count);
    let mut matrix = IDENTITY.map(u32::to_be_bytes).concat();
    matrix.extend([0; 12]);
    let mut grid = vec![3; inputs];
    grid.resize(16, b'S');
    let mut table = [&grid[..], b"\x01SEC", &ramp(3_usize.pow(inputs as u32) * outputs)].concat();
    table.resize(table.len().next_multiple_of(4), b'S');
    let parts = [curves(connection), matrix, curves(connection), table, curves(device), b"SECRET".to_vec()];
    let mut at = 32;
    let mut offsets = Vec::new();
    for part in &parts[..5] {
        offsets.extend((at as u32).to_be_bytes());
        at += part.len();
    }
    [&kind[..], b"\0\0\0\0", &[inputs as u8, outputs as u8], b"\0\0", &offsets, &parts.concat()].concat()
}

/// Curves, a matrix and a table in floating point.
fn floating_point() -> Vec<u8> {
    let floats = |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
    let curve = [
        &b"curf\0\0\0\0\0\x02\0\0"[..],
        &floats(&[0.5]),
        b"parf\0\0\0\0\0\0\0\0",
        &floats(&[1.0, 1.0, 0.0, 0.0]),
        b"samf\0\0\0\0\0\0\0\x02",
        &floats(&[0.7, 1.0]),
        b"SECRET!!",
    ]
    .concat();
    let position =
        |at: usize, bytes: usize| [(at as u32).to_be_bytes(), (bytes as u32).to_be_bytes()].concat();
    let curves =
        [&b"cvst\0\0\0\0\0\x03\0\x03"[..], &position(36, curve.len()).repeat(3), &curve, b"SECRET!!"]
            .concat();
    let matrix = [
        &b"matf\0\0\0\0\0\x03\0\x03"[..],
        &floats(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        b"SECRET!!",
    ]
    .concat();
    let table =
        [&b"clut\0\0\0\0\0\x03\0\x03\x02\x02\x02"[..], b"SECRET SECRET", &floats(&[0.25; 24]), b"SECRET!!"]
            .concat();
    let mut at = 16 + 3 * 8;
    let mut positions = Vec::new();
    for part in [&curves, &matrix, &table] {
        positions.extend(position(at, part.len()));
        at += part.len();
    }
    [&b"mpet\0\0\0\0\0\x03\0\x03\0\0\0\x03"[..], &positions, &curves, &matrix, &table].concat()
}
