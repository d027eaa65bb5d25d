//! The tenants, imported as from another service.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use testkit::ServerDirectory;

use super::super::rig::service::{ENCRYPTION_KEY, PRODUCT};
use crate::command::{self, Failure};

/// Tenants with connections; one more is suspended.
pub(super) const TENANTS: usize = 50_000;
/// Where connections are: the first tenant's, those of one that is suspended, and of a service that the first has not.
pub(super) const FIRST: &str = "/v1/tenants/0000000000000000000000000000c350/associations/ledger/connections";
pub(super) const SUSPENDED: &str =
    "/v1/tenants/000000000000000000000000000186a0/associations/ledger/connections";
pub(super) const MISSING: &str =
    "/v1/tenants/0000000000000000000000000000c350/associations/nothing/connections";

/// The embedded store with the tenants in it.
pub(super) struct Records(ServerDirectory);

/// The id of the tenant with this number.
pub(super) fn id(number: usize) -> String {
    format!("{:032x}", TENANTS + number)
}

/// Where its connections are.
pub(super) fn path(number: usize) -> String {
    format!("/v1/tenants/{}/associations/ledger/connections", id(number))
}

impl Records {
    /// Imports them into a new directory, with the product that is beside `program`.
    ///
    /// # Errors
    /// When a line is refused.
    pub(super) fn import(program: &Path) -> Result<Self, Failure> {
        let directory = ServerDirectory::create();
        let file = directory.write("tenants.jsonl", &lines());
        let mut import = Command::new(program.with_file_name(PRODUCT));
        import.env_clear().env("DATA_DIR", directory.path()).env("SECRETS_ENCRYPTION_KEY", ENCRYPTION_KEY);
        import.arg("import").arg(&file);
        command::run(&mut import)?;
        Ok(Self(directory))
    }

    /// The same records once more.
    pub(super) fn copy(&self) -> io::Result<Self> {
        let copy = ServerDirectory::create();
        for entry in fs::read_dir(self.0.path())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("records.sqlite") {
                fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
            }
        }
        Ok(Self(copy))
    }

    /// Where the connections of all tenants are, one a line.
    pub(super) fn paths(&self) -> String {
        (0..TENANTS).map(path).collect::<Vec<_>>().join("\n")
    }

    pub(super) fn into_directory(self) -> ServerDirectory {
        self.0
    }
}

fn lines() -> String {
    let mut lines = String::from(
        r#"{"type":"service","name":"ledger","modules":[{"name":"onboarding","resources":["postgresql","mongodb"]}]}"#,
    );
    for number in 0..=TENANTS {
        let (id, status) = (id(number), if number < TENANTS { "active" } else { "suspended" });
        // Writing to a text cannot fail.
        let _ = write!(
            lines,
            "\n{{\"type\":\"tenant\",\"id\":\"{id}\",\"slug\":\"bank-{number}\",\"name\":\"Bank {number}\",\
             \"environment\":\"staging\",\"status\":\"{status}\",\"owner\":{{\"email\":\"ana@example.com\"}}}}\n\
             {{\"type\":\"association\",\"tenantId\":\"{id}\",\"service\":\"ledger\",\"modules\":{{\"onboarding\":{{\
             \"postgresql\":{{\"host\":\"pg-1.internal\",\"port\":5432,\"database\":\"bank_{number}\",\
             \"username\":\"bank_{number}\",\"password\":\"a password of some length\"}},\
             \"mongodb\":{{\"host\":\"mongo-1.internal\",\"port\":27017,\"database\":\"bank_{number}\",\
             \"username\":\"bank_{number}\",\"password\":\"a password of some length\"}}}}}}}}"
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_are_those_of_the_tenants() {
        assert_eq!(FIRST, path(0));
        assert_eq!(SUSPENDED, path(TENANTS));
    }
}
