//! What goes wrong inside.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::{BoxError, CommitError, StoreUnavailable};
use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::driver_words::sentence;

/// A unique index has the value already.
const DUPLICATE_KEY: i32 = 11_000;
/// The server is no primary, not any more or not yet: what it answers while another takes over.
const NO_PRIMARY: [i32; 8] = [91, 189, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436];

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The driver is no source: its words are a dump.
    #[error("{}", sentence(.0))]
    Database(Error),
    /// With whom it happened.
    #[error("MongoDB at {hosts}")]
    With {
        hosts: Arc<str>,
        #[source]
        fault: Box<Fault>,
    },
    #[error("the database gave no answer within {0:?}")]
    Slow(Duration),
    /// Its migrations were not applied yet.
    #[error("the database is not prepared yet")]
    NotPrepared,
    #[error("a stored document cannot be read")]
    Document(#[from] serde_json::Error),
    #[error("a stored value cannot be read")]
    Value(#[source] BoxError),
    /// Another try of the same write keeps this one out, and has not ended.
    #[error("another try of the write is under way")]
    Overtaken,
    /// The change is refused, and the store is well.
    #[error("the change is refused")]
    Refused(#[source] CommitError),
}

impl Fault {
    pub(super) fn value(source: impl Into<BoxError>) -> Self {
        Self::Value(source.into())
    }

    /// Whether a unique index, or that of the ids, has the value already.
    pub(super) fn is_duplicate(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
            ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
            _ => false,
        }
    }

    /// Whether the server refuses whom we say we are.
    pub(super) fn is_of_credentials(&self) -> bool {
        match self {
            Self::With { fault, .. } => fault.is_of_credentials(),
            Self::Database(error) => matches!(error.kind.as_ref(), ErrorKind::Authentication { .. }),
            _ => false,
        }
    }

    /// Whether the store is away, or keeps everybody out: the next call will meet the same.
    pub(super) fn is_of_outage(&self) -> bool {
        match self {
            Self::Slow(_) | Self::With { .. } => true,
            Self::Database(error) => match error.kind.as_ref() {
                ErrorKind::ServerSelection { .. }
                | ErrorKind::Io(_)
                | ErrorKind::ConnectionPoolCleared { .. }
                | ErrorKind::DnsResolve { .. }
                | ErrorKind::Authentication { .. } => true,
                ErrorKind::Command(refusal) => NO_PRIMARY.contains(&refusal.code),
                _ => false,
            },
            _ => false,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<Fault> for StoreUnavailable {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

impl From<Fault> for CommitError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(refusal) => refusal,
            fault => Self::Unavailable(fault.into()),
        }
    }
}

/// A whole number, however wide the server keeps it.
pub(super) fn integer(document: &Document, key: &str) -> Result<i64, Fault> {
    match document.get_i32(key) {
        Ok(narrow) => Ok(narrow.into()),
        Err(_other) => document.get_i64(key).map_err(Fault::value),
    }
}

/// A list of texts, each of them read.
pub(super) fn texts<T>(document: &Document, key: &str) -> Result<Vec<T>, Fault>
where
    T: FromStr<Err: Into<BoxError>>,
{
    let values = document.get_array(key).map_err(Fault::value)?;
    let texts = values.iter().map(|value| value.as_str().unwrap_or_default());
    texts.map(|text| text.parse().map_err(Fault::value)).collect()
}

/// A text of a document.
pub(super) fn text<'a>(document: &'a Document, key: &str) -> Result<&'a str, Fault> {
    document.get_str(key).map_err(Fault::value)
}
