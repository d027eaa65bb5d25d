//! One run of wrk.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::ServerDirectory;

use super::row::{Callers, Row};
use crate::command::Failure;

const SCRIPT: &str = include_str!("load.lua");
const CONNECTIONS: u32 = 64;
const THREADS: u32 = 2;
/// How often to look after the service while the load runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Makes requests, with the files that wrk reads. They go with this value.
pub(super) struct Generator {
    script: PathBuf,
    one_key: PathBuf,
    all_keys: PathBuf,
    _directory: ServerDirectory,
}

/// What one run gave.
#[derive(Debug, PartialEq)]
pub(super) struct Load {
    pub(super) requests: f64,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

impl Generator {
    /// With these API keys: the first for the row with one caller, the others for the row with many.
    pub(super) fn new(keys: &str) -> Self {
        let directory = ServerDirectory::create();
        let (first, others) = keys.split_once('\n').unwrap_or((keys, ""));
        Self {
            script: directory.write("load.lua", SCRIPT),
            one_key: directory.write("one-key", first),
            all_keys: directory.write("all-keys", others),
            _directory: directory,
        }
    }

    /// Asks for so long as fast as it goes; calls `glance` now and then. `run` makes its idempotency keys unlike those
    /// of other runs.
    ///
    /// # Errors
    /// When wrk fails, or one answer was none of success.
    pub(super) fn run(
        &self,
        row: &Row,
        base: &str,
        seconds: u64,
        run: usize,
        mut glance: impl FnMut() -> io::Result<()>,
    ) -> Result<Load, Failure> {
        let keys = match row.callers {
            Callers::None => Path::new("-"),
            Callers::One => &self.one_key,
            Callers::Many => &self.all_keys,
        };
        let mut wrk = Command::new("wrk");
        wrk.args([format!("-t{THREADS}"), format!("-c{CONNECTIONS}"), format!("-d{seconds}s"), "-s".into()]);
        wrk.arg(&self.script).arg(format!("{base}{}", row.path)).arg("--").arg(row.method).arg(keys);
        wrk.arg(if row.is_keyed { format!("run-{run}") } else { "-".to_owned() });
        let mut child = wrk.stdout(Stdio::piped()).spawn()?;
        while child.try_wait()?.is_none() {
            glance()?;
            std::thread::sleep(GLANCE);
        }
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        match parse(&text) {
            Some((load, 0)) => Ok(load),
            Some((_, failed)) => Err(Failure::FailedRequests { row: row.name, failed }),
            None => {
                Err(Failure::Failed { command: format!("wrk, which said {text}"), status: output.status })
            }
        }
    }
}

/// The load and how many requests failed.
fn parse(text: &str) -> Option<(Load, u32)> {
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "))?;
    let numbers: Vec<u32> = line.split(' ').map_while(|word| word.parse().ok()).collect();
    let [requests, micros, p50, p99, refused, broken] = numbers[..] else { return None };
    let load = Load {
        requests: f64::from(requests),
        seconds: f64::from(micros) / 1e6,
        p50_ms: f64::from(p50) / 1e3,
        p99_ms: f64::from(p99) / 1e3,
    };
    (requests > 0).then_some((load, refused + broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_script_prints() {
        let text = "Running 2s test\nRESULT 6000 2000000 500 9000 2 1\n";
        let load = Load { requests: 6_000.0, seconds: 2.0, p50_ms: 0.5, p99_ms: 9.0 };
        assert_eq!(parse(text), Some((load, 3)));
        assert_eq!(parse("RESULT 0 2000000 0 0 0 64"), None);
        assert_eq!(parse("unable to connect"), None);
    }
}
