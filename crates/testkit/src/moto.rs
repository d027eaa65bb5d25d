//! A server that stands in for AWS: moto, which keeps everything in memory.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::port::PortLease;
use crate::process::{Process, ServerDirectory};
use crate::shared::variable;
use crate::tool::installed_tool;
use crate::wait::wait_for;

/// Names the server program, where the installed one is not wanted.
pub const MOTO_PROGRAM_VARIABLE: &str = "TEST_MOTO_PROGRAM";
/// What `cargo xtask test` installs, below the directory that cargo builds in.
const INSTALLED: &str = "tools/moto/bin/moto_server";

/// A page that the server has when it is ready.
const LOOK: &[u8] = b"GET /moto-api/data.json HTTP/1.0\r\n\r\n";

/// The server program, if there is one: that of the variable, or the installed one.
pub fn moto_program() -> Option<PathBuf> {
    variable(MOTO_PROGRAM_VARIABLE).map(PathBuf::from).or_else(|| installed_tool(INSTALLED))
}

/// A running server. It takes any credentials and any region.
#[derive(Debug)]
pub struct MotoServer {
    process: Process,
    lease: PortLease,
}

impl MotoServer {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no program for it, or it does not answer; the text holds its log.
    pub async fn start() -> Self {
        let program = moto_program().unwrap_or_else(|| {
            panic!(
                "there is no stand-in for AWS: run `cargo xtask test`, which installs moto in {INSTALLED} below the \
                 target directory, or name a moto_server in {MOTO_PROGRAM_VARIABLE}"
            )
        });
        let (lease, directory) = (PortLease::claim(), ServerDirectory::create());
        let arguments = ["--host", "127.0.0.1", "--port", &lease.port().to_string()].map(OsString::from);
        let server = Self { process: Process::start(directory, &program, &arguments), lease };
        server.wait_until_answering().await;
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.lease.address()
    }

    /// Kills it (SIGKILL).
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Hangs it (SIGSTOP): it accepts connections and answers nothing.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts it again on the same port, killing it first when it runs. Its data is gone.
    pub async fn restart(&self) {
        self.process.restart();
        self.wait_until_answering().await;
    }

    async fn wait_until_answering(&self) {
        wait_for("a stand-in for AWS that answers", Duration::from_secs(60), || async {
            if self.process.has_ended() {
                panic!("{}", self.process.failure("ended at once"));
            }
            let answer = look(self.address()).await;
            answer.map_err(|error| self.process.failure(&format!("does not answer ({error})")))
        })
        .await;
    }
}

/// Asks whether a server answers.
async fn look(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(LOOK).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    if answer.ends_with(b" 200") { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
}
