//! The main colours of a picture: k-means in Oklab, with starts that do not depend on chance.

use crate::oklab::{Lab, distance, from_srgb, to_srgb};
use safelight_core::{Result, Stop};
use safelight_filters::Thumbnail;
use std::collections::HashMap;

/// The most rounds. Most pictures need fewer than twenty.
const MAX_ROUNDS: usize = 40;
/// Colours are counted together if they agree in so many high bits.
const BITS: u32 = 6;

/// A main colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cluster {
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// Its share of the picture, from 0 to 1; transparent pixels count less.
    pub share: f64,
}

impl Cluster {
    /// Returns the colour as `#rrggbb`.
    pub fn hex(&self) -> String {
        let [red, green, blue] = self.colour;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Returns at most `count` main colours of `picture`, those with the largest shares first. A picture of fewer colours has
/// fewer, and one that is transparent has none.
///
/// # Errors
/// Those of [`Stop::check`].
pub fn clusters(picture: &Thumbnail, count: usize, stop: &Stop) -> Result<Vec<Cluster>> {
    let points = points(picture);
    let total: f64 = points.iter().map(|(_, weight)| weight).sum();
    let mut centres = starts(&points, count);
    let mut sums = Vec::new();
    for _ in 0..MAX_ROUNDS {
        stop.check()?;
        sums = vec![([0.0; 3], 0.0); centres.len()];
        for (colour, weight) in &points {
            let nearest = (0..centres.len()).min_by(|one, two| {
                distance(*colour, centres[*one]).total_cmp(&distance(*colour, centres[*two]))
            });
            let Some((sum, share)) = nearest.and_then(|nearest| sums.get_mut(nearest)) else { continue };
            sum.iter_mut().zip(colour).for_each(|(sum, value)| *sum += value * weight);
            *share += weight;
        }
        let mut has_moved = false;
        for (centre, (sum, share)) in centres.iter_mut().zip(&sums) {
            if 0.0 < *share {
                let mean = sum.map(|sum| sum / share);
                has_moved |= 1e-9 < distance(mean, *centre);
                *centre = mean;
            }
        }
        if !has_moved {
            break;
        }
    }
    let shares = sums.iter().map(|(_, share)| share / total);
    let mut clusters: Vec<_> = centres
        .iter()
        .zip(shares)
        .map(|(centre, share)| Cluster { colour: to_srgb(*centre), share })
        .collect();
    clusters.retain(|cluster| 0.0 < cluster.share);
    clusters.sort_by(|one, two| two.share.total_cmp(&one.share).then(one.colour.cmp(&two.colour)));
    Ok(clusters)
}

/// The colours of a picture with their weights, in the order of their first pixels.
fn points(picture: &Thumbnail) -> Vec<(Lab, f64)> {
    let mut index = HashMap::new();
    let mut sums: Vec<([f64; 3], f64)> = Vec::new();
    for &[red, green, blue, alpha] in picture.rgba.as_chunks::<4>().0 {
        if alpha == 0 {
            continue;
        }
        let colour = [red, green, blue];
        let key = colour.map(|sample| sample >> (8 - BITS));
        let at = *index.entry(key).or_insert_with(|| {
            sums.push(([0.0; 3], 0.0));
            sums.len() - 1
        });
        let (sum, weight) = &mut sums[at];
        let alpha = f64::from(alpha);
        sum.iter_mut().zip(from_srgb(colour)).for_each(|(sum, value)| *sum += value * alpha);
        *weight += alpha;
    }
    sums.into_iter().map(|(sum, weight)| (sum.map(|sum| sum / weight), weight)).collect()
}

/// The first centres: the most frequent colour, then each time the one whose weight and distance to all centres are
/// largest.
fn starts(points: &[(Lab, f64)], count: usize) -> Vec<Lab> {
    let mut centres = Vec::with_capacity(count);
    let mut far = vec![f64::INFINITY; points.len()];
    while centres.len() < count.min(points.len()) {
        let score = |at: &usize| if centres.is_empty() { points[*at].1 } else { points[*at].1 * far[*at] };
        // Of equal ones the first.
        let best = (0..points.len()).rev().max_by(|one, two| score(one).total_cmp(&score(two)));
        let Some(best) = best.filter(|best| 0.0 < score(best)) else { break };
        let centre = points[best].0;
        for (far, (colour, _)) in far.iter_mut().zip(points) {
            *far = far.min(distance(*colour, centre));
        }
        centres.push(centre);
    }
    centres
}
