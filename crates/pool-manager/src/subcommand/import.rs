//! `pool-manager import FILE.jsonl`: takes over what another service registered.
//!
//! One JSON object a line: services first, then tenants, associations and keys, as they refer to each other. A line that cannot
//! be taken is told and does not hold up the others; taking a file again does no harm. Where the store is away, nothing is wrong
//! with the lines, and none after that is tried.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{Actor, CallerId, SecretStoreError};
use middleware::error_chain;
use tenancy::{Imported, ImportedRecord, Refusal, UseCases};

use super::offline;
use crate::config::Config;
use crate::failure::Failure;
use crate::output;
use crate::telemetry::Telemetry;

/// Longer lines are told and not read.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// How often a line is tried while the store gives no answer, and the pause before it is tried again.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// What became of the lines.
#[derive(Default)]
struct Count {
    made: usize,
    known: usize,
    refused: usize,
}

pub(crate) async fn run(file: PathBuf, config: Config) -> Result<(), Failure> {
    Telemetry::install_for_command(&config.log)?;
    let lines = open(&file)?;
    let use_cases = offline::use_cases(config).await?;
    let mut count = Count::default();
    let outcome = take_all(&use_cases, lines, &file, &mut count).await;
    let Count { made, known, refused } = count;
    output::line(&format!("{made} taken, {known} known already, {refused} refused"));
    outcome?;
    if refused > 0 { Err(Failure::ImportIncomplete { refused }) } else { Ok(()) }
}

fn open(file: &Path) -> Result<BufReader<File>, Failure> {
    let opened = File::open(file).map_err(|error| unreadable(file, &error))?;
    Ok(BufReader::new(opened))
}

async fn take_all(
    use_cases: &UseCases,
    mut lines: BufReader<File>,
    file: &Path,
    count: &mut Count,
) -> Result<(), Failure> {
    let actor = offline::actor(CallerId::IMPORT);
    for number in 1_usize.. {
        let line = match next_line(&mut lines).map_err(|error| unreadable(file, &error))? {
            None => break,
            Some(line) if line.trim_ascii().is_empty() => continue,
            Some(line) => line,
        };
        match take(use_cases, &line, &actor).await {
            Ok(Imported::Created) => count.made += 1,
            Ok(Imported::Existing) => count.known += 1,
            Err(Untaken::Away(source)) => return Err(Failure::ImportCutOff { line: number, source }),
            Err(Untaken::Wrong(problem)) => {
                count.refused += 1;
                output::error(&format!("line {number}: {problem}"));
            }
        }
    }
    Ok(())
}

/// Why a line was not taken.
enum Untaken {
    /// It has to be corrected.
    Wrong(String),
    /// The store gave no answer.
    Away(Refusal),
}

/// The next line, or its beginning where it is longer than [`MAX_LINE`]: the rest of such a line is skipped.
fn next_line(lines: &mut BufReader<File>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let length = lines.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if length > MAX_LINE && !line.ends_with(b"\n") {
        lines.skip_until(b'\n')?;
    }
    Ok((length > 0).then_some(line))
}

async fn take(use_cases: &UseCases, line: &[u8], actor: &Actor) -> Result<Imported, Untaken> {
    let record = record(line).map_err(Untaken::Wrong)?;
    let mut tries = 1;
    loop {
        match use_cases.import.take(record.clone(), actor).await {
            Ok(imported) => return Ok(imported),
            Err(refusal) if !is_away(&refusal) => return Err(Untaken::Wrong(error_chain(&refusal))),
            Err(refusal) if tries == TRIES => return Err(Untaken::Away(refusal)),
            Err(_away) => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn record(line: &[u8]) -> Result<ImportedRecord, String> {
    if line.len() > MAX_LINE {
        return Err(format!("longer than {MAX_LINE} bytes"));
    }
    let line = std::str::from_utf8(line).map_err(|_| "no UTF-8".to_owned())?;
    api::imported_record(line).map_err(|error| error.to_string())
}

fn is_away(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Store(_) | Refusal::Secrets(SecretStoreError::Unavailable(_)))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let reason = format!("cannot read {}: {error}; name a file of JSON lines", file.display());
    Failure::Argument { argument: "FILE", reason }
}
