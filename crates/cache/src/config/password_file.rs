//! A password in a file, as secret stores mount it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Secret;

/// The most bytes that a password file may have.
const LONGEST: usize = 4_096;

/// What is wrong with a password file. Its content never shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFileProblem {
    /// It cannot be read.
    #[error("{} cannot be read ({kind}); name a file that the service may read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: ErrorKind,
    },
    /// There is nothing in it but a line end.
    #[error("{} is empty; write the password into it", .0.display())]
    Empty(PathBuf),
    /// It is too long, or no UTF-8: not a password.
    #[error("{} holds no password: more than {LONGEST} bytes, or no UTF-8", .0.display())]
    NoPassword(PathBuf),
}

/// Reads a password file. Blanks belong to the password, one line end after it does not.
pub(crate) fn read(path: &Path) -> Result<Secret, PasswordFileProblem> {
    let unreadable =
        |error: std::io::Error| PasswordFileProblem::Unreadable { path: path.to_owned(), kind: error.kind() };
    // Room for one byte too many, made at once: memory that was left behind in growing would not be cleared.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= LONGEST);
    let text = text.ok_or_else(|| PasswordFileProblem::NoPassword(path.to_owned()))?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if text.is_empty() {
        return Err(PasswordFileProblem::Empty(path.to_owned()));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_taken_off_and_the_rest_is_the_password() {
        let directory = testkit::ServerDirectory::create();
        for (content, password) in
            [("p", "p"), (" p \n", " p "), ("p\r\n", "p"), ("p\n\n", "p\n"), ("p q", "p q")]
        {
            assert_eq!(read(&directory.write("file", content)).unwrap().expose(), password);
        }
    }

    #[test]
    fn what_holds_no_password_is_refused() {
        let directory = testkit::ServerDirectory::create();
        for content in ["", "\n", "\r\n"] {
            let path = directory.write("empty", content);
            assert_eq!(read(&path).err(), Some(PasswordFileProblem::Empty(path)));
        }
        let path = directory.write("long", &"x".repeat(LONGEST + 1));
        assert_eq!(read(&path).err(), Some(PasswordFileProblem::NoPassword(path)));
        let path = directory.path().join("none");
        let problem = PasswordFileProblem::Unreadable { path: path.clone(), kind: ErrorKind::NotFound };
        assert_eq!(read(&path).err(), Some(problem));
    }
}
