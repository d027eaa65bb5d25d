//! A server process that dies with us.
//!
//! Drop does not run when a test process is killed, and a parent-death signal needs unsafe code. So a small
//! shell stands between: its standard input is a pipe that only we hold. It starts the server and obeys one word
//! a line; when the pipe closes, for whatever reason, it kills the server and removes its directory. Being the
//! server's parent it also reaps it, so a process id can never mean somebody else's process.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const SUPERVISOR: &str = r#"
directory=$1
shift
server=
keep=
while read -r order; do
    case $order in
        start) "$@" >>"$directory/server.log" 2>&1 </dev/null & server=$!; echo "$server" ;;
        kill) kill -KILL "$server"; wait "$server"; echo done ;;
        terminate) kill -TERM "$server"; kill -CONT "$server"; wait "$server"; echo done ;;
        stop) kill -STOP "$server"; echo done ;;
        resume) kill -CONT "$server"; echo done ;;
        keep) keep=yes ;;
    esac
done
[ -n "$server" ] && kill -KILL "$server" && wait "$server"
[ -n "$keep" ] || rm -rf "$directory"
"#;

/// A new, empty directory for one server. Becomes the [`Process`]'s, which removes it at its end.
#[derive(Debug)]
pub struct ServerDirectory(tempfile::TempDir);

impl ServerDirectory {
    /// Makes one. The name is short, because a unix socket in it may have 107 bytes at most.
    ///
    /// # Panics
    /// When the temporary directory cannot be written.
    pub fn create() -> Self {
        let directory = tempfile::Builder::new().prefix("pmtest-").tempdir();
        Self(directory.expect("a temporary directory can be made"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it and gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let file = self.path().join(name);
        fs::write(&file, content).expect("a file in a temporary directory can be written");
        file
    }
}

/// A running (or killed, or paused) server.
#[derive(Debug)]
pub struct Process {
    name: String,
    directory: PathBuf,
    up: Arc<AtomicBool>,
    supervisor: Mutex<Supervisor>,
}

#[derive(Debug)]
struct Supervisor {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    server: u32,
}

impl Process {
    /// Starts `program` with `arguments`; its output goes to `server.log` in `directory`.
    ///
    /// # Panics
    /// When no shell can be started.
    pub fn start(directory: ServerDirectory, program: &Path, arguments: &[OsString]) -> Self {
        Self::start_with(directory, program, arguments, &[])
    }

    /// The same with variables beside those that we have ourselves.
    pub(crate) fn start_with(
        directory: ServerDirectory,
        program: &Path,
        arguments: &[OsString],
        variables: &[(&'static str, OsString)],
    ) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", SUPERVISOR, "test-server-supervisor"])
            .arg(directory.path())
            .arg(program)
            .args(arguments)
            .envs(variables.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal is for us: the server must end after us, in order.
            .process_group(0)
            .spawn()
            .expect("`sh` can be started");
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("the supervisor's output is a pipe"));
        let process = Self {
            name: program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned(),
            directory: directory.0.keep(),
            up: Arc::new(AtomicBool::new(false)),
            supervisor: Mutex::new(Supervisor { child, orders, answers, server: 0 }),
        };
        process.restart();
        process
    }

    /// The server's process id; the last one when it is dead.
    pub fn pid(&self) -> u32 {
        self.lock().server
    }

    /// The directory it runs in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub fn kill(&self) {
        self.up.store(false, Ordering::SeqCst);
        self.lock().obey("kill");
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn terminate(&self) {
        self.up.store(false, Ordering::SeqCst);
        self.lock().obey("terminate");
    }

    /// Stops it without ending it (SIGSTOP): connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.up.store(false, Ordering::SeqCst);
        self.lock().obey("stop");
    }

    /// Lets a paused server go on (SIGCONT).
    pub fn resume(&self) {
        self.lock().obey("resume");
        self.up.store(true, Ordering::SeqCst);
    }

    /// Starts it again with the same arguments in the same directory; one that still runs is killed first.
    pub fn restart(&self) {
        if self.up.load(Ordering::SeqCst) {
            self.kill();
        }
        let mut supervisor = self.lock();
        let answer = supervisor.obey("start");
        supervisor.server = answer.parse().expect("the supervisor answers with a process id");
        self.up.store(true, Ordering::SeqCst);
    }

    /// Whether nobody killed or paused it through this value. A server that ended by itself still counts as up.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::SeqCst)
    }

    /// [`Process::is_up`] as a value that can be handed on.
    pub(crate) fn up_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.up)
    }

    /// Whether it ended by itself, as a server does that dislikes its configuration. Known on Linux only.
    pub fn has_ended(&self) -> bool {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", self.pid())) else {
            return Path::new("/proc/self").exists();
        };
        // The name in parentheses may hold anything; the state follows the last one.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
    }

    /// What it has printed so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("server.log")).unwrap_or_default()
    }

    /// The failure of this server in words, with its log.
    pub(crate) fn failure(&self, what: &str) -> String {
        format!("{} {what}; its log:\n{}", self.name, self.log())
    }

    fn lock(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supervisor {
    fn obey(&mut self, order: &str) -> String {
        let orders = self.orders.as_mut().expect("the supervisor lives as long as this value");
        writeln!(orders, "{order}").expect("the supervisor reads its orders");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the supervisor answers");
        answer.trim_end().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut supervisor = self.lock();
        if std::thread::panicking() {
            if let Some(orders) = supervisor.orders.as_mut() {
                // A supervisor that is gone keeps nothing and removes nothing.
                let _gone = writeln!(orders, "keep");
            }
            report_kept(&self.name, &self.directory);
        }
        drop(supervisor.orders.take());
        let _status = supervisor.child.wait();
    }
}

#[expect(clippy::print_stderr, reason = "the reader of a failed test needs the place")]
fn report_kept(name: &str, directory: &Path) {
    eprintln!("the directory of {name} is kept: {}", directory.display());
}
