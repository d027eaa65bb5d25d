//! A dependency that must not be, told so that the reader knows what to do.

/// What is wrong with the graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    /// A crate depends on one that it must not know.
    #[error("{from} must not depend on {to}: it may depend on {}", list(.allowed))]
    Arrow {
        /// Who depends.
        from: String,
        /// On whom.
        to: String,
        /// On whom it may.
        allowed: &'static [&'static str],
    },
    /// A driver is used outside its home.
    #[error("{from} must not depend on {driver}: that driver belongs to {} only", .homes.join(", "))]
    Driver {
        /// Who uses it.
        from: String,
        /// The driver.
        driver: String,
        /// Who may.
        homes: &'static [&'static str],
    },
    /// A crate that the rules do not name.
    #[error(
        "no rule says what {name} may depend on: add it to xtask/src/arrows/rules.rs and docs/ARCHITECTURE.md"
    )]
    UnknownCrate {
        /// The crate.
        name: String,
    },
}

fn list(allowed: &[&str]) -> String {
    if allowed.is_empty() {
        String::from("no crate of this workspace")
    } else {
        format!("{} only", allowed.join(", "))
    }
}
