//! Numbered steps that bring a store's schema to what the code expects.

use aws_lc_rs::digest::{SHA256, digest};

/// One file of `migrations/`, built into the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its place in the order; the beginning of its file name.
    pub number: u32,
    /// The rest of the file name, without its ending.
    pub name: &'static str,
    /// What it does.
    pub text: &'static str,
}

/// Why the schema of a store is not what the code expects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The file is not what it was when it was applied.
    #[error(
        "migration {number} ({name}) was changed after it was applied: undo the change, and add a migration"
    )]
    Changed {
        /// Its number.
        number: u32,
        /// Its name now.
        name: String,
    },
    /// The store was used by a newer version of the service.
    #[error(
        "the store has migration {number} ({name}), which this version does not know: run a newer version"
    )]
    Unknown {
        /// Its number.
        number: u32,
        /// Its name.
        name: String,
    },
}

/// A migration that a store says was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) hash: String,
}

impl Migration {
    /// SHA-256 of its text in hex, by which a change of an applied one is noticed. Line ends do not count.
    pub(crate) fn hash(&self) -> String {
        const_hex::encode(digest(&SHA256, self.text.replace("\r\n", "\n").as_bytes()))
    }
}

/// Those of `known` that are still to be applied, in order.
pub(crate) fn outstanding<'a>(
    known: &'a [Migration],
    applied: &[Applied],
) -> Result<Vec<&'a Migration>, MigrationError> {
    for done in applied {
        match known.iter().find(|migration| migration.number == done.number) {
            None => {
                return Err(MigrationError::Unknown { number: done.number, name: done.name.clone() });
            }
            Some(migration) if migration.hash() != done.hash => {
                return Err(MigrationError::Changed { number: done.number, name: migration.name.to_owned() });
            }
            Some(_) => {}
        }
    }
    let is_done = |migration: &Migration| applied.iter().any(|done| done.number == migration.number);
    Ok(known.iter().filter(|migration| !is_done(migration)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { number: 1, name: "first", text: "a\nb" };
    const SECOND: Migration = Migration { number: 2, name: "second", text: "c" };

    fn applied(migration: Migration) -> Applied {
        Applied { number: migration.number, name: migration.name.to_owned(), hash: migration.hash() }
    }

    #[test]
    fn what_is_applied_is_not_applied_again() {
        let known = [FIRST, SECOND];
        assert_eq!(outstanding(&known, &[]).unwrap(), [&FIRST, &SECOND]);
        assert_eq!(outstanding(&known, &[applied(FIRST)]).unwrap(), [&SECOND]);
        let windows = applied(Migration { text: "a\r\nb", ..FIRST });
        assert_eq!(outstanding(&known, &[windows, applied(SECOND)]).unwrap(), [] as [&Migration; 0]);
    }

    #[test]
    fn a_changed_file_and_a_newer_store_are_refused() {
        let changed = applied(Migration { text: "other", ..FIRST });
        let error = outstanding(&[FIRST], &[changed]).unwrap_err();
        assert_eq!(error, MigrationError::Changed { number: 1, name: "first".to_owned() });
        let error = outstanding(&[FIRST], &[applied(FIRST), applied(SECOND)]).unwrap_err();
        assert_eq!(error, MigrationError::Unknown { number: 2, name: "second".to_owned() });
    }
}
