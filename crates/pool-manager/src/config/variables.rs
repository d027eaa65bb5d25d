//! The environment as it was handed in.

use std::ffi::OsString;

use serde::de::DeserializeOwned;

use super::{Problem, Variable};

/// Environment variables, read once. Only `main` takes them from the process; tests hand in pairs.
#[derive(Clone, Default)]
pub struct Variables {
    variables: Vec<(String, String)>,
    not_unicode: Vec<String>,
}

impl Variables {
    /// The variables of the process. A value that is not UTF-8 is kept aside and becomes a fault when its name is
    /// one of ours; anybody else's is no business of ours.
    pub fn from_os(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => environment.add(name, value),
                (Ok(name), Err(_)) => environment.not_unicode.push(name),
                (Err(_), _) => {}
            }
        }
        environment
    }

    // Names are matched in capitals only, as the shell does. envy folds case, so `version` beside `VERSION` would
    // otherwise be a duplicate.
    fn add(&mut self, name: String, value: String) {
        if !name.chars().any(char::is_lowercase) {
            self.variables.push((name, value));
        }
    }

    /// One section: the variables that begin with `prefix`, without it. Sections hold optional texts only, so that
    /// every bad value can be reported with its name; the error of envy is therefore a repeated name.
    pub(super) fn section<T: DeserializeOwned + Default>(
        &self,
        prefix: &'static str,
        problems: &mut Vec<Problem>,
    ) -> T {
        let variables = self.variables.iter().cloned();
        let section = if prefix.is_empty() {
            envy::from_iter(variables)
        } else {
            envy::prefixed(prefix).from_iter(variables)
        };
        section.unwrap_or_else(|source| {
            problems.push(Problem::Section { prefix, source });
            T::default()
        })
    }

    /// The names that begin with `prefix`, in order.
    pub(super) fn names(&self, prefix: &str) -> Vec<&str> {
        let names = self.variables.iter().map(|(name, _)| name).chain(&self.not_unicode);
        let mut names: Vec<&str> =
            names.map(String::as_str).filter(|name| name.starts_with(prefix)).collect();
        names.sort_unstable();
        names
    }

    /// The same, where what `others` bring counts in place of what was there.
    pub(crate) fn overlaid(mut self, others: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in others {
            self.variables.retain(|(known, _)| *known != name);
            self.not_unicode.retain(|known| *known != name);
            self.add(name, value);
        }
        self
    }

    /// Whether the variable is there, blank or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|(known, _)| known == name)
            || self.not_unicode.iter().any(|known| known == name)
    }

    /// Names of known variables whose value `is` so, in the order of the catalogue.
    pub(crate) fn known_that(&self, is: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let is_so = |name: &str| self.variables.iter().any(|(known, value)| known == name && is(value));
        Variable::all().map(|variable| variable.name).filter(|name| is_so(name)).collect()
    }

    /// Names of variables whose values are not UTF-8.
    pub(super) fn not_unicode(&self) -> impl Iterator<Item = &str> {
        self.not_unicode.iter().map(String::as_str)
    }

    /// Names that `is_ours` accepts and whose values Kubernetes made for a service of that name
    /// (`REDIS_PORT=tcp://10.0.0.7:6379`).
    pub(super) fn service_links(&self, is_ours: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
        let links =
            self.variables.iter().filter(move |(name, value)| is_ours(name) && value.starts_with("tcp://"));
        links.map(|(name, _)| name.as_str())
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.add(name, value);
        }
        environment
    }
}

impl<'a, const N: usize> From<[(&'a str, &'a str); N]> for Variables {
    fn from(variables: [(&'a str, &'a str); N]) -> Self {
        variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}
