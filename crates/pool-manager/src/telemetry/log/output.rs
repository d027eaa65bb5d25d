//! Standard output for many threads.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others to be written with it. What a killed process had to say in that time is lost.
const GATHER: Duration = Duration::from_millis(5);
/// So many bytes wait for each other; whoever goes above it writes them, so that a slow reader slows its writers and fills
/// no memory.
const FULL: usize = 256 * 1_024;

/// Writes lines to standard output, those of a few milliseconds at once: to write each by itself takes longer than all
/// else that a line takes. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(in crate::telemetry) struct Output(Arc<Shared>);

struct Shared {
    /// Nothing when standard output is closed: what is written to it then is gone. Locked before `waiting`.
    file: Mutex<Option<File>>,
    waiting: Mutex<Vec<u8>>,
    is_waiting: Condvar,
}

impl Output {
    /// Standard output, and a thread of its own to write to it.
    pub(super) fn standard() -> io::Result<Self> {
        Self::start(io::stdout().as_fd().try_clone_to_owned().ok().map(File::from))
    }

    fn start(file: Option<File>) -> io::Result<Self> {
        let shared = Shared { file: Mutex::new(file), waiting: Mutex::default(), is_waiting: Condvar::new() };
        let output = Self(Arc::new(shared));
        let shared = Arc::downgrade(&output.0);
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            while let Some(shared) = shared.upgrade() {
                shared.wait();
                thread::sleep(GATHER);
                // Nobody is there to be told that a log line could not be written.
                let _ = shared.write_out();
            }
        })?;
        Ok(output)
    }

    /// Writes what waits; to be called before the process ends.
    pub(in crate::telemetry) fn write_out(&self) {
        let _ = self.0.write_out();
    }
}

impl Shared {
    /// Returns when a line waits, or after a while.
    fn wait(&self) {
        let waiting = lock(&self.waiting);
        if waiting.is_empty() {
            drop(self.is_waiting.wait_timeout(waiting, Duration::from_secs(1)));
        }
    }

    fn add(&self, line: &[u8]) -> io::Result<()> {
        let mut waiting = lock(&self.waiting);
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        let is_full = waiting.len() >= FULL;
        drop(waiting);
        if is_first {
            self.is_waiting.notify_one();
        }
        if is_full { self.write_out() } else { Ok(()) }
    }

    fn write_out(&self) -> io::Result<()> {
        let mut file = lock(&self.file);
        let lines = std::mem::take(&mut *lock(&self.waiting));
        match file.as_mut() {
            Some(file) => file.write_all(&lines),
            None => Ok(()),
        }
    }
}

/// Lines are added whole, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One line's way out.
pub(in crate::telemetry) struct Line<'a>(&'a Shared);

impl<'a> MakeWriter<'a> for Output {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.add(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::OwnedFd;

    fn piped() -> (io::PipeReader, Output) {
        let (reader, writer) = io::pipe().unwrap();
        (reader, Output::start(Some(File::from(OwnedFd::from(writer)))).unwrap())
    }

    #[test]
    fn lines_of_many_threads_come_out_whole_through_a_pipe() {
        let (mut reader, output) = piped();
        let reading = thread::spawn(move || {
            let mut bytes = vec![0; 3 * 20 * (10 + 5_000 + 100_000 + 4_000 + 4)];
            reader.read_exact(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        });
        thread::scope(|scope| {
            for letter in ["a", "b", "c"] {
                let output = &output;
                scope.spawn(move || {
                    for length in [10, 5_000, 100_000, 4_000].repeat(20) {
                        let line = letter.repeat(length) + "\n";
                        output.make_writer().write_all(line.as_bytes()).unwrap();
                    }
                });
            }
        });
        let text = reading.join().unwrap();
        assert_eq!(text.lines().count(), 240);
        for line in text.lines() {
            let first = &line[..1];
            assert!(line == first.repeat(line.len()) && [10, 5_000, 100_000, 4_000].contains(&line.len()));
        }
    }

    #[test]
    fn a_line_comes_out_without_another_one_behind_it_and_at_the_end() {
        let (mut reader, output) = piped();
        let mut bytes = [0; 5];
        output.make_writer().write_all(b"soon\n").unwrap();
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"soon\n");
        output.make_writer().write_all(b"last\n").unwrap();
        output.write_out();
        assert!(lock(&output.0.waiting).is_empty());
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"last\n");
    }

    #[test]
    fn a_closed_output_is_no_failure() {
        let output = Output::start(None).unwrap();
        assert_eq!(output.make_writer().write(b"gone\n").unwrap(), 5);
        output.write_out();
    }
}
