//! Installing the programs that tests and benchmarks need, where that can be done.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use testkit::{find_program, mongo_program, moto_program, rabbitmq_program, schemathesis_program};

use crate::command::{Failure, output, run};
use crate::pypi;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITE_FILE: &str = "/etc/apt/sources.list.d/bookworm-backports.list";
const OLDEST: u32 = 8;
/// A MongoDB server over SQLite, from PyPI.
const NX_27017: &str = "nx-27017==0.8.1";
/// A server that stands in for AWS, from PyPI.
const MOTO: &str = "moto[server]==5.2.5";
/// What holds the service against its OpenAPI document, from PyPI.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const VALKEY: &str = "Valkey 8 or newer";

/// Makes sure that `valkey-server` and `valkey-cli` of version 8 or newer are there.
///
/// # Errors
/// When they are not and cannot be installed.
pub(crate) fn valkey() -> Result<(), Failure> {
    if is_valkey_new_enough() {
        return Ok(());
    }
    if !has_apt() {
        return Err(Failure::NotInstallable {
            program: VALKEY,
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
    let suite: &[&str] = if bookworm { &["-t", "bookworm-backports"] } else { &[] };
    apt_install(&[suite, &["valkey-server", "valkey-tools"]].concat())?;
    if is_valkey_new_enough() {
        Ok(())
    } else {
        Err(Failure::NotInstallable {
            program: VALKEY,
            reason: "this release has no package of it that is new enough",
            advice: "Debian 13, or Debian 12 with bookworm-backports, has one",
        })
    }
}

fn is_valkey_new_enough() -> bool {
    let programs = ["valkey-server", "valkey-cli"];
    programs.into_iter().all(|program| major(program).is_some_and(|major| major >= OLDEST))
}

/// Makes sure that `wrk` is there, which makes the load of benchmarks.
///
/// # Errors
/// When it is not and cannot be installed.
pub(crate) fn wrk() -> Result<(), Failure> {
    if find_program("wrk").is_some() {
        return Ok(());
    }
    if !has_apt() {
        return Err(Failure::NotInstallable {
            program: "wrk",
            reason: "there is no apt-get here",
            advice: "Install it by your own means (Homebrew: `brew install wrk`) so that it is on the PATH",
        });
    }
    println!("xtask: installing wrk");
    apt_install(&["wrk"])
}

/// Makes sure that there is a MongoDB server: `mongod`, or a stand-in in a virtual environment beside what cargo builds.
///
/// # Errors
/// When there is none and it cannot be installed.
pub(crate) fn mongo() -> Result<(), Failure> {
    if mongo_program().is_some() {
        return Ok(());
    }
    pypi::install("nx-27017", NX_27017, no_mongo)?;
    if mongo_program().is_some() { Ok(()) } else { Err(no_mongo("its program is not where it belongs")) }
}

fn no_mongo(reason: &'static str) -> Failure {
    let advice = "Put a mongod on the PATH, or name the program in TEST_MONGO_PROGRAM";
    Failure::NotInstallable { program: "A MongoDB server", reason, advice }
}

/// Makes sure that there is a stand-in for AWS in a virtual environment beside what cargo builds.
///
/// # Errors
/// When there is none and it cannot be installed.
pub(crate) fn moto() -> Result<(), Failure> {
    if moto_program().is_some() {
        return Ok(());
    }
    pypi::install("moto", MOTO, no_moto)?;
    if moto_program().is_some() { Ok(()) } else { Err(no_moto("its program is not where it belongs")) }
}

fn no_moto(reason: &'static str) -> Failure {
    let advice = "Name a moto_server in TEST_MOTO_PROGRAM";
    Failure::NotInstallable { program: "A stand-in for AWS (moto)", reason, advice }
}

/// Makes sure that there is schemathesis in a virtual environment beside what cargo builds.
///
/// # Errors
/// When there is none and it cannot be installed.
pub(crate) fn schemathesis() -> Result<(), Failure> {
    if schemathesis_program().is_some() {
        return Ok(());
    }
    pypi::install("schemathesis", SCHEMATHESIS, no_schemathesis)?;
    if schemathesis_program().is_some() {
        Ok(())
    } else {
        Err(no_schemathesis("its program is not where it belongs"))
    }
}

fn no_schemathesis(reason: &'static str) -> Failure {
    let advice = "Name a schemathesis in TEST_SCHEMATHESIS_PROGRAM";
    Failure::NotInstallable { program: "schemathesis", reason, advice }
}

/// Makes sure that there is a RabbitMQ broker, and the name server `epmd` that Erlang programs need.
///
/// # Errors
/// When there is none and it cannot be installed.
pub(crate) fn rabbitmq() -> Result<(), Failure> {
    if has_rabbitmq() {
        return Ok(());
    }
    if !has_apt() {
        return Err(no_rabbitmq("there is no apt-get here"));
    }
    println!("xtask: installing rabbitmq-server (where systemd runs, this also starts a service)");
    apt_install(&["rabbitmq-server"])?;
    if has_rabbitmq() { Ok(()) } else { Err(no_rabbitmq("its programs are not where they belong")) }
}

fn has_rabbitmq() -> bool {
    rabbitmq_program().is_some() && find_program("epmd").is_some()
}

fn no_rabbitmq(reason: &'static str) -> Failure {
    let advice = "Install it by your own means (Homebrew: `brew install rabbitmq`) so that rabbitmq-server, \
                  rabbitmqctl and epmd are on the PATH";
    Failure::NotInstallable { program: "RabbitMQ", reason, advice }
}

pub(crate) fn has_apt() -> bool {
    output("apt-get", &["--version"]).is_some()
}

/// Installs packages; options of apt-get may stand before them.
pub(crate) fn apt_install(packages: &[&str]) -> Result<(), Failure> {
    run(as_root("apt-get").args(["update", "-qq"]))?;
    let words =
        ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    run(as_root("env").args(words).args(packages))
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
