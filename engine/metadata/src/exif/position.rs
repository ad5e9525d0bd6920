//! The place and the time of a photo, from the GPS directory (EXIF 2.32 section 4.6.6).

use super::{Exif, directory::Group, kind::Number, value};
use serde::Serialize;

/// A place in decimal degrees.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Degrees north of the equator, to six decimals.
    pub latitude: f64,
    /// Degrees east of Greenwich, to six decimals.
    pub longitude: f64,
    /// Metres above the sea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
    /// The time in UTC, as `2024-05-01T10:11:12Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The direction of the camera in degrees clockwise from north.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub img_direction: Option<f64>,
    /// The error of the place in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizontal_error: Option<f64>,
}

/// Tags of the GPS directory.
mod tag {
    pub(super) const LATITUDE_REF: u16 = 0x01;
    pub(super) const LATITUDE: u16 = 0x02;
    pub(super) const LONGITUDE_REF: u16 = 0x03;
    pub(super) const LONGITUDE: u16 = 0x04;
    pub(super) const ALTITUDE_REF: u16 = 0x05;
    pub(super) const ALTITUDE: u16 = 0x06;
    pub(super) const TIME: u16 = 0x07;
    pub(super) const DIRECTION: u16 = 0x11;
    pub(super) const DATE: u16 = 0x1D;
    pub(super) const ERROR: u16 = 0x1F;
}

impl Exif<'_> {
    /// Returns whether the block has a GPS directory with entries, shown or not.
    pub fn has_place(&self) -> bool {
        self.shown.iter().chain(&self.withheld).any(|entry| entry.group == Group::GpsInfo)
    }

    /// Returns the place among the entries that are shown; `None` without both coordinates.
    pub fn position(&self) -> Option<Position> {
        let latitude = self.degrees(tag::LATITUDE, tag::LATITUDE_REF, b'S', 90.0)?;
        let longitude = self.degrees(tag::LONGITUDE, tag::LONGITUDE_REF, b'W', 180.0)?;
        let first = |tag| self.gps_numbers(tag)?.first().copied();
        let is_below = matches!(self.gps_bytes(tag::ALTITUDE_REF), Some([1 | 3, ..]));
        let altitude = first(tag::ALTITUDE).map(|metres| if is_below { -metres } else { metres });
        Some(Position {
            latitude,
            longitude,
            altitude: altitude.map(|metres| round(metres, 2)),
            timestamp: self.timestamp(),
            img_direction: first(tag::DIRECTION).map(|degrees| round(degrees, 2)),
            horizontal_error: first(tag::ERROR).map(|metres| round(metres, 2)),
        })
    }

    /// Degrees, minutes and seconds as signed degrees, within `max`.
    fn degrees(&self, tag: u16, reference: u16, negative: u8, max: f64) -> Option<f64> {
        let parts = self.gps_numbers(tag)?;
        let units = [1.0, 1.0 / 60.0, 1.0 / 3600.0];
        let degrees: f64 = parts.iter().zip(units).map(|(part, unit)| part * unit).sum();
        let is_negative = self.gps_bytes(reference)?.first()?.to_ascii_uppercase() == negative;
        let degrees = if is_negative { -degrees } else { degrees };
        (degrees.abs() <= max).then(|| round(degrees, 6))
    }

    fn timestamp(&self) -> Option<String> {
        let date = value::text(self.gps_bytes(tag::DATE)?);
        let mut parts = date.splitn(3, [':', '-']).map(|part| part.trim().parse::<u32>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let time = self.gps_numbers(tag::TIME)?;
        let &[hour, minute, second] = time.as_slice() else { return None };
        let is_valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && (0.0..24.0).contains(&hour)
            && (0.0..60.0).contains(&minute)
            && (0.0..61.0).contains(&second);
        is_valid.then(|| {
            format!("{year:04}-{month:02}-{day:02}T{hour:02.0}:{minute:02.0}:{:02.0}Z", second.floor())
        })
    }

    /// The numbers of an entry of the GPS directory; `None` if one is not finite.
    fn gps_numbers(&self, tag: u16) -> Option<Vec<f64>> {
        let (kind, bytes) = self.gps_value(tag)?;
        if !kind.is_number() {
            return None;
        }
        let numbers = bytes.chunks_exact(kind.bytes()).take(3);
        numbers.map(|number| finite(kind.number(number, self.order))).collect()
    }

    fn gps_bytes(&self, tag: u16) -> Option<&[u8]> {
        self.gps_value(tag).map(|(_, bytes)| bytes)
    }

    fn gps_value(&self, tag: u16) -> Option<(super::kind::Kind, &[u8])> {
        let is_it = |entry: &&super::directory::Entry| entry.group == Group::GpsInfo && entry.tag == tag;
        let entry = self.shown.iter().find(is_it)?;
        Some((entry.kind?, self.tiff.get(entry.value.clone()?)?))
    }
}

fn finite(number: Number) -> Option<f64> {
    let number = match number {
        Number::Unsigned(number) => number as f64,
        Number::Signed(number) => number as f64,
        Number::Float(number) => number.into(),
        Number::Double(number) => number,
        Number::Ratio { numerator, denominator } => numerator as f64 / denominator as f64,
    };
    number.is_finite().then_some(number)
}

fn round(number: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (number * unit).round() / unit
}
