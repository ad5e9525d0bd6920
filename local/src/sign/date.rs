//! `20260131T235959Z`, the format of dates in signatures.

use std::time::{Duration, SystemTime};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// Formats `time`.
pub(super) fn format(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    format!("{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", u8::from(month))
}

/// Parses `text`; `None` if it has another format.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    if !text.is_ascii() || date.len() != 8 || time.len() != 6 {
        return None;
    }
    let part = |text: &str| text.parse::<u8>().ok();
    let month = Month::try_from(part(&date[4..6])?).ok()?;
    let date = Date::from_calendar_date(date[..4].parse().ok()?, month, part(&date[6..])?).ok()?;
    let time = Time::from_hms(part(&time[..2])?, part(&time[2..4])?, part(&time[4..])?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc().into())
}

/// Returns the absolute difference of `a` and `b`.
pub(super) fn distance(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_inverts_formatting() {
        for seconds in [0, 951_827_696, 1_735_689_599, 4_102_444_800] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(parse(&format(time)), Some(time));
        }
        assert_eq!(format(SystemTime::UNIX_EPOCH + Duration::from_secs(951_827_696)), "20000229T123456Z");
    }

    #[test]
    fn other_formats_are_rejected() {
        for text in ["", "Z", "20000230T000000Z", "20000101T240000Z", "20000101T000000", "2000-01-01T00:00Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("2000é101T000000Z"), None);
    }
}
