//! The binary as a child process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reqwest::Client;

/// How long anything may take that has no tighter limit of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A command with nothing in its environment but these variables and a data directory.
fn with_environment(mut command: Command, data_dir: &Path, variables: &[(&str, &str)]) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("DATA_DIR", data_dir).envs(variables.iter().copied());
    command
}

/// Runs the binary to its end, which must come within 30 seconds.
pub(crate) fn run(data_dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "30", env!("CARGO_BIN_EXE_pool-manager")]).args(arguments);
    with_environment(command, data_dir, variables).output().expect("the binary runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A serving process on a free port; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    /// `http://host:port`.
    pub(crate) base: String,
    pub(crate) client: Client,
}

impl Process {
    /// Starts `serve` and waits until it listens.
    pub(crate) async fn start(data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let own = [("SERVER_ADDRESS", "127.0.0.1:0"), ("LOG_FORMAT", "json")];
        let mut command = with_environment(Command::new(env!("CARGO_BIN_EXE_pool-manager")), data_dir, &own);
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let output = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            collect(child.stdout.take().unwrap(), &output),
            collect(child.stderr.take().unwrap(), &output),
        ];
        let collected = Arc::clone(&output);
        let address = testkit::wait_for("the service to listen", PATIENCE, async || {
            let output = collected.lock().unwrap().clone();
            let listening = output.lines().find(|line| line.contains("\"listening\""));
            let address = listening.and_then(|line| line.split("\"address\":\"").nth(1)?.split('"').next());
            address.map(str::to_owned).ok_or(output)
        })
        .await;
        // The binary does so for itself; this is the client of the test.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().timeout(PATIENCE).build().unwrap();
        Self { child, output, readers, base: format!("http://{address}"), client }
    }

    /// Standard output and standard error so far.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([format!("-{name}"), pid]).status().expect("kill runs").success());
    }

    pub(crate) async fn wait_until_ready(&self) {
        testkit::wait_for("readiness", PATIENCE, async || match self.get("/readyz", "").await {
            Some(200) => Ok(()),
            other => Err(format!("{other:?}: {}", self.output())),
        })
        .await;
    }

    /// Status of a GET with this key; `None` when nobody answers.
    pub(crate) async fn get(&self, path: &str, key: &str) -> Option<u16> {
        let request = self.client.get(format!("{}{path}", self.base)).header("X-API-Key", key);
        request.send().await.ok().map(|response| response.status().as_u16())
    }

    /// Waits for the process to end and for its last line.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        let status = testkit::wait_for("the process to end", PATIENCE, || {
            let status = self.child.try_wait().unwrap();
            async move { status.ok_or_else(|| "it runs".to_owned()) }
        })
        .await;
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static, output: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut output = output.lock().unwrap();
            output.push_str(&line);
            output.push('\n');
        }
    })
}
