//! CMYK profiles that are tables of 8 or 16 bits (ICC.1:2022, 10.10 and 10.11), evaluated for each pixel.
//!
//! A colour engine samples such a table on a grid in the curve of its target, which costs up to some levels of 255.
//! `moxcms` does not compensate for the black of CMYK, which is a dark grey on a screen.

use super::encode;
use moxcms::{ColorProfile, DataColorSpace, LutStore, LutType, LutWarehouse, ProfileVersion};
use std::array;

/// CIE XYZ relative to the profile connection space.
type Xyz = [f32; 3];

/// The white of the profile connection space, D50 (ICC.1:2022, 7.2.16).
const WHITE: Xyz = [0.9642, 1.0, 0.8249];
/// The black of the perceptual intent in version 4 (ICC.1:2022, 6.4.3).
const PERCEPTUAL_BLACK: Xyz = [0.003_36, 0.003_473_1, 0.002_87];
/// The most that XYZ can be in its encoding (ICC.1:2022, 6.3.4.2).
const MAX_XYZ: f32 = 1.0 + 32_767.0 / 32_768.0;
/// Steps of the curve of sRGB; the error of interpolation is below 0.01 of 255.
const CURVE_STEPS: usize = 4096;

/// A conversion of CMYK of 8 bits to sRGB with perceptual intent and black point compensation (ISO 18619).
pub(super) struct CmykTable {
    /// The position on the grid for each level of cyan, magenta, yellow and black.
    positions: [[f32; 256]; 4],
    /// Points of the grid on each axis.
    grid: usize,
    /// Shape `[grid, grid, grid, grid, 3]`, axes in the order of the channels, 0 to 1.
    nodes: Vec<f32>,
    curves: [Vec<f32>; 3],
    space: Space,
    /// The black that becomes 0.
    black: Xyz,
    /// The rows of the matrix from XYZ to the linear light of sRGB's primaries.
    to_linear: [Xyz; 3],
    /// sRGB, 0 to 255, for steps of linear light.
    encoded: Vec<f32>,
}

/// The encoding of the results of a table (ICC.1:2022, 6.3.4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Xyz,
    Lab,
    /// Lab as tables of 16 bits have it in every version.
    OldLab,
}

impl CmykTable {
    /// Returns `None` for a profile of another kind, and for one whose tables have other sizes than it states.
    pub(super) fn new(profile: &ColorProfile) -> Option<Self> {
        let lut = profile.lut_a_to_b_perceptual.as_ref().or(profile.lut_a_to_b_colorimetric.as_ref())?;
        let LutWarehouse::Lut(lut) = lut else { return None };
        let space = match (profile.pcs, lut.lut_type) {
            (DataColorSpace::Xyz, _) => Space::Xyz,
            (DataColorSpace::Lab, LutType::Lut16) => Space::OldLab,
            (DataColorSpace::Lab, _) => Space::Lab,
            _ => return None,
        };
        let grid = usize::from(lut.num_clut_grid_points);
        let nodes = normalized(&lut.clut_table);
        let is_whole = (lut.num_input_channels, lut.num_output_channels) == (4, 3)
            && 2 <= grid
            && grid.checked_pow(4)?.checked_mul(3)? == nodes.len();
        if !is_whole {
            return None;
        }
        let inputs: [_; 4] = curves(&lut.input_table, lut.num_input_table_entries)?;
        let last = (grid - 1) as f32;
        let positions =
            inputs.map(|curve| array::from_fn(|level| interpolated(&curve, level as f32 / 255.0) * last));
        let to_linear = ColorProfile::new_srgb().rgb_to_xyz_matrix().inverse().v;
        let mut table = Self {
            positions,
            grid,
            nodes,
            curves: curves(&lut.output_table, lut.num_output_table_entries)?,
            space,
            black: [0.0; 3],
            to_linear: to_linear.map(|row| row.map(|value| value as f32)),
            encoded: (0..=CURVE_STEPS).map(|step| 255.0 * encode(step as f32 / CURVE_STEPS as f32)).collect(),
        };
        let is_perceptual = profile.lut_a_to_b_perceptual.is_some();
        table.black = if is_perceptual && ProfileVersion::V4_0 <= profile.version() {
            PERCEPTUAL_BLACK
        } else {
            table.darkest()
        };
        Some(table)
    }

    /// Converts a pixel.
    pub(super) fn convert(&self, cmyk: [u8; 4]) -> [u8; 3] {
        let xyz = self.xyz(cmyk);
        let light: Xyz = array::from_fn(|axis| {
            WHITE[axis] * (xyz[axis] - self.black[axis]) / (WHITE[axis] - self.black[axis])
        });
        self.to_linear.map(|row| {
            let linear: f32 = row.iter().zip(light).map(|(factor, value)| factor * value).sum();
            (interpolated(&self.encoded, linear) + 0.5) as u8
        })
    }

    /// The XYZ of full coverage in all channels, without its hue, and at most of half the lightness of white (ISO 18619, 5.2).
    fn darkest(&self) -> Xyz {
        const MAX_LIGHTNESS: f32 = 50.0;
        let [_, y, _] = self.xyz([255; 4]);
        let lightness = (116.0 * lightness_root(y) - 16.0).clamp(0.0, MAX_LIGHTNESS);
        xyz_from_lab([lightness, 0.0, 0.0])
    }

    fn xyz(&self, cmyk: [u8; 4]) -> Xyz {
        let position = array::from_fn(|axis| self.positions[axis][usize::from(cmyk[axis])]);
        let coded = self.interpolate(position);
        let [x, y, z]: Xyz = array::from_fn(|axis| interpolated(&self.curves[axis], coded[axis]));
        match self.space {
            Space::Xyz => [x, y, z].map(|value| value * MAX_XYZ),
            Space::Lab => xyz_from_lab([x * 100.0, y * 255.0 - 128.0, z * 255.0 - 128.0]),
            Space::OldLab => {
                let chroma = |value: f32| value * (65_535.0 / 256.0) - 128.0;
                xyz_from_lab([x * (100.0 * 65_535.0 / 65_280.0), chroma(y), chroma(z)])
            }
        }
    }

    /// Interpolates linearly in cyan, and in the tetrahedron of the other three, as littlecms does.
    fn interpolate(&self, position: [f32; 4]) -> [f32; 3] {
        let Self { grid, nodes, .. } = self;
        let floor = position.map(|value| (value as usize).min(grid - 2));
        let [cyan, others @ ..]: [f32; 4] = array::from_fn(|axis| position[axis] - floor[axis] as f32);
        let steps = [grid * grid * 3, grid * 3, 3];
        let start = floor.iter().fold(0, |at, axis| at * grid + axis) * 3;
        // From the corner with none of the three to the one with all, along the axes in the order of their fractions.
        let mut order = [0, 1, 2];
        order.sort_unstable_by(|a, b| others[*b].total_cmp(&others[*a]));
        let mut result = [0.0; 3];
        for (cell, share) in [(start, 1.0 - cyan), (start + grid * grid * grid * 3, cyan)] {
            let mut at = cell;
            let mut before = 1.0;
            for axis in order.map(Some).into_iter().chain([None]) {
                let fraction = axis.map_or(0.0, |axis| others[axis]);
                let weight = share * (before - fraction);
                for (sum, node) in result.iter_mut().zip(&nodes[at..at + 3]) {
                    *sum += weight * node;
                }
                at += axis.map_or(0, |axis| steps[axis]);
                before = fraction;
            }
        }
        result
    }
}

/// The values of a table, 0 to 1.
fn normalized(table: &LutStore) -> Vec<f32> {
    match table {
        LutStore::Store8(values) => values.iter().map(|value| f32::from(*value) / 255.0).collect(),
        LutStore::Store16(values) => values.iter().map(|value| f32::from(*value) / 65_535.0).collect(),
    }
}

/// The first `N` curves of `entries` values each; `None` if there are fewer.
fn curves<const N: usize>(table: &LutStore, entries: u16) -> Option<[Vec<f32>; N]> {
    let values = normalized(table);
    let entries = usize::from(entries);
    if entries < 2 || values.len() < N * entries {
        return None;
    }
    Some(array::from_fn(|index| values[index * entries..][..entries].to_vec()))
}

/// The value of a curve at `at`, which is clamped to 0 to 1. A curve has two points or more.
fn interpolated(curve: &[f32], at: f32) -> f32 {
    let last = curve.len() - 1;
    let at = at.clamp(0.0, 1.0) * last as f32;
    let first = (at as usize).min(last - 1);
    let [before, after] = [curve[first], curve[first + 1]];
    before + (after - before) * (at - first as f32)
}

/// CIE 1976 L*a*b* to XYZ (ISO/CIE 11664-4).
fn xyz_from_lab([lightness, a, b]: [f32; 3]) -> Xyz {
    let y = (lightness + 16.0) / 116.0;
    let cube = |root: f32| {
        if 6.0 / 29.0 < root { root * root * root } else { (root - 4.0 / 29.0) * (108.0 / 841.0) }
    };
    let roots = [y + a / 500.0, y, y - b / 200.0];
    array::from_fn(|axis| WHITE[axis] * cube(roots[axis]))
}

/// The function of which [`xyz_from_lab`] has the inverse.
fn lightness_root(y: f32) -> f32 {
    if 216.0 / 24_389.0 < y { y.cbrt() } else { y * (841.0 / 108.0) + 4.0 / 29.0 }
}
