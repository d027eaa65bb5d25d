//! A secret in a file of its own, put in place whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use middleware::error_chain;
use zeroize::Zeroizing;

use super::FirstStartError;
use crate::data_dir;

/// One file under the data directory, with mode 0600.
pub(super) struct KeptFile<'a> {
    data_dir: &'a Path,
    name: &'static str,
    path: PathBuf,
    variable: &'static str,
}

impl<'a> KeptFile<'a> {
    /// The file of this name; `variable` is what makes it needless, for messages.
    pub(super) fn new(data_dir: &'a Path, name: &'static str, variable: &'static str) -> Self {
        Self { data_dir, name, path: data_dir.join(name), variable }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file holds, `None` when there is none.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<String>>, FirstStartError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failure(&self.path, source)),
        }
    }

    /// What the file holds; where there is none, what `make` makes, which is then kept. Also says whether it was made.
    pub(super) fn read_or_make(
        &self,
        make: impl FnOnce() -> Result<Zeroizing<String>, FirstStartError>,
    ) -> Result<(Zeroizing<String>, bool), FirstStartError> {
        if let Some(text) = self.read()? {
            return Ok((text, false));
        }
        let text = make()?;
        if self.keep(&text).map_err(|source| self.failure(&self.path, source))? {
            return Ok((text, true));
        }
        // Another process was first: what it made counts.
        let first = self.read()?;
        first
            .map(|text| (text, false))
            .ok_or_else(|| self.failure(&self.path, io::ErrorKind::NotFound.into()))
    }

    /// Whether the file could be made; leaves nothing behind.
    pub(super) fn try_to_write(&self) -> Result<(), FirstStartError> {
        data_dir::try_to_write(self.data_dir).map_err(|source| self.failure(self.data_dir, source))
    }

    /// Puts the file in place whole or not at all; `false` when one is there already.
    fn keep(&self, text: &str) -> io::Result<bool> {
        fs::create_dir_all(self.data_dir)?;
        let draft = self.data_dir.join(format!(".{}.{}", self.name, std::process::id()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, &self.path);
        if let Err(error) = fs::remove_file(&draft) {
            tracing::warn!(error = error_chain(&error), "{} could not be removed", draft.display());
        }
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn failure(&self, path: &Path, source: io::Error) -> FirstStartError {
        FirstStartError::File { path: path.to_owned(), variable: self.variable, source }
    }
}
