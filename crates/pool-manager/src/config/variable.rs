//! The catalogue of environment variables: what the README and `.env.example` say is made from it.

use super::Section;

const PAGE_HEAD: &str = "\
# Configuration

Every environment variable, made from the code by a test: do not edit. A blank value is the same as none, unless it says otherwise.
Every fault is reported at once when the service starts, and `pool-manager doctor` tries out what is configured. The old names `REDIS_*`
are read in place of `CACHE_*` for one more release; `EVENTS_LEGACY_REDIS_*` is for the time of a move ([EVENTS.md](EVENTS.md)).
";

/// One environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set, in the words of the README.
    pub default: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Few deployments set it: the README leaves it to `docs/CONFIGURATION.md`.
    is_detail: bool,
}

impl Variable {
    pub(super) const fn new(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default, meaning, is_detail: false }
    }

    /// One that few deployments set.
    pub(super) const fn detail(self) -> Self {
        Self { is_detail: true, ..self }
    }

    /// Whether its value must not be shown.
    pub fn is_secret(&self) -> bool {
        self.meaning.ends_with("(secret)")
    }

    /// Every variable that the service reads, section by section.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        Section::ALL.into_iter().flat_map(Section::variables)
    }

    /// The table of the README: what a deployment usually sets.
    pub fn readme_table() -> String {
        table(Self::all().filter(|variable| !variable.is_detail))
    }

    /// The text of `docs/CONFIGURATION.md`: every variable, section by section.
    pub fn configuration_page() -> String {
        let sections = Section::ALL.into_iter().map(|section| {
            let title = section.title();
            format!("\n## {title}\n\n{}", table(section.variables()))
        });
        format!("{PAGE_HEAD}{}", sections.collect::<String>())
    }

    /// The text of `.env.example`, section by section. Every line is a comment: a copy of the file is the embedded service.
    pub fn dotenv_example() -> String {
        let lines = |variable: &Self| {
            format!("# {} (default: {})\n# {}=\n", variable.meaning, variable.default, variable.name)
        };
        let sections = Section::ALL.into_iter().map(|section| {
            let variables = section.variables().map(lines).collect::<String>();
            format!("\n# ---- {} ----\n\n{variables}", section.title())
        });
        format!(
            "# Copy to .env, take the comment sign away from what you set, then: set -a; . ./.env; set +a; cargo run\n\
             # A CACHE_* variable that is set without CACHE_ADDRS is a fault, also when it is blank. What local, staging and\n\
             # production set is in docs/ENVIRONMENTS.md.\n{}",
            sections.collect::<String>()
        )
    }
}

fn table<'a>(variables: impl Iterator<Item = &'a Variable>) -> String {
    let rows = variables
        .map(|variable| format!("| `{}` | {} | {} |\n", variable.name, variable.default, variable.meaning));
    format!("| Variable | Default | Meaning |\n|---|---|---|\n{}", rows.collect::<String>())
}
