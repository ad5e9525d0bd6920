//! Numbers of settings with units, such as `128MiB`.

/// A unit and its factor.
type Unit = (&'static str, u64);

/// Units of bytes in any letter case: multiples of 1024, of 1000 if the unit ends in B without an i.
const BYTES: [Unit; 18] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("tb", 1_000_000_000_000),
];

/// Units of other numbers in any letter case.
const COUNTS: [Unit; 5] = [("", 1), ("k", 1_000), ("m", 1_000_000), ("mp", 1_000_000), ("g", 1_000_000_000)];

/// Parses a number of bytes, such as `4096`, `128MiB`, `1.5 GB` or `512m`.
///
/// # Errors
/// The form of a valid value.
pub fn parse_bytes(text: &str) -> Result<u64, &'static str> {
    parse(text, &BYTES).ok_or("expected bytes, such as 4096, 128MiB or 1.5GB")
}

/// Parses a number, such as `50000000` or `50M`.
///
/// # Errors
/// The form of a valid value.
pub fn parse_count(text: &str) -> Result<u64, &'static str> {
    parse(text, &COUNTS).ok_or("expected a number, such as 50000000 or 50M")
}

fn parse(text: &str, units: &[Unit]) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim();
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    if let Ok(number) = number.parse::<u64>() {
        return number.checked_mul(*factor);
    }
    // A fraction of a unit need not be exact to a byte.
    let product = number.parse::<f64>().ok().filter(|_| 1 < *factor)? * *factor as f64;
    (product < u64::MAX as f64).then(|| product.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_may_have_a_unit() {
        let bytes = |text, expected| assert_eq!(parse_bytes(text).ok(), expected, "{text}");
        bytes("0", Some(0));
        bytes("4096", Some(4096));
        bytes("18446744073709551615", Some(u64::MAX));
        bytes("128MiB", Some(128 << 20));
        bytes("128 mib", Some(128 << 20));
        bytes("512m", Some(512 << 20));
        bytes("1.5GiB", Some(3 << 29));
        bytes("1.5GB", Some(1_500_000_000));
        bytes("8k", Some(8192));
        for text in [
            "",
            "MiB",
            "-1",
            "+1",
            "1.5",
            "1e3",
            "1 MiB/s",
            "1..5k",
            "1x",
            "18446744073709551615k",
            "99999999999999999999.5k",
            "١",
        ] {
            bytes(text, None);
        }
        let count = |text, expected| assert_eq!(parse_count(text).ok(), expected, "{text}");
        count("50000000", Some(50_000_000));
        count("50M", Some(50_000_000));
        count("50MP", Some(50_000_000));
        count("2.5k", Some(2500));
        count("50MiB", None);
    }
}
