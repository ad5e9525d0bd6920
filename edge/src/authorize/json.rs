//! Strict JSON objects: duplicate names and deep nesting are rejected.
//!
//! Parsers differ in which of two duplicate names they use. A token with duplicates could therefore mean one
//! thing to the program that checks it and another to the program that uses it (RFC 7515 section 4).

use super::refusal::Reason;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::{cell::Cell, fmt};

/// Maximum nesting of arrays and objects in a token or a key set. Real ones have up to four levels.
pub const MAX_DEPTH: usize = 16;

/// Parses an object.
///
/// # Errors
/// [`Reason::Malformed`], [`Reason::DuplicateName`] or [`Reason::TooDeep`].
pub(super) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Reason> {
    let reason = Cell::new(Reason::Malformed);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = StrictValue { levels_left: MAX_DEPTH, reason: &reason }
        .deserialize(&mut reader)
        .map_err(|_| reason.get())?;
    reader.end().map_err(|_| Reason::Malformed)?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(Reason::Malformed),
    }
}

#[derive(Clone, Copy)]
struct StrictValue<'a> {
    /// Remaining levels of nesting.
    levels_left: usize,
    /// Reason to report if deserialization fails.
    reason: &'a Cell<Reason>,
}

impl StrictValue<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self { levels_left, ..self }),
            None => Err(self.fail(Reason::TooDeep)),
        }
    }

    fn fail<E: serde::de::Error>(self, reason: Reason) -> E {
        self.reason.set(reason);
        E::custom(reason)
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let (inner, mut items) = (self.deeper()?, Vec::new());
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let (inner, mut object) = (self.deeper()?, Map::new());
        while let Some(name) = access.next_key::<String>()? {
            if object.insert(name, access.next_value_seed(inner)?).is_some() {
                return Err(self.fail(Reason::DuplicateName));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_objects_are_rejected() {
        let check = |text: &str, expected| assert_eq!(object(text.as_bytes()).err(), expected, "{text}");
        check(r#"{"a":1,"b":[true,null,-1,1.5,"x",{"a":1}]} "#, None);
        check(r#"{"a":1,"a":1}"#, Some(Reason::DuplicateName));
        check(r#"{"a":1,"\u0061":2}"#, Some(Reason::DuplicateName));
        check(r#"{"a":[{"b":{"c":1,"c":1}}]}"#, Some(Reason::DuplicateName));
        check("[]", Some(Reason::Malformed));
        check("{}{}", Some(Reason::Malformed));
        check(r#"{"a":1e400}"#, Some(Reason::Malformed));
        check("{'a':1}", Some(Reason::Malformed));
        check("", Some(Reason::Malformed));
        let nested = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        check(&nested(MAX_DEPTH - 1), None);
        check(&nested(MAX_DEPTH), Some(Reason::TooDeep));
        check(&nested(100_000), Some(Reason::TooDeep));
        assert_eq!(object(b"{\"a\":\"\xff\"}").err(), Some(Reason::Malformed));
    }
}
