//! One MongoDB server: a `mongod`, or a stand-in that speaks its protocol over SQLite.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::port::PortLease;
use crate::process::{Process, ServerDirectory};
use crate::shared::variable;
use crate::tool::installed_tool;
use crate::valkey::find_program;
use crate::wait::wait_for;

/// Names the server program, where neither a `mongod` on the `PATH` nor the installed stand-in is wanted.
pub const MONGO_PROGRAM_VARIABLE: &str = "TEST_MONGO_PROGRAM";
/// The stand-in, which `cargo xtask test` installs, below the directory that cargo builds in.
const STAND_IN: &str = "tools/nx-27017/bin/nx-27017";

/// The message `{ping: 1, $db: "admin"}` (OP_MSG), which every server answers.
const PING: &[u8] = b"\x33\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\
    \x1e\0\0\0\x10ping\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";

/// The server program, if there is one: that of the variable, a `mongod` on the `PATH`, or the installed stand-in.
pub fn mongo_program() -> Option<PathBuf> {
    variable(MONGO_PROGRAM_VARIABLE)
        .map(PathBuf::from)
        .or_else(|| find_program("mongod"))
        .or_else(|| installed_tool(STAND_IN))
}

/// Whether the server program is a real `mongod`, whose plans and guarantees the stand-in does not have.
pub fn is_mongod(program: &Path) -> bool {
    program.file_stem().is_some_and(|name| name == "mongod")
}

/// A running server. It keeps what it is given, also over a restart.
#[derive(Debug)]
pub struct MongoServer {
    process: Process,
    lease: PortLease,
    is_mongod: bool,
}

impl MongoServer {
    /// Starts one.
    ///
    /// # Panics
    /// When there is no program for it, or it does not answer; the text holds its log.
    pub async fn start() -> Self {
        let program = mongo_program().unwrap_or_else(|| {
            panic!(
                "there is no MongoDB server: run `cargo xtask test`, which installs a stand-in (nx-27017) in \
                 {STAND_IN} below the target directory, or put a mongod on the PATH, or name a program in \
                 {MONGO_PROGRAM_VARIABLE}"
            )
        });
        let is_mongod = is_mongod(&program);
        let (lease, directory) = (PortLease::claim(), ServerDirectory::create());
        let data = directory.path().join("data");
        std::fs::create_dir(&data).expect("a directory in a temporary directory can be made");
        let port = lease.port().to_string();
        let mut arguments: Vec<OsString> = vec!["--port".into(), port.into()];
        if is_mongod {
            arguments.extend(["--bind_ip".into(), "127.0.0.1".into(), "--dbpath".into(), data.into()]);
        } else {
            // One file a database: with one file for all, the databases of two tests would be one.
            arguments.extend(["--host".into(), "127.0.0.1".into(), "--data-dir".into(), data.into()]);
            // Otherwise all its instances write one log file.
            let file = |name: &str| directory.path().join(name).into_os_string();
            let files = ["--log-file".into(), file("nx.log"), "--pid-file".into(), file("nx.pid")];
            arguments.extend(files);
        }
        let process = Process::start(directory, &program, &arguments);
        let server = Self { process, lease, is_mongod };
        server.wait_until_answering().await;
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.lease.address()
    }

    /// Whether it is a real `mongod`.
    pub fn is_mongod(&self) -> bool {
        self.is_mongod
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

    /// Starts it again on the same port with its data, killing it first when it runs.
    pub async fn restart(&self) {
        self.process.restart();
        self.wait_until_answering().await;
    }

    async fn wait_until_answering(&self) {
        wait_for("a MongoDB server that answers", Duration::from_secs(30), || async {
            if self.process.has_ended() {
                panic!("{}", self.process.failure("ended at once"));
            }
            let answer = ping(self.address()).await;
            answer.map_err(|error| self.process.failure(&format!("does not answer ({error})")))
        })
        .await;
    }
}

/// Asks whether a server answers.
async fn ping(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(PING).await?;
    let mut answer = [0; 16];
    match stream.read_exact(&mut answer).await {
        Ok(_) => Ok(()),
        Err(_) => Err(ErrorKind::UnexpectedEof.into()),
    }
}
