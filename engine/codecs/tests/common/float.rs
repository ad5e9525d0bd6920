//! ICC profiles, evaluated in double precision by the formulae of ICC.1:2022: independent of the colour engine.

/// A profile of which the tables are known here.
pub(crate) enum Profile {
    /// Curves, and the columns of XYZ of red, green and blue.
    Rgb([Curve; 3], [[f64; 3]; 3]),
    Grey(Curve),
    Cmyk(Table),
}

/// A tone curve (10.6 and 10.18).
pub(crate) enum Curve {
    Gamma(f64),
    Samples(Vec<f64>),
    /// `g a b c d e f` of a parametric curve.
    Parametric([f64; 7]),
}

/// A table of 16 bits (10.10), with the black of its profile.
pub(crate) struct Table {
    grid: usize,
    inputs: Vec<Vec<f64>>,
    nodes: Vec<f64>,
    outputs: Vec<Vec<f64>>,
    black: [f64; 3],
}

/// D50 (7.2.16).
const WHITE: [f64; 3] = [0.9642, 1.0, 0.8249];
/// The columns of XYZ of sRGB's primaries, adapted to D50 by the Bradford matrix, and scaled to [`WHITE`].
const SRGB: [[f64; 3]; 3] =
    [[0.436_022, 0.222_484, 0.013_920], [0.385_103, 0.716_905, 0.097_075], [0.143_075, 0.060_611, 0.713_905]];

impl Profile {
    /// Returns `None` for kinds of profiles that are not evaluated here.
    pub(crate) fn parse(icc: &[u8]) -> Option<Self> {
        let tag = |name: &[u8; 4]| {
            let count = u32_be(icc, 128) as usize;
            let entry =
                (0..count).map(|index| 132 + 12 * index).find(|at| icc.get(*at..at + 4) == Some(name))?;
            let (start, length) = (u32_be(icc, entry + 4) as usize, u32_be(icc, entry + 8) as usize);
            icc.get(start..start + length)
        };
        match icc.get(16..20)? {
            b"RGB " if tag(b"A2B0").is_none() => {
                let curves = [b"rTRC", b"gTRC", b"bTRC"].map(|name| tag(name).and_then(Curve::parse));
                let columns = [b"rXYZ", b"gXYZ", b"bXYZ"]
                    .map(|name| [8, 12, 16].map(|at| fixed(tag(name).unwrap_or_default(), at)));
                let [Some(red), Some(green), Some(blue)] = curves else { return None };
                Some(Self::Rgb([red, green, blue], columns))
            }
            b"GRAY" => Some(Self::Grey(Curve::parse(tag(b"kTRC")?)?)),
            b"CMYK" => Some(Self::Cmyk(Table::parse(tag(b"A2B0")?)?)),
            _ => None,
        }
    }

    /// Whether the reference has as many channels as a pixel of `channels`.
    pub(crate) fn channels(&self) -> usize {
        match self {
            Self::Rgb(..) => 3,
            Self::Grey(_) => 1,
            Self::Cmyk(_) => 4,
        }
    }

    /// Converts a pixel of 0 to 1 to sRGB of 0 to 255, not clipped.
    pub(crate) fn convert(&self, pixel: &[f64]) -> [f64; 3] {
        let xyz = match self {
            Self::Rgb(curves, columns) => {
                let light = [0, 1, 2].map(|c| curves[c].value(pixel[c]));
                [0, 1, 2].map(|axis| (0..3).map(|c| light[c] * columns[c][axis]).sum())
            }
            Self::Grey(curve) => WHITE.map(|white| white * curve.value(pixel[0])),
            Self::Cmyk(table) => {
                let xyz = table.xyz([pixel[0], pixel[1], pixel[2], pixel[3]]);
                let scaled = |axis: usize| {
                    let black = table.black[axis];
                    WHITE[axis] * (xyz[axis] - black) / (WHITE[axis] - black)
                };
                [0, 1, 2].map(scaled)
            }
        };
        solve(SRGB, xyz).map(|linear| 255.0 * encode(linear))
    }
}

impl Curve {
    fn parse(tag: &[u8]) -> Option<Self> {
        let count = u32_be(tag, 8) as usize;
        match (tag.get(..4)?, count) {
            (b"curv", 0) => Some(Self::Gamma(1.0)),
            (b"curv", 1) => Some(Self::Gamma(f64::from(u16_be(tag, 12)) / 256.0)),
            (b"curv", _) => {
                let samples = (0..count).map(|at| f64::from(u16_be(tag, 12 + 2 * at)) / 65_535.0);
                Some(Self::Samples(samples.collect()))
            }
            (b"para", _) => {
                let p = |index: usize| fixed(tag, 12 + 4 * index);
                let g = p(0);
                Some(match u16_be(tag, 8) {
                    0 => Self::Gamma(g),
                    1 => Self::Parametric([g, p(1), p(2), 0.0, -p(2) / p(1), 0.0, 0.0]),
                    2 => Self::Parametric([g, p(1), p(2), 0.0, -p(2) / p(1), p(3), p(3)]),
                    3 => Self::Parametric([g, p(1), p(2), p(3), p(4), 0.0, 0.0]),
                    4 => Self::Parametric([g, p(1), p(2), p(3), p(4), p(5), p(6)]),
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    fn value(&self, at: f64) -> f64 {
        match self {
            Self::Gamma(gamma) => at.powf(*gamma),
            Self::Samples(samples) => interpolated(samples, at),
            Self::Parametric([gamma, factor, summand, slope, from, above, below]) => {
                if *from <= at {
                    (factor * at + summand).powf(*gamma) + above
                } else {
                    slope * at + below
                }
            }
        }
    }
}

impl Table {
    fn parse(tag: &[u8]) -> Option<Self> {
        if tag.get(..4)? != b"mft2" || tag.get(8..10)? != [4, 3] {
            return None;
        }
        let grid = usize::from(tag[10]);
        let (input, output) = (usize::from(u16_be(tag, 48)), usize::from(u16_be(tag, 50)));
        let mut at = 52;
        let mut read = |count: usize| {
            let values = (0..count).map(|index| f64::from(u16_be(tag, at + 2 * index)) / 65_535.0).collect();
            at += 2 * count;
            values
        };
        let inputs = (0..4).map(|_| read(input)).collect();
        let nodes = read(3 * grid.pow(4));
        let outputs = (0..3).map(|_| read(output)).collect();
        let mut table = Self { grid, inputs, nodes, outputs, black: [0.0; 3] };
        let [_, y, _] = table.xyz([1.0; 4]);
        let lightness = if 216.0 / 24_389.0 < y { 116.0 * y.cbrt() - 16.0 } else { y * 24_389.0 / 27.0 };
        table.black = xyz([lightness.clamp(0.0, 50.0), 0.0, 0.0]);
        Some(table)
    }

    fn xyz(&self, inks: [f64; 4]) -> [f64; 3] {
        let last = self.grid - 1;
        let position = [0, 1, 2, 3].map(|axis| interpolated(&self.inputs[axis], inks[axis]) * last as f64);
        // Tetrahedra in magenta, yellow and black: the order of the fractions gives the path from corner to corner.
        let floor = position.map(|value| (value.floor() as usize).min(last - 1));
        let fraction = [0, 1, 2, 3].map(|axis| position[axis] - floor[axis] as f64);
        let node = |corner: [usize; 4], channel: usize| {
            let index = [0, 1, 2, 3].iter().fold(0, |at, axis| at * self.grid + floor[*axis] + corner[*axis]);
            self.nodes[3 * index + channel]
        };
        let mut order = [1, 2, 3];
        order.sort_by(|a, b| fraction[*b].total_cmp(&fraction[*a]));
        let value = |cyan: usize, channel: usize| {
            let mut corner = [cyan, 0, 0, 0];
            let mut value = node(corner, channel);
            for axis in order {
                let before = node(corner, channel);
                corner[axis] = 1;
                value += fraction[axis] * (node(corner, channel) - before);
            }
            value
        };
        let coded = [0, 1, 2].map(|channel| {
            let [less, more] = [0, 1].map(|cyan| value(cyan, channel));
            interpolated(&self.outputs[channel], less + fraction[0] * (more - less))
        });
        xyz([
            coded[0] * 65_535.0 / 652.8,
            coded[1] * 65_535.0 / 256.0 - 128.0,
            coded[2] * 65_535.0 / 256.0 - 128.0,
        ])
    }
}

fn xyz([lightness, a, b]: [f64; 3]) -> [f64; 3] {
    let y = (lightness + 16.0) / 116.0;
    let cube = |root: f64| {
        if 6.0 / 29.0 < root { root.powi(3) } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (root - 4.0 / 29.0) }
    };
    let roots = [y + a / 500.0, y, y - b / 200.0];
    [0, 1, 2].map(|axis| WHITE[axis] * cube(roots[axis]))
}

fn interpolated(samples: &[f64], at: f64) -> f64 {
    let at = at.clamp(0.0, 1.0) * (samples.len() - 1) as f64;
    let first = (at.floor() as usize).min(samples.len() - 2);
    samples[first] + (at - first as f64) * (samples[first + 1] - samples[first])
}

/// The curve of sRGB (IEC 61966-2-1), odd below 0.
fn encode(linear: f64) -> f64 {
    let light = linear.abs();
    let value = if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    value.copysign(linear)
}

/// The factors of the columns whose sum is `target`, by Cramer's rule.
fn solve(columns: [[f64; 3]; 3], target: [f64; 3]) -> [f64; 3] {
    let determinant = |[a, b, c]: [[f64; 3]; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    [0, 1, 2].map(|index| {
        let mut replaced = columns;
        replaced[index] = target;
        determinant(replaced) / determinant(columns)
    })
}

fn u16_be(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |value| u16::from_be_bytes(*value))
}

fn u32_be(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |value| u32::from_be_bytes(*value))
}

/// A number of 16 bits before the point and 16 after it (4.6).
fn fixed(bytes: &[u8], at: usize) -> f64 {
    f64::from(u32_be(bytes, at).cast_signed()) / 65_536.0
}
