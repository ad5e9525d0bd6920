//! The strategy `attention` of `vips_smartcrop`: the middle of the part is where edges, saturated colours and colours of
//! skin are.

use super::miniature::Miniature;

/// The side of the image that is examined, as in libvips.
pub(super) const SIDE: usize = 32;

/// The direction of skin in XYZ, which libvips has from smartcrop.js.
const SKIN: [f32; 3] = [0.78, 0.57, 0.44];

/// Y, from 0 to 100, below which colours do not count.
const DARK: f32 = 5.0;

/// Returns the start, in shares of the image, of a part of these shares.
pub(super) fn start(image: &Miniature, part: (f64, f64)) -> (f64, f64) {
    let side = SIDE as f64;
    let sigma = ((part.0 * side).hypot(part.1 * side) / 10.0).max(1.0);
    let scores = blurred(&scores(image), sigma);
    let best = (0..scores.len()).fold(0, |best, i| if scores[best] < scores[i] { i } else { best });
    let axis =
        |at: usize, part: f64| ((at as f64 + 0.5) / side - part / 2.0).clamp(0.0, (1.0 - part).max(0.0));
    (axis(best % SIDE, part.0), axis(best / SIDE, part.1))
}

/// Returns the attention that each pixel draws.
fn scores(image: &Miniature) -> Vec<f32> {
    let xyz: Vec<[f32; 3]> = image.pixels.iter().map(|rgb| xyz(*rgb)).collect();
    let light = |x: usize, y: usize| xyz[y * SIDE + x][1];
    let score = |i: usize| {
        let (x, y) = (i % SIDE, i / SIDE);
        let (left, right) = (x.saturating_sub(1), (x + 1).min(SIDE - 1));
        let (above, below) = (y.saturating_sub(1), (y + 1).min(SIDE - 1));
        let around = light(left, y) + light(right, y) + light(x, above) + light(x, below);
        let edge = 5.0 * (4.0 * light(x, y) - around).abs();
        let colour = xyz[i];
        if colour[1] < DARK { edge } else { edge + skin(colour) + saturation(colour) }
    };
    (0..xyz.len()).map(score).collect()
}

fn skin(xyz: [f32; 3]) -> f32 {
    let length = xyz.iter().map(|value| value * value).sum::<f32>().sqrt();
    let distance = xyz.iter().zip(SKIN).map(|(value, skin)| (value / length - skin).powi(2)).sum::<f32>();
    100.0 - 100.0 * distance.sqrt()
}

/// Returns a* of CIE L*a*b*, as libvips does.
fn saturation([x, y, _]: [f32; 3]) -> f32 {
    let root = |share: f32| if share > 0.008_856 { share.cbrt() } else { 7.787 * share + 16.0 / 116.0 };
    500.0 * (root(x / 95.047) - root(y / 100.0))
}

/// Converts sRGB, 0 to 255, to XYZ with a white of 100: IEC 61966-2-1.
fn xyz(rgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(|sample| {
        let level = sample / 255.0;
        100.0 * if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    });
    [
        0.4124 * r + 0.3576 * g + 0.1805 * b,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        0.0193 * r + 0.1192 * g + 0.9505 * b,
    ]
}

/// Blurs with a Gaussian along both axes; beyond its edges the image continues with its last pixels.
fn blurred(values: &[f32], sigma: f64) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as isize;
    let taps: Vec<f32> =
        (-radius..=radius).map(|x| (-0.5 * (x as f64 / sigma).powi(2)).exp() as f32).collect();
    let at = |i: usize, x: isize| i.saturating_add_signed(x).min(SIDE - 1);
    let along = |values: &[f32], place: &dyn Fn(usize, isize) -> usize| -> Vec<f32> {
        let sum = |i: usize| (-radius..=radius).zip(&taps).map(|(x, tap)| tap * values[place(i, x)]).sum();
        (0..values.len()).map(sum).collect()
    };
    let rows = along(values, &|i, x| i / SIDE * SIDE + at(i % SIDE, x));
    along(&rows, &|i, y| at(i / SIDE, y) * SIDE + i % SIDE)
}
