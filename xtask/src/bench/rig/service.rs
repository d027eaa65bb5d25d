//! The service under load, in a process of its own.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::{PortLease, Process, ServerDirectory, find_program, wait_for};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::Stage;
use crate::command::{self, Failure, cargo};

const PACKAGE: &str = "service-tests";
const PROGRAM: &str = "protected-service";
/// The package, and its program.
pub(in crate::bench) const PRODUCT: &str = "pool-manager";
/// 32 bytes, for what is stored of keyed writes. Not a secret: it exists for as long as a benchmark.
pub(in crate::bench) const ENCRYPTION_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// As fast as a limit can be: nothing is denied.
const NO_BOUND: &str = "60000000";
const PATIENCE: Duration = Duration::from_secs(20);
/// Below what the service lets one address bring at once.
const KEYS_OF_AN_ADDRESS: usize = 5;
/// Between two attempts to bring a key.
const PAUSE: Duration = Duration::from_millis(50);

/// Builds the program for release, and with it the product, and says where it is; the product is beside it.
///
/// # Errors
/// When it does not compile.
pub(super) fn build() -> Result<PathBuf, Failure> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(command::root()).no_deps().exec()?;
    // At once: what both are made of is compiled once.
    let mut build = cargo(["build", "--release", "--locked", "--bin", PROGRAM, "--bin", PRODUCT]);
    command::run(build.args(["--package", PACKAGE, "--package", PRODUCT]))?;
    Ok(metadata.target_directory.into_std_path_buf().join("release").join(PROGRAM))
}

/// The API keys that the service knows, one a line.
///
/// # Errors
/// When the program does not say.
pub(super) fn known_keys(program: &Path) -> Result<String, Failure> {
    let program = program.display().to_string();
    command::output(&program, &["keys"]).ok_or(Failure::NoAnswer { command: format!("{program} keys") })
}

/// A running service; it ends with this value.
pub(in crate::bench) struct Service {
    stage: Stage,
    process: Process,
    lease: PortLease,
}

impl Service {
    /// Starts one that believes this issuer of tokens, and waits until it is ready. It logs to a file.
    ///
    /// # Panics
    /// With its log, when it does not start.
    pub(in crate::bench) async fn start(
        program: &Path,
        stage: Stage,
        valkey: SocketAddr,
        issuer: &str,
    ) -> Self {
        let issuer = [("AUTH_ISSUER", issuer.to_owned())];
        Self::start_with(ServerDirectory::create(), program, stage, valkey, &issuer).await
    }

    /// The same without tokens, and with what is in this directory already.
    pub(in crate::bench) async fn start_in(
        directory: ServerDirectory,
        program: &Path,
        stage: Stage,
        valkey: SocketAddr,
    ) -> Self {
        Self::start_with(directory, program, stage, valkey, &[]).await
    }

    async fn start_with(
        directory: ServerDirectory,
        program: &Path,
        stage: Stage,
        valkey: SocketAddr,
        more: &[(&str, String)],
    ) -> Self {
        let lease = PortLease::claim();
        let variables = [
            ("SERVER_ADDRESS", lease.address().to_string()),
            ("DATA_DIR", directory.path().display().to_string()),
            ("SECRETS_ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("CACHE_MODE", "single".to_owned()),
            ("CACHE_ADDRS", valkey.to_string()),
            ("RATE_LIMIT_ENABLED", (stage == Stage::Whole).to_string()),
            ("RATE_LIMIT_MAX", NO_BOUND.to_owned()),
            ("AGGRESSIVE_RATE_LIMIT_MAX", NO_BOUND.to_owned()),
            ("SERVICE_RATE_LIMIT_MAX", NO_BOUND.to_owned()),
            ("TEST_BARE", if stage == Stage::Bare { "1" } else { "0" }.to_owned()),
        ];
        // Nothing of the environment of whoever runs this gets through.
        let mut arguments = vec![OsString::from("-i")];
        arguments.extend(
            variables.iter().chain(more).map(|(name, value)| OsString::from(format!("{name}={value}"))),
        );
        arguments.push(program.into());
        let env = find_program("env").unwrap_or_else(|| PathBuf::from("/usr/bin/env"));
        let service = Self { stage, process: Process::start(directory, &env, &arguments), lease };
        service.wait_until_ready().await;
        service
    }

    async fn wait_until_ready(&self) {
        let path = if self.stage == Stage::Bare { "/test/read" } else { "/readyz" };
        wait_for("a service that is ready", PATIENCE, async || {
            let answer = self.ask(Ipv4Addr::LOCALHOST, path, None).await;
            answer.map_err(|answer| format!("{answer}; its log:\n{}", self.process.log())).map(drop)
        })
        .await;
    }

    /// Lets it see every key once. It looks up only so many a second that it has never seen, and fewer for each address,
    /// so they come from many.
    ///
    /// # Panics
    /// When it does not get to know them all.
    pub(in crate::bench) async fn introduce(&self, keys: &str, path: &str) {
        for (number, key) in keys.lines().enumerate() {
            let host = u8::try_from(number / KEYS_OF_AN_ADDRESS + 2).unwrap_or(u8::MAX);
            wait_for("a service that knows its callers", PATIENCE, async || {
                let answer = self.ask(Ipv4Addr::new(127, 0, 0, host), path, Some(key)).await;
                if answer.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
                answer.map(drop)
            })
            .await;
        }
    }

    /// Asks on a connection of its own from this address; gives the answer. One that is no success is an error.
    async fn ask(&self, from: Ipv4Addr, path: &str, key: Option<&str>) -> Result<String, String> {
        let key = key.map_or_else(String::new, |key| format!("X-API-Key: {key}\r\n"));
        let answer =
            self.send(from, &format!("GET {path}"), &key, "").await.map_err(|error| error.to_string())?;
        if answer.starts_with("HTTP/1.1 200 ") { Ok(answer) } else { Err(answer) }
    }

    /// Sends a request with these further headers, each of which ends its line; gives the whole answer.
    ///
    /// # Errors
    /// When there is none.
    pub(in crate::bench) async fn send(
        &self,
        from: Ipv4Addr,
        line: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<String> {
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
        exchange(from, self.lease.address(), &request).await
    }

    /// How often it waited for an answer of Valkey so far, as it counts itself: what Valkey counts are commands, also those
    /// in scripts.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) async fn round_trips(&self) -> Result<u32, Failure> {
        if self.stage == Stage::Bare {
            return Ok(0);
        }
        let path = "/test/round-trips";
        let answer = self.ask(Ipv4Addr::LOCALHOST, path, None).await;
        let count = answer.ok().and_then(|answer| answer.rsplit_once("\r\n\r\n")?.1.trim().parse().ok());
        count.ok_or_else(|| Failure::NoAnswer { command: format!("GET {path}") })
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it listens.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.lease.address())
    }

    /// Empties its log, which would fill the disk: it is opened for appending, so that the service goes on with it.
    pub(super) fn forget_log(&self) -> io::Result<()> {
        File::options().write(true).truncate(true).open(self.process.directory().join("server.log")).map(drop)
    }
}

/// Sends a request; gives the answer.
async fn exchange(from: Ipv4Addr, to: SocketAddr, request: &str) -> io::Result<String> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
