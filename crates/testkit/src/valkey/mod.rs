//! Valkey servers in the shapes that the tests need.

mod cluster;
mod elasticache;
mod load;
mod migration;
mod node;
mod single;
mod tls;
mod topology;

use std::path::PathBuf;

pub use cluster::{ClusterOptions, ValkeyCluster};
pub use elasticache::{DENIED_COMMANDS, ElastiCache};
pub use migration::SlotMigration;
pub use single::{ValkeyOptions, ValkeyServer};
pub use tls::TlsServer;
pub use topology::{ClusterNode, ClusterView};

/// Looks for an executable on the `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// The Valkey server program.
///
/// # Panics
/// When it is not on the `PATH`: a test without its server must fail, not pass.
fn server_program() -> PathBuf {
    find_program("valkey-server").unwrap_or_else(|| {
        panic!(
            "valkey-server is not on the PATH: run `cargo xtask test`, which installs it, or install the \
             package valkey-server (version 8 or newer; Debian 12 has it in bookworm-backports)"
        )
    })
}
