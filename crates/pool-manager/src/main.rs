//! The pool-manager binary.

use std::process::ExitCode;

use pool_manager::config::Variables;

#[global_allocator]
static ALLOCATOR: pool_manager::Allocator = pool_manager::Allocator;

fn main() -> ExitCode {
    // First of all, once: whatever speaks TLS later finds its cryptography. Fails only when it is already there.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    pool_manager::run(std::env::args_os(), Variables::from_os(std::env::vars_os()))
}
