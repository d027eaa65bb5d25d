//! Standard output for many threads.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{PoisonError, RwLock};

use tracing_subscriber::fmt::MakeWriter;

/// So many bytes the kernel writes into a pipe in one piece; into a file it writes every line in one piece.
const WHOLE: usize = 4_096;

/// Writes lines to standard output. The library's own handle has one lock that every thread waits for while another
/// writes, which under load costs more than the writing; here short lines are left to the kernel to keep apart.
pub(super) struct Output {
    /// Nothing when standard output is closed: what is written to it then is gone.
    file: Option<File>,
    /// Taken alone by a line that the kernel may cut, together by all others.
    order: RwLock<()>,
}

impl Output {
    /// Standard output.
    pub(super) fn standard() -> Self {
        Self::new(io::stdout().as_fd().try_clone_to_owned().ok().map(File::from))
    }

    fn new(file: Option<File>) -> Self {
        Self { file, order: RwLock::new(()) }
    }
}

/// One line's way out.
pub(super) struct Line<'a>(&'a Output);

impl<'a> MakeWriter<'a> for Output {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(mut file) = self.0.file.as_ref() else { return Ok(()) };
        if line.len() <= WHOLE {
            let _together = self.0.order.read().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line)
        } else {
            let _alone = self.0.order.write().unwrap_or_else(PoisonError::into_inner);
            file.write_all(line)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn lines_of_many_threads_come_out_whole_through_a_pipe() {
        let (mut reader, writer) = io::pipe().unwrap();
        let output = Output::new(Some(File::from(std::os::fd::OwnedFd::from(writer))));
        let mut text = String::new();
        std::thread::scope(|scope| {
            let output = &output;
            let writers: Vec<_> = ["a", "b", "c"]
                .into_iter()
                .map(|letter| {
                    scope.spawn(move || {
                        for length in [10, 5_000, 100_000, 4_000].repeat(20) {
                            let line = letter.repeat(length) + "\n";
                            output.make_writer().write_all(line.as_bytes()).unwrap();
                        }
                    })
                })
                .collect();
            let reading = scope.spawn(|| {
                let mut bytes = vec![0; 3 * 20 * (10 + 5_000 + 100_000 + 4_000 + 4)];
                reader.read_exact(&mut bytes).unwrap();
                bytes
            });
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            text = String::from_utf8(reading.join().unwrap()).unwrap();
        });
        assert_eq!(text.lines().count(), 240);
        for line in text.lines() {
            let first = &line[..1];
            assert!(line == first.repeat(line.len()) && [10, 5_000, 100_000, 4_000].contains(&line.len()));
        }
    }

    #[test]
    fn a_closed_output_is_no_failure() {
        let output = Output::new(None);
        assert_eq!(output.make_writer().write(b"gone\n").unwrap(), 5);
    }
}
