//! Installing the servers that the tests need, where that can be done.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::command::{Failure, output, run};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITE_FILE: &str = "/etc/apt/sources.list.d/bookworm-backports.list";
const OLDEST: u32 = 8;

/// Makes sure that `valkey-server` and `valkey-cli` of version 8 or newer are there.
///
/// # Errors
/// When they are not and cannot be installed.
pub(crate) fn valkey() -> Result<(), Failure> {
    let programs = ["valkey-server", "valkey-cli"];
    if programs.iter().all(|program| major(program).is_some_and(|major| major >= OLDEST)) {
        return Ok(());
    }
    if output("apt-get", &["--version"]).is_none() {
        return Err(Failure::NotInstallable {
            program: "valkey-server",
            reason: "there is no apt-get here",
            advice: "Install Valkey by your own means (Homebrew: `brew install valkey`) so that valkey-server \
                     and valkey-cli are on the PATH",
        });
    }
    println!(
        "xtask: installing valkey-server and valkey-tools (where systemd runs, this also starts a service)"
    );
    let bookworm =
        fs::read_to_string("/etc/os-release").is_ok_and(|text| text.contains("VERSION_CODENAME=bookworm"));
    if bookworm {
        add_backports()?;
    }
    run(as_root("apt-get").args(["update", "-qq"]))?;
    let mut install = as_root("env");
    install.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
    ]);
    if bookworm {
        install.args(["-t", "bookworm-backports"]);
    }
    run(install.args(["valkey-server", "valkey-tools"]))?;
    match programs.into_iter().find(|program| major(program).is_none_or(|major| major < OLDEST)) {
        None => Ok(()),
        Some(program) => Err(Failure::NotInstallable {
            program,
            reason: "this release has no package of it that is new enough",
            advice: "Debian 13, or Debian 12 with bookworm-backports, has one",
        }),
    }
}

/// The suite with Valkey 8 for Debian 12, unless the machine has it already.
fn add_backports() -> Result<(), Failure> {
    if output("apt-cache", &["policy"]).is_some_and(|text| text.contains("bookworm-backports")) {
        return Ok(());
    }
    println!("xtask: adding the suite bookworm-backports in {SUITE_FILE}");
    let line = format!("deb [signed-by={KEYRING}] http://deb.debian.org/debian bookworm-backports main\n");
    let mut tee = as_root("tee").arg(SUITE_FILE).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut input) = tee.stdin.take() {
        input.write_all(line.as_bytes())?;
    }
    let status = tee.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Failed { command: format!("tee {SUITE_FILE}"), status })
    }
}

fn as_root(program: &str) -> Command {
    if output("id", &["-u"]).is_some_and(|id| id.trim() == "0") {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    command
}

/// The first number of what `program --version` says.
fn major(program: &str) -> Option<u32> {
    parse_major(&output(program, &["--version"])?)
}

/// `Valkey server v=8.0.1 sha=...` or `valkey-cli 8.0.1`.
fn parse_major(text: &str) -> Option<u32> {
    text.split_whitespace().find_map(|word| {
        let word = word.strip_prefix("v=").unwrap_or(word);
        word.split_once('.').and_then(|(major, _)| major.parse().ok())
    })
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn both_programs_tell_their_version() {
        assert_eq!(
            parse_major("Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"),
            Some(8)
        );
        assert_eq!(parse_major("valkey-cli 7.2.5\n"), Some(7));
        assert_eq!(parse_major("no version"), None);
    }
}
