//! One connection to one node, by fred.
//!
//! The driver's own reconnecting, repeating and redirecting are all switched off: a link is one TCP connection, and
//! when it ends it is over. So a command was either never sent, or sent once on this connection; who holds the link
//! decides what comes next. The driver's commands have no time-out of their own here: the caller brings the
//! deadline, and the end of the connection ends every wait.

use std::time::Duration;

use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::{ClientLike, EventInterface, TrackingInterface};
use fred::types::client::Invalidation;
use fred::types::config::{Config, ConnectionConfig, Options, Server, ServerConfig, TcpConfig, TlsConfig};
use fred::types::{Builder, ClusterHash, ConnectHandle, CustomCommand, RespVersion, Value};
use tokio::sync::{Mutex, broadcast};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::command::Command;
use super::failure::Failure;
use super::login::inline_argument;
use super::password::Password;
use crate::address::NodeAddress;
use crate::config::{CacheConfig, Secret};
use crate::error::CacheError;
use crate::valkey::tls;

/// How long a server may take to say goodbye before the connection is dropped.
const GOODBYE: Duration = Duration::from_millis(200);

/// Frames that go out in one write: a whole pipeline.
const FRAMES_PER_FLUSH: u64 = 5_000;

/// Messages that a link keeps for a receiver which is late, and a link for news of changed keys. The driver makes room
/// for them in nine channels at once: the second takes about a megabyte.
const KEPT_MESSAGES: usize = 32;
const KEPT_NEWS: usize = 1_024;

/// What every link of a client is opened with.
pub(super) struct LinkSettings {
    username: Option<String>,
    password: Password,
    tls: Option<rustls::ClientConfig>,
    /// Name to verify for nodes that are known by IP address only.
    certificate_name: Option<String>,
    pub(super) dial_timeout: Duration,
    write_timeout: Duration,
}

impl LinkSettings {
    pub(super) fn new(config: &CacheConfig) -> Result<Self, CacheError> {
        let named = config.addresses.iter().find(|address| !is_ip(address.host()));
        Ok(Self {
            username: config.username.clone(),
            password: Password::new(config),
            tls: config.tls.then(|| tls::client_config(config)).transpose()?,
            certificate_name: named.map(|address| address.host().to_owned()),
            dial_timeout: config.dial_timeout,
            write_timeout: config.write_timeout,
        })
    }

    pub(super) fn uses_tls(&self) -> bool {
        self.tls.is_some()
    }

    fn driver_config(&self, address: &NodeAddress, password: Option<&Secret>) -> Config {
        let server = if self.tls.is_some() {
            let own_name = || address.host().to_owned();
            let name = match &self.certificate_name {
                Some(name) if is_ip(address.host()) => name.clone(),
                _ => own_name(),
            };
            Server::new_with_tls(address.host(), address.port(), Some(name))
        } else {
            Server::new(address.host(), address.port())
        };
        Config {
            fail_fast: true,
            username: self.username.as_deref().map(|name| inline_argument(name).to_string()),
            password: password.map(|password| inline_argument(password.expose()).to_string()),
            server: ServerConfig::Centralized { server },
            version: RespVersion::RESP3,
            tls: self.tls.clone().map(TlsConfig::from),
            ..Config::default()
        }
    }

    fn connection_config(&self) -> ConnectionConfig {
        ConnectionConfig {
            connection_timeout: self.dial_timeout,
            internal_command_timeout: self.dial_timeout,
            max_command_attempts: 1,
            max_redirections: 0,
            tcp: TcpConfig {
                nodelay: Some(true),
                user_timeout: Some(self.write_timeout),
                ..TcpConfig::default()
            },
            ..ConnectionConfig::default()
        }
    }
}

/// Why a connection could not be made, in words: the driver gives the debug text of the system's error.
fn dial_reason(details: &str) -> &'static str {
    let known = [
        ("ConnectionRefused", "the connection was refused"),
        ("ConnectionReset", "the connection was cut while it was made"),
        ("UnexpectedEof", "the connection was cut while it was made"),
        ("HostUnreachable", "there is no way to the host"),
        ("NetworkUnreachable", "there is no way to the host"),
        ("lookup", "the host name is not known"),
        ("imeout", "the connection could not be made in time"),
        ("imed out", "the connection could not be made in time"),
    ];
    let reason = known.iter().find(|(mark, _)| details.contains(mark));
    reason.map_or("the connection could not be made", |(_, reason)| reason)
}

fn is_ip(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

/// An open connection.
pub(super) struct Link {
    address: NodeAddress,
    client: Client,
    ended: CancellationToken,
    connection: Mutex<Option<ConnectHandle>>,
}

impl Link {
    /// Connects, authenticates and returns; on a failure nothing stays open.
    pub(super) async fn open(address: &NodeAddress, settings: &LinkSettings) -> Result<Self, Failure> {
        Self::open_keeping(address, settings, KEPT_MESSAGES).await
    }

    /// The same, for a link on which the server tells of changed keys.
    pub(super) async fn open_for_news(
        address: &NodeAddress,
        settings: &LinkSettings,
    ) -> Result<Self, Failure> {
        Self::open_keeping(address, settings, KEPT_NEWS).await
    }

    async fn open_keeping(
        address: &NodeAddress,
        settings: &LinkSettings,
        messages: usize,
    ) -> Result<Self, Failure> {
        let password = settings.password.current().await;
        let client = Builder::from_config(settings.driver_config(address, password.as_ref()))
            .with_connection_config(|connection| *connection = settings.connection_config())
            .with_performance_config(|performance| {
                performance.max_feed_count = FRAMES_PER_FLUSH;
                performance.broadcast_channel_capacity = messages;
            })
            .build()
            .map_err(|error| Failure::NotSent(error.details().to_owned()))?;
        let mut refused = client.error_rx();
        let connection = client.connect();
        let ended = CancellationToken::new();
        let link = Self { address: address.clone(), client, ended, connection: Mutex::new(Some(connection)) };
        let connected = timeout(settings.dial_timeout, link.client.wait_for_connect()).await;
        let failure = match connected {
            Ok(Ok(())) => return Ok(link),
            Ok(Err(error)) => link.dial_failure(&error),
            Err(_) => match refused.try_recv() {
                Ok((error, _)) => link.dial_failure(&error),
                Err(_) => {
                    Failure::NotSent(format!("no connection within {} ms", settings.dial_timeout.as_millis()))
                }
            },
        };
        link.close().await;
        Err(failure)
    }

    /// A failure to connect is never of unknown outcome: no command was sent.
    fn dial_failure(&self, error: &Error) -> Failure {
        match Failure::of(error, &self.address) {
            failure @ Failure::Refused(_) => failure,
            _ => Failure::NotSent(dial_reason(error.details()).to_owned()),
        }
    }

    /// What the server tells of changed keys from now on, once it was asked to. A receiver that is late learns so.
    pub(super) fn news(&self) -> broadcast::Receiver<Invalidation> {
        self.client.invalidation_rx()
    }

    /// Returns when the connection is over, by whichever side.
    pub(super) async fn wait_until_ended(&self) {
        let mut connection = self.connection.lock().await;
        if let Some(handle) = connection.as_mut() {
            // Cancelled waits leave the handle in place for `close`.
            let _ = handle.await;
            *connection = None;
        }
        self.ended.cancel();
    }

    /// Sends one command. The answer is the server's value or what went wrong.
    pub(super) async fn send(&self, command: &Command, deadline: Instant) -> Result<Value, Failure> {
        // The driver's future is 27 KiB: on the heap, so that those of all callers are not.
        let call = Box::pin(self.client.custom::<Value, Value>(custom(command), command.arguments.clone()));
        self.bounded(deadline, async { call.await.map_err(|error| Failure::of(&error, &self.address)) })
            .await?
    }

    /// Sends several commands at once, each behind ASKING if so wanted. One answer for each command.
    pub(super) async fn send_all(
        &self,
        commands: &[Command],
        asking: bool,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let pipeline = self.client.pipeline();
        let once = Options { max_attempts: Some(1), fail_fast: true, ..Options::default() };
        let pipeline = pipeline.with_options(&once);
        for command in commands {
            if asking {
                let ask = CustomCommand::new_static("ASKING", ClusterHash::Random, false);
                self.queued(pipeline.custom::<(), Value>(ask, Vec::new()).await)?;
            }
            self.queued(pipeline.custom::<(), Value>(custom(command), command.arguments.clone()).await)?;
        }
        let answers = self.bounded(deadline, Box::pin(pipeline.try_all::<Value>())).await?;
        let step = if asking { 2 } else { 1 };
        if answers.len() != commands.len() * step {
            // The driver answers with one error when the connection ended.
            let failure =
                answers.into_iter().find_map(Result::err).map(|error| Failure::of(&error, &self.address));
            return Err(failure.unwrap_or(Failure::Protocol));
        }
        let own = answers.into_iter().skip(step - 1).step_by(step);
        Ok(own.map(|answer| answer.map_err(|error| Failure::of(&error, &self.address))).collect())
    }

    fn queued(&self, result: Result<(), Error>) -> Result<(), Failure> {
        result.map_err(|error| Failure::NotSent(error.details().to_owned()))
    }

    async fn bounded<T>(&self, deadline: Instant, answer: impl Future<Output = T>) -> Result<T, Failure> {
        if self.ended.is_cancelled() {
            return Err(Failure::NotSent("the link is down".to_owned()));
        }
        tokio::select! {
            biased;
            answer = timeout_at(deadline, answer) => answer.map_err(|_| Failure::TimedOut),
            () = self.ended.cancelled() => Err(Failure::Interrupted),
        }
    }

    /// Ends the connection within [`GOODBYE`], whatever the server does. Waiting commands end as interrupted.
    pub(super) async fn close(&self) {
        self.ended.cancel();
        let _ = timeout(GOODBYE, self.client.quit()).await;
        if let Some(handle) = self.connection.lock().await.take() {
            handle.abort();
            let _ = handle.await;
        }
    }
}

impl Drop for Link {
    /// A link that is let go of while it is being opened must not outlive its keeper; the driver's task would.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.get_mut().take() {
            connection.abort();
        }
    }
}

fn custom(command: &Command) -> CustomCommand {
    CustomCommand::new_static(command.name, ClusterHash::Random, false)
}
