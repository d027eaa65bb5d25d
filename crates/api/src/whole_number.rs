//! Whole numbers in bodies.

use std::fmt;
use std::ops::RangeInclusive;

use domain::{Invalid, out_of};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A whole number of any size, as JSON has it. One that is out of range is no fault of the form: it is told beside all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WholeNumber(i128);

impl WholeNumber {
    /// The number as one of this type. What is too big or too small for the type is noted with its range, and stands as the
    /// beginning of it; what fits the type is for the rules to judge.
    pub(crate) fn noted<T: TryFrom<i128> + Copy + fmt::Display>(
        self,
        range: &RangeInclusive<T>,
        field: impl Into<String>,
        invalid: &mut Invalid,
    ) -> T {
        T::try_from(self.0).unwrap_or_else(|_too_wide| {
            invalid.add(field, out_of(range));
            *range.start()
        })
    }
}

impl<T: Into<i128>> From<T> for WholeNumber {
    fn from(number: T) -> Self {
        Self(number.into())
    }
}

impl serde::Serialize for WholeNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u64::try_from(self.0) {
            Ok(number) => serializer.serialize_u64(number),
            Err(_too_wide) => serializer.serialize_i128(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNumber)
    }
}

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = WholeNumber;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<WholeNumber, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<WholeNumber, E> {
        Ok(number.into())
    }

    /// `1.0` is a whole number, as JSON Schema has it. Those of more than 64 bits come like this, too; which one it is does
    /// not matter, as nothing is that big.
    fn visit_f64<E: Error>(self, number: f64) -> Result<WholeNumber, E> {
        if number.fract() == 0.0 {
            return Ok(WholeNumber(number as i128));
        }
        Err(E::invalid_type(Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_noted_and_what_is_no_number_is_none() {
        for (json, faults) in
            [("1", 0), ("65535", 0), ("65536", 1), ("-1", 1), ("123456789012345678901234567890", 1)]
        {
            let number: WholeNumber = serde_json::from_str(json).unwrap();
            let mut invalid = Invalid::default();
            let port = number.noted(&domain::PORTS, "port", &mut invalid);
            assert_eq!(invalid.problems().len(), faults, "{json}");
            assert_eq!(port.to_string() == json, faults == 0, "{json}");
            assert!(faults == 0 || invalid.to_string() == "port: must be 1 to 65535", "{invalid}");
        }
        for (json, number) in [("1.0", 1), ("-0.0", 0), ("5e3", 5_000)] {
            assert_eq!(serde_json::from_str::<WholeNumber>(json).unwrap(), number.into(), "{json}");
        }
        for json in ["1.5", "1e-1", "\"1\"", "null", "true", "[]"] {
            let error = serde_json::from_str::<WholeNumber>(json).unwrap_err().to_string();
            assert!(error.contains("expected a whole number"), "{error}");
        }
    }
}
