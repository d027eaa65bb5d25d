//! One run of wrk.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::ServerDirectory;

use crate::command::Failure;

const SCRIPT: &str = include_str!("load.lua");
const CONNECTIONS: u32 = 64;
const THREADS: u32 = 2;
/// How often to look after the service while the load runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Whose API keys the requests carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::bench) enum Callers {
    /// Nobody's.
    None,
    /// One caller's.
    One,
    /// None: one caller's bearer token.
    Token,
    /// A thousand callers', one after the other.
    Many,
}

/// What is asked, again and again.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Request<'a> {
    /// The row of the table.
    pub(in crate::bench) name: &'static str,
    pub(in crate::bench) method: &'a str,
    pub(in crate::bench) path: &'a str,
    /// A file with paths, one a line, that are asked for in turn instead.
    pub(in crate::bench) paths: Option<&'a Path>,
    pub(in crate::bench) callers: Callers,
    /// Whether each request has an idempotency key of its own.
    pub(in crate::bench) is_keyed: bool,
    /// JSON; ten `@` stand for a number that is different each time, where requests are keyed.
    pub(in crate::bench) body: Option<&'a str>,
    /// The entity tag that the caller has.
    pub(in crate::bench) etag: Option<&'a str>,
    /// Whether every answer is to be a 4xx, instead of none.
    pub(in crate::bench) is_refused: bool,
}

/// Makes requests, with the files that wrk reads. They go with this value.
pub(super) struct Generator {
    script: PathBuf,
    one_key: PathBuf,
    all_keys: PathBuf,
    token: PathBuf,
    directory: ServerDirectory,
}

/// What one run gave.
#[derive(Debug, PartialEq)]
pub(super) struct Load {
    pub(super) requests: f64,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Answers that were no success, and requests without an answer.
#[derive(Debug, PartialEq, Eq)]
struct Bad {
    refused: u32,
    broken: u32,
}

impl Generator {
    /// With these API keys, the first for requests of one caller, the others for those of many, and with this bearer token.
    pub(super) fn new(keys: &str, token: &str) -> Self {
        let directory = ServerDirectory::create();
        let (first, others) = keys.split_once('\n').unwrap_or((keys, ""));
        Self {
            script: directory.write("load.lua", SCRIPT),
            one_key: directory.write("one-key", first),
            all_keys: directory.write("all-keys", others),
            token: directory.write("token", token),
            directory,
        }
    }

    /// A file that goes with this value.
    pub(super) fn file(&self, name: &str, content: &str) -> PathBuf {
        self.directory.write(name, content)
    }

    /// Asks for so long as fast as it goes; calls `glance` now and then. `run` makes its idempotency keys unlike those
    /// of other runs.
    ///
    /// # Errors
    /// When wrk fails, or one answer was another than was wanted.
    pub(super) fn run(
        &self,
        request: &Request<'_>,
        base: &str,
        seconds: u64,
        run: usize,
        mut glance: impl FnMut() -> io::Result<()>,
    ) -> Result<Load, Failure> {
        let none = Path::new("-");
        let keys = match request.callers {
            Callers::None => none,
            Callers::One => &self.one_key,
            Callers::Many => &self.all_keys,
            Callers::Token => &self.token,
        };
        // No number of one run is one of another, however many requests it makes.
        let body = request.body.map_or("-".to_owned(), |body| body.replace("@run", &run.to_string()));
        let mut wrk = Command::new("wrk");
        wrk.args([format!("-t{THREADS}"), format!("-c{CONNECTIONS}"), format!("-d{seconds}s"), "-s".into()]);
        wrk.arg(&self.script).arg(format!("{base}{}", request.path)).arg("--").arg(request.method).arg(keys);
        wrk.arg(if request.is_keyed { format!("run-{run}") } else { "-".to_owned() });
        wrk.arg(request.paths.unwrap_or(none)).arg(request.etag.unwrap_or("-")).arg(body);
        let mut child = wrk.stdout(Stdio::piped()).spawn()?;
        while child.try_wait()?.is_none() {
            glance()?;
            std::thread::sleep(GLANCE);
        }
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some((load, Bad { refused, broken })) = parse(&text) else {
            return Err(Failure::Failed {
                command: format!("wrk, which said {text}"),
                status: output.status,
            });
        };
        let wanted = if request.is_refused { load.requests } else { 0.0 };
        match (f64::from(refused) - wanted, broken) {
            (0.0, 0) => Ok(load),
            (others, broken) => {
                Err(Failure::FailedRequests { row: request.name, failed: others.abs() as u32 + broken })
            }
        }
    }
}

/// The load, and what was no success.
fn parse(text: &str) -> Option<(Load, Bad)> {
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "))?;
    let numbers: Vec<u32> = line.split(' ').map_while(|word| word.parse().ok()).collect();
    let [requests, micros, p50, p99, refused, broken] = numbers[..] else { return None };
    let load = Load {
        requests: f64::from(requests),
        seconds: f64::from(micros) / 1e6,
        p50_ms: f64::from(p50) / 1e3,
        p99_ms: f64::from(p99) / 1e3,
    };
    (requests > 0).then_some((load, Bad { refused, broken }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_script_prints() {
        let text = "Running 2s test\nRESULT 6000 2000000 500 9000 2 1\n";
        let load = Load { requests: 6_000.0, seconds: 2.0, p50_ms: 0.5, p99_ms: 9.0 };
        assert_eq!(parse(text), Some((load, Bad { refused: 2, broken: 1 })));
        assert_eq!(parse("RESULT 0 2000000 0 0 0 64"), None);
        assert_eq!(parse("unable to connect"), None);
    }
}
