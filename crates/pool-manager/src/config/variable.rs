//! The catalogue of environment variables: what the README and `.env.example` say is made from it.

use super::Section;

/// One environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set, in the words of the README.
    pub default: &'static str,
    /// What it is for.
    pub meaning: &'static str,
}

impl Variable {
    pub(super) const fn new(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default, meaning }
    }

    /// Every variable that the service reads, section by section.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        Section::ALL.into_iter().flat_map(Section::variables)
    }

    /// Whether it is for the time of a move only. The README leaves it to `.env.example`.
    fn is_for_a_move(&self) -> bool {
        self.name.starts_with("REDIS_") || self.name.starts_with("EVENTS_LEGACY_")
    }

    /// The table of the README.
    pub fn readme_table() -> String {
        let rows = Self::all().filter(|variable| !variable.is_for_a_move()).map(|variable| {
            format!("| `{}` | {} | {} |\n", variable.name, variable.default, variable.meaning)
        });
        format!("| Variable | Default | Meaning |\n|---|---|---|\n{}", rows.collect::<String>())
    }

    /// The text of `.env.example`. Every line is a comment: a copy of the file is the embedded service.
    pub fn dotenv_example() -> String {
        let lines = Self::all().map(|variable| {
            format!("# {} (default: {})\n# {}=\n", variable.meaning, variable.default, variable.name)
        });
        format!(
            "# Copy to .env, take the comment sign away from what you set, then: set -a; . ./.env; set +a; cargo run\n\
             # A CACHE_* variable that is set without CACHE_ADDRS is a fault, also when it is blank.\n\n{}",
            lines.collect::<String>()
        )
    }
}
