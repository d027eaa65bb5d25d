//! What is wrong with what a caller wishes, all of it at once.

use std::fmt;
use std::ops::RangeInclusive;

/// The path of a field below another; of the field itself where there is none above it.
pub fn field_path(parent: &str, name: impl fmt::Display) -> String {
    if parent.is_empty() { name.to_string() } else { format!("{parent}.{name}") }
}

/// What is told of a number that is out of its range.
pub fn out_of<T: fmt::Display>(range: &RangeInclusive<T>) -> String {
    format!("must be {} to {}", range.start(), range.end())
}

/// One fault, with the path of the field that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The path in the body, such as `modules.onboarding.postgresql.port`; or the name of a parameter.
    pub field: String,
    /// What would be right, or what is wrong.
    pub problem: String,
}

/// Everything that is wrong; never empty where it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invalid(Vec<FieldProblem>);

impl Invalid {
    /// With one fault.
    pub fn one(field: impl Into<String>, problem: impl fmt::Display) -> Self {
        let mut invalid = Self::default();
        invalid.add(field, problem);
        invalid
    }

    /// Adds a fault.
    pub fn add(&mut self, field: impl Into<String>, problem: impl fmt::Display) {
        self.0.push(FieldProblem { field: field.into(), problem: problem.to_string() });
    }

    /// The value, or `None` and the fault noted under `field`.
    pub fn take<T, E: fmt::Display>(&mut self, field: impl Into<String>, result: Result<T, E>) -> Option<T> {
        result.inspect_err(|problem| self.add(field, problem)).ok()
    }

    /// Adds a fault if the number is out of the range.
    pub fn check_range<T: fmt::Display + PartialOrd>(
        &mut self,
        field: impl Into<String>,
        number: &T,
        range: &RangeInclusive<T>,
    ) {
        if !range.contains(number) {
            self.add(field, out_of(range));
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything is wrong with this field, or with one below it.
    pub fn is_about(&self, field: &str) -> bool {
        let is_below = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.0.iter().any(|fault| fault.field.strip_prefix(field).is_some_and(is_below))
    }

    /// The value, if nothing is wrong. One that is not there is a fault, also where nothing was noted of it.
    pub fn settle<T>(mut self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => return Ok(value),
            None if self.0.is_empty() => self.add("", "something that is needed is not there"),
            _ => {}
        }
        Err(self)
    }

    /// The faults in the order they were found.
    pub fn problems(&self) -> &[FieldProblem] {
        &self.0
    }

    /// An error if there is any fault.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, FieldProblem { field, problem }) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{field}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_told_at_once() {
        let mut invalid = Invalid::default();
        assert_eq!(invalid.take("port", "80".parse::<u16>()), Some(80));
        assert_eq!(invalid.take::<u16, _>("port", Err("must be 1 to 65535")), None);
        invalid.add("host", "must not be empty");
        assert_eq!(invalid.to_string(), "port: must be 1 to 65535; host: must not be empty");
        assert!(invalid.is_about("port") && !invalid.is_about("por"));
        invalid.add("modules.1.name", "must be given only once");
        assert!(invalid.is_about("modules") && !invalid.is_about("modules.1.names"));
        assert!(invalid.clone().settle(Some(1)).is_err());
        assert_eq!(Invalid::default().settle(Some(1)), Ok(1));
        assert!(Invalid::default().settle::<u8>(None).is_err());
        assert!(invalid.into_result().is_err());
        assert_eq!(Invalid::default().into_result(), Ok(()));
    }
}
