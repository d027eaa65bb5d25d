//! What a service that was given none makes at its first start, and keeps: the API key of its first operator
//! (`BOOTSTRAP_ADMIN_API_KEY`) and the key that seals (`SECRETS_ENCRYPTION_KEY`).

mod kept_file;

use std::io;
use std::path::{Path, PathBuf};

use domain::{ApiKey, ApiKeyError, Environment};
use kept_file::KeptFile;
use seal::{KeyRing, SealingKey, SealingKeyError};
use zeroize::Zeroizing;

use crate::output;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// The file cannot be read or written.
    #[error("DATA_DIR: cannot use {path}; make the directory writable, or set {variable}")]
    File {
        /// The file or its directory.
        path: PathBuf,
        /// The variable that makes it needless.
        variable: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("DATA_DIR: {path} holds no API key; remove the file to have a new key made")]
    DamagedApiKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        source: ApiKeyError,
    },
    /// The file holds something else.
    #[error(
        "DATA_DIR: {path} holds no encryption key; put the key back, or remove the file to have a new one made, \
         which opens nothing that the old one sealed"
    )]
    DamagedEncryptionKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        source: SealingKeyError,
    },
    /// The system has no randomness to give.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The API key kept under `data_dir`; at first start it is made, kept with mode 0600 and printed, once.
pub(crate) fn api_key(data_dir: &Path, environment: Environment) -> Result<ApiKey, FirstStartError> {
    let file = api_key_file(data_dir);
    let make = || {
        let mut random = Zeroizing::new([0; ApiKey::RANDOM_BYTES]);
        getrandom::fill(random.as_mut_slice()).map_err(FirstStartError::Random)?;
        let key = ApiKey::generate(environment.name(), *random);
        Ok(Zeroizing::new(key.expose().to_owned()))
    };
    let (text, is_new) = file.read_or_make(make)?;
    let key = parse_api_key(&file, &text)?;
    let path = file.path().display();
    if is_new {
        output::line(&format!("API key, printed this once and kept in {path}: {}", key.expose()));
    } else {
        tracing::info!("API key: in {path}");
    }
    Ok(key)
}

/// The keys that seal: those that are given, else the one that is kept under `data_dir`, else one that is made now.
pub(crate) fn ring(given: Option<KeyRing>, data_dir: &Path) -> Result<KeyRing, FirstStartError> {
    match given {
        Some(keys) => Ok(keys),
        None => encryption_keys(data_dir),
    }
}

/// The same, and nothing where one would have to be made: a new one opens and proves nothing.
pub(crate) fn existing_ring(
    given: Option<KeyRing>,
    data_dir: &Path,
) -> Result<Option<KeyRing>, FirstStartError> {
    match given {
        Some(keys) => Ok(Some(keys)),
        None if examine_encryption_key(data_dir)? => encryption_keys(data_dir).map(Some),
        None => Ok(None),
    }
}

/// The key that seals, kept under `data_dir`; at first start it is made and kept with mode 0600. It is never printed.
fn encryption_keys(data_dir: &Path) -> Result<KeyRing, FirstStartError> {
    let file = encryption_key_file(data_dir);
    let make = || {
        let mut random = Zeroizing::new([0; SealingKey::BYTES]);
        getrandom::fill(random.as_mut_slice()).map_err(FirstStartError::Random)?;
        Ok(SealingKey::from_bytes(*random).to_base64())
    };
    let (text, is_new) = file.read_or_make(make)?;
    let key = parse_encryption_key(&file, &text)?;
    let path = file.path().display();
    if is_new {
        tracing::info!("encryption key: made at first start, in {path}; keep the file");
    } else {
        tracing::info!("encryption key: in {path}");
    }
    Ok(KeyRing::new(key, []))
}

/// Whether [`api_key`] would find a key (`true`) or could make one. Makes none, and leaves nothing behind.
pub(crate) fn examine_api_key(data_dir: &Path) -> Result<bool, FirstStartError> {
    let file = api_key_file(data_dir);
    match file.read()? {
        Some(text) => parse_api_key(&file, &text).map(|_key| true),
        None => file.try_to_write().map(|()| false),
    }
}

/// The same for [`encryption_keys`].
pub(crate) fn examine_encryption_key(data_dir: &Path) -> Result<bool, FirstStartError> {
    let file = encryption_key_file(data_dir);
    match file.read()? {
        Some(text) => parse_encryption_key(&file, &text).map(|_key| true),
        None => file.try_to_write().map(|()| false),
    }
}

fn api_key_file(data_dir: &Path) -> KeptFile<'_> {
    KeptFile::new(data_dir, "admin-api-key", "BOOTSTRAP_ADMIN_API_KEY")
}

fn encryption_key_file(data_dir: &Path) -> KeptFile<'_> {
    KeptFile::new(data_dir, "encryption-key", "SECRETS_ENCRYPTION_KEY")
}

fn parse_api_key(file: &KeptFile<'_>, text: &str) -> Result<ApiKey, FirstStartError> {
    let path = file.path().to_owned();
    ApiKey::parse(text.trim_end()).map_err(|source| FirstStartError::DamagedApiKey { path, source })
}

fn parse_encryption_key(file: &KeptFile<'_>, text: &str) -> Result<SealingKey, FirstStartError> {
    let path = file.path().to_owned();
    SealingKey::from_base64(text).map_err(|source| FirstStartError::DamagedEncryptionKey { path, source })
}
