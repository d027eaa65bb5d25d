//! The service of [`service_tests`] in a process of its own.
//!
//! Configured as the product is, and by these: `TEST_KEYS`, how many keys are known (1,001); `TEST_BARE=1`, the read without any layer. Prints `listening on
//! http://host:port` once it does. `protected-service keys` prints the 1,001 keys instead, one a line.

use std::io::Write;
use std::process::ExitCode;

use pool_manager::config::{Config, ServerConfig, Variables};
use pool_manager::{Shutdown, Telemetry};
use service_tests::{TestService, bare_router, known_key};
use tokio::net::TcpListener;

/// As the product.
#[global_allocator]
static ALLOCATOR: pool_manager::Allocator = pool_manager::Allocator;

/// One busy caller, and a thousand.
const KEYS: usize = 1_001;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    // As the product: whatever speaks TLS later finds its cryptography.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "protected-service: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    if std::env::args_os().any(|argument| argument == "keys") {
        let mut output = std::io::stdout().lock();
        return Ok((0..KEYS).try_for_each(|number| writeln!(output, "{}", known_key(number).expose()))?);
    }
    let config = Config::read(&Variables::from_os(std::env::vars_os()))?;
    let test = |name: &str| std::env::vars_os().find(|(known, _)| known == name).map(|(_, value)| value);
    let keys = match test("TEST_KEYS") {
        Some(number) => number.to_string_lossy().parse()?,
        None => KEYS,
    };
    let service = TestService::new(keys);
    let is_bare = test("TEST_BARE").is_some_and(|value| value == "1");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if is_bare { serve_bare(&config.server).await } else { Box::pin(serve(config, &service)).await }
    })
}

async fn serve(config: Config, service: &TestService) -> Result<(), Failure> {
    let telemetry = Telemetry::install(&config.telemetry, &config.log)?;
    let shutdown = Shutdown::on_signals()?;
    let listener = listen(&config.server).await?;
    // Boxed: the compiler looks only so deep into futures in futures.
    let outcome = Box::pin(service.build(config, &telemetry).await?.serve(listener, shutdown)).await;
    telemetry.flush().await;
    Ok(outcome?)
}

async fn serve_bare(server: &ServerConfig) -> Result<(), Failure> {
    Ok(axum::serve(listen(server).await?, bare_router()).await?)
}

async fn listen(server: &ServerConfig) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind((server.host.as_str(), server.port)).await?;
    writeln!(std::io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(listener)
}
