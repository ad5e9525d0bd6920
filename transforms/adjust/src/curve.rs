//! The changes of each sample by itself, as one curve.

/// Exposure, gamma, brightness and contrast, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Curve {
    /// Stops.
    pub(crate) exposure: f64,
    /// The inverse of the exponent.
    pub(crate) gamma: f64,
    /// A factor.
    pub(crate) brightness: f64,
    /// A factor around the middle.
    pub(crate) contrast: f64,
}

impl Curve {
    pub(crate) fn is_identity(&self) -> bool {
        *self == Self { exposure: 0.0, gamma: 1.0, brightness: 1.0, contrast: 1.0 }
    }

    /// Returns the level, from 0 to 1, for a level; each change cuts off what is beyond.
    pub(crate) fn at(&self, level: f64) -> f64 {
        // Without an exposure the way to light and back would only round.
        let level = if self.exposure == 0.0 {
            level
        } else {
            from_light((to_light(level) * self.exposure.exp2()).min(1.0))
        };
        let level = (level.powf(1.0 / self.gamma) * self.brightness).min(1.0);
        ((level - 0.5) * self.contrast + 0.5).clamp(0.0, 1.0)
    }
}

/// Returns the light, from 0 to 1, of an sRGB level: IEC 61966-2-1, 5.2.
fn to_light(level: f64) -> f64 {
    if level <= 0.040_45 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
}

/// The inverse of [`to_light`].
fn from_light(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}
