//! A protected service in a process of its own, to be killed.

use std::ffi::OsString;
use std::path::Path;

use reqwest::{Method, RequestBuilder};
use testkit::{PortLease, Process, ServerDirectory, find_program};

use super::service::{CLIENTS, COMMON, client, request, wait_until_ready};

/// A process that serves, or did until it was killed.
pub(crate) struct Replica {
    process: Process,
    base: String,
    clients: Vec<reqwest::Client>,
    _lease: PortLease,
}

impl Replica {
    /// Starts one with these variables, and no others but those that all have, and waits until it is ready.
    pub(crate) async fn start(variables: &[(String, String)]) -> Self {
        let lease = PortLease::claim();
        let directory = ServerDirectory::create();
        let own = [
            ("SERVER_ADDRESS", lease.address().to_string()),
            ("DATA_DIR", directory.path().display().to_string()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        let own = own.iter().map(|(name, value)| format!("{name}={value}"));
        let common = COMMON.iter().map(|(name, value)| format!("{name}={value}"));
        let given = variables.iter().map(|(name, value)| format!("{name}={value}"));
        let mut arguments = vec![OsString::from("-i")];
        arguments.extend(common.chain(own).chain(given).map(OsString::from));
        arguments.push(OsString::from(env!("CARGO_BIN_EXE_protected-service")));
        let program = find_program("env").expect("`env` is on the PATH");
        let base = format!("http://{}", lease.address());
        let process = Process::start(directory, &program, &arguments);
        let replica = Self { process, base, clients: (0..CLIENTS).map(client).collect(), _lease: lease };
        wait_until_ready(&replica.clients[0], &replica.base).await;
        replica
    }

    /// Kills it (SIGKILL).
    pub(crate) fn kill(&self) {
        self.process.kill();
    }

    /// Stops it (SIGSTOP).
    pub(crate) fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.process.resume();
    }

    /// A request of the caller with this number.
    pub(crate) fn request(&self, method: Method, path: &str, caller: usize) -> RequestBuilder {
        request(&self.clients[caller % CLIENTS], &self.base, method, path, caller)
    }

    /// Where it listens.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// How often its write was entered.
    pub(crate) async fn started(&self) -> u64 {
        self.count("started").await
    }

    /// How many commits of service keys it began.
    pub(crate) async fn commits(&self) -> u64 {
        self.count("commits").await
    }

    async fn count(&self, name: &str) -> u64 {
        let path = format!("{}/test/executions", self.base);
        let answer = self.clients[0].get(path).send().await.expect("an answer");
        let counts: serde_json::Value = answer.json().await.expect("JSON");
        counts[name].as_u64().expect("a number")
    }

    /// How much memory it holds, in bytes. Linux only.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status =
            std::fs::read_to_string(Path::new("/proc").join(self.process.pid().to_string()).join("status"));
        let status = status.expect("a running process has a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a VmRSS");
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kilobytes * 1024
    }
}
