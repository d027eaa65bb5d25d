//! What a broker is told at its start.

use std::ffi::OsString;

use crate::port::PortLease;
use crate::process::ServerDirectory;
use crate::rabbitmq::RabbitMqOptions;

/// The ports of one broker.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) clients: PortLease,
    pub(super) tls: Option<PortLease>,
    /// Between Erlang machines: `rabbitmqctl` is one.
    distribution: PortLease,
    names: PortLease,
}

impl Ports {
    pub(super) fn claim(with_tls: bool) -> Self {
        let [clients, distribution, names] = [(); 3].map(|()| PortLease::claim());
        Self { clients, tls: with_tls.then(PortLease::claim), distribution, names }
    }
}

/// Writes the configuration into the directory, and gives the variables by which the broker, its name server and
/// `rabbitmqctl` find it. They also keep away what a broker of this machine is configured by.
pub(super) fn variables(
    directory: &ServerDirectory,
    ports: &Ports,
    options: RabbitMqOptions<'_>,
) -> Vec<(&'static str, OsString)> {
    let beside = |name: &str| directory.path().join(name).into_os_string();
    let file = |name: &str, content: &str| directory.write(name, content).into_os_string();
    let number = |lease: &PortLease| OsString::from(lease.port().to_string());
    let configuration = configuration(directory, ports, options).join("\n") + "\n";
    vec![
        ("HOME", directory.path().into()),
        ("ERL_CRASH_DUMP", beside("crash.dump")),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        ("ERL_EPMD_PORT", number(&ports.names)),
        ("RABBITMQ_NODENAME", format!("test{}@localhost", ports.clients.port()).into()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".into()),
        ("RABBITMQ_NODE_PORT", number(&ports.clients)),
        ("RABBITMQ_DIST_PORT", number(&ports.distribution)),
        ("RABBITMQ_MNESIA_BASE", beside("data")),
        ("RABBITMQ_LOG_BASE", beside("log")),
        ("RABBITMQ_LOGS", "-".into()),
        ("RABBITMQ_PID_FILE", beside("pid")),
        ("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf", &configuration)),
        ("RABBITMQ_CONF_ENV_FILE", file("environment.conf", "")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins", "[].\n")),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false".into(),
        ),
        // Otherwise its script stays between us and the broker, and signals reach the script.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
    ]
}

fn configuration(directory: &ServerDirectory, ports: &Ports, options: RabbitMqOptions<'_>) -> Vec<String> {
    let mut lines: Vec<String> = options.lines.iter().map(|line| (*line).to_owned()).collect();
    if let (Some(authority), Some(port)) = (options.authority, &ports.tls) {
        let files = authority.issue(directory.path());
        lines.push(format!("listeners.ssl.default = {}", port.address()));
        lines.push(format!("ssl_options.cacertfile = {}", files.authority_file.display()));
        lines.push(format!("ssl_options.certfile = {}", files.certificate_file.display()));
        lines.push(format!("ssl_options.keyfile = {}", files.key_file.display()));
    }
    lines
}
