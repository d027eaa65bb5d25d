//! One RabbitMQ broker.

mod installation;
mod settings;

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::certificate::CertificateAuthority;
use crate::process::{Process, ServerDirectory};
use crate::wait::wait_for;
pub use installation::rabbitmq_program;
use installation::{control_program, name_server_program, server_program};
use settings::{Ports, variables};

/// What a client says first.
const HELLO: &[u8] = b"AMQP\0\0\x09\x01";
/// An Erlang machine starts, loads some hundred modules and makes or reads a data base: 5 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// What a broker should be like. The default speaks no TLS.
#[derive(Debug, Clone, Copy, Default)]
pub struct RabbitMqOptions<'a> {
    /// Who signs its certificate; it then speaks TLS on a second port.
    pub authority: Option<&'a CertificateAuthority>,
    /// Further lines of `rabbitmq.conf`.
    pub lines: &'a [&'a str],
}

/// A running broker with the user `guest`, whose password is `guest`, and the virtual host `/`. It keeps what is durable,
/// also over a restart.
#[derive(Debug)]
pub struct RabbitMq {
    broker: Process,
    variables: Vec<(&'static str, OsString)>,
    ports: Ports,
    /// `epmd`: Erlang machines find each other, and a second one of the same name, through it.
    _name_server: Process,
}

impl RabbitMq {
    /// Starts one with the default options.
    ///
    /// # Panics
    /// When there is no program for it, or it does not answer; the text holds its log.
    pub async fn start() -> Self {
        Self::start_with(RabbitMqOptions::default()).await
    }

    /// Starts one.
    ///
    /// # Panics
    /// When there is no program for it, or it does not answer; the text holds its log.
    pub async fn start_with(options: RabbitMqOptions<'_>) -> Self {
        let (program, name_server_program) = (server_program(), name_server_program());
        let (ports, directory) = (Ports::claim(options.authority.is_some()), ServerDirectory::create());
        let variables = variables(&directory, &ports, options);
        let name_server = ServerDirectory::create();
        let name_server = Process::start_with(name_server, &name_server_program, &[], &variables);
        let broker = Process::start_with(directory, &program, &[], &variables);
        let broker = Self { broker, variables, ports, _name_server: name_server };
        broker.wait_until_answering().await;
        broker
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.ports.clients.address()
    }

    /// How clients reach it, with the credentials.
    pub fn uri(&self) -> String {
        format!("amqp://guest:guest@{}/%2f", self.address())
    }

    /// The same over TLS, by name.
    ///
    /// # Panics
    /// When it was started without an authority.
    pub fn tls_uri(&self) -> String {
        let port = self.ports.tls.as_ref().expect("a broker with TLS").port();
        format!("amqps://guest:guest@localhost:{port}/%2f")
    }

    /// Kills it (SIGKILL).
    pub fn kill(&self) {
        self.broker.kill();
    }

    /// Hangs it (SIGSTOP): it accepts connections and answers nothing.
    pub fn pause(&self) {
        self.broker.pause();
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.broker.resume();
    }

    /// Ends it in order (SIGTERM).
    pub fn stop(&self) {
        self.broker.terminate();
    }

    /// Starts it again on the same port with what it has on disk, killing it first when it runs.
    pub async fn restart(&self) {
        self.broker.restart();
        self.wait_until_answering().await;
    }

    /// Runs `rabbitmqctl` on it and gives what that printed.
    ///
    /// # Panics
    /// When it fails.
    pub async fn control(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(control_program());
        command.arg("--quiet").args(arguments).envs(self.variables.iter().cloned());
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("a command does not panic").expect("rabbitmqctl can be started");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "rabbitmqctl {arguments:?}: {said:?}");
        let [printed, _complaints] = said;
        printed
    }

    async fn wait_until_answering(&self) {
        wait_for("a RabbitMQ broker that answers", START_LIMIT, || async {
            if self.broker.has_ended() {
                panic!("{}", self.broker.failure("ended at once"));
            }
            let answer = greet(self.address()).await;
            answer.map_err(|error| self.broker.failure(&format!("does not answer ({error})")))
        })
        .await;
    }
}

/// Asks whether a broker answers. It listens last of all, once its data base is read.
async fn greet(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(HELLO).await?;
    stream.read_u8().await.map(drop)
}
