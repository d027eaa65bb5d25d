//! Where the programs of RabbitMQ are.

use std::path::{Path, PathBuf};

use crate::valkey::find_program;

/// What Debian has on the `PATH` is a wrapper that changes to a user who may not write where a test wants to.
const DEBIAN: &str = "/usr/lib/rabbitmq/bin";
const SERVER: &str = "rabbitmq-server";

/// The broker program, if there is one.
pub fn rabbitmq_program() -> Option<PathBuf> {
    installed(SERVER)
}

/// # Panics
/// When it is not there: a test without its server must fail, not pass.
pub(super) fn server_program() -> PathBuf {
    rabbitmq_program().unwrap_or_else(|| missing(SERVER))
}

pub(super) fn control_program() -> PathBuf {
    installed("rabbitmqctl").unwrap_or_else(|| missing("rabbitmqctl"))
}

pub(super) fn name_server_program() -> PathBuf {
    find_program("epmd").unwrap_or_else(|| missing("epmd"))
}

fn installed(name: &str) -> Option<PathBuf> {
    let real = Path::new(DEBIAN).join(name);
    if real.is_file() { Some(real) } else { find_program(name) }
}

fn missing(program: &str) -> ! {
    panic!(
        "there is no {program}: run `cargo xtask test`, which installs RabbitMQ, or install the package \
         rabbitmq-server"
    )
}
