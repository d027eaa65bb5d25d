//! The API key that a service without `BOOTSTRAP_ADMIN_API_KEY` makes at its first start.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::{ApiKey, ApiKeyError};
use middleware::error_chain;

use crate::config::EnvironmentName;
use crate::output;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// The file cannot be read or written.
    #[error("DATA_DIR: cannot use {path}; make the directory writable, or set BOOTSTRAP_ADMIN_API_KEY")]
    File {
        /// The file or its directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("DATA_DIR: {path} holds no API key; remove the file to have a new key made")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        source: ApiKeyError,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The key kept under `data_dir`; at first start it is made, kept with mode 0600 and printed, once.
pub(crate) fn api_key(data_dir: &Path, environment: EnvironmentName) -> Result<ApiKey, FirstStartError> {
    let path = data_dir.join("admin-api-key");
    if let Some(key) = kept(&path)? {
        tracing::info!("API key: in {}", path.display());
        return Ok(key);
    }
    let key = generate(environment)?;
    if !keep(data_dir, &path, &key).map_err(|source| FirstStartError::File { path: path.clone(), source })? {
        // Another process was first: its key counts.
        return kept(&path)?
            .ok_or_else(|| FirstStartError::File { path, source: io::ErrorKind::NotFound.into() });
    }
    output::line(&format!("API key, printed this once and kept in {}: {}", path.display(), key.expose()));
    Ok(key)
}

/// Whether [`api_key`] would find a key (`true`) or could make one. Makes none, and leaves nothing behind.
pub(crate) fn examine(data_dir: &Path) -> Result<bool, FirstStartError> {
    if kept(&data_dir.join("admin-api-key"))?.is_some() {
        return Ok(true);
    }
    // Where the directories are not there yet, they would be made in the nearest one that is.
    let existing = data_dir.ancestors().find(|directory| directory.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let probe = existing.join(format!(".admin-api-key.check.{}", std::process::id()));
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&probe);
    written
        .and_then(|_file| fs::remove_file(&probe))
        .map(|()| false)
        .map_err(|source| FirstStartError::File { path: data_dir.to_owned(), source })
}

fn generate(environment: EnvironmentName) -> Result<ApiKey, FirstStartError> {
    let mut random = [0; ApiKey::RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(FirstStartError::Random)?;
    Ok(ApiKey::generate(environment.name(), random))
}

fn kept(path: &Path) -> Result<Option<ApiKey>, FirstStartError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FirstStartError::File { path: path.to_owned(), source }),
    };
    match ApiKey::parse(text.trim_end()) {
        Ok(key) => Ok(Some(key)),
        Err(source) => Err(FirstStartError::Damaged { path: path.to_owned(), source }),
    }
}

/// Puts the file in place whole or not at all; `false` when one is there already.
fn keep(data_dir: &Path, path: &Path, key: &ApiKey) -> io::Result<bool> {
    fs::create_dir_all(data_dir)?;
    let draft = data_dir.join(format!(".admin-api-key.{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", key.expose())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    if let Err(error) = fs::remove_file(&draft) {
        tracing::warn!(error = error_chain(&error), "{} could not be removed", draft.display());
    }
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
