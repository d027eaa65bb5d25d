//! Why a call of Secrets Manager did not do what was asked.

use std::error::Error;
use std::iter::successors;
use std::time::Duration;

use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use domain::{SecretPath, SecretStoreError};

/// What a failure means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// There is no such secret, or no such version of it.
    NotFound,
    /// The secret is there already, or this version of it with another text.
    Exists,
    /// The secret is not in a state for this: as good as always it is scheduled for deletion.
    State,
    /// A parameter is wrong: as good as always a label is no more where it was.
    Parameter,
    /// It is there, and it is not a text that can be had.
    NoText,
    /// There was no answer, or it was a refusal that says nothing about the secret: of credentials, rights or the rate.
    NoAnswer,
}

impl Cause {
    fn of_code(code: Option<&str>) -> Self {
        match code {
            Some("ResourceNotFoundException") => Self::NotFound,
            Some("ResourceExistsException") => Self::Exists,
            Some("InvalidRequestException") => Self::State,
            Some("InvalidParameterException" | "ValidationException") => Self::Parameter,
            Some("DecryptionFailure") => Self::NoText,
            _ => Self::NoAnswer,
        }
    }
}

/// A call that failed. Holds words only: the SDK's own errors hold the answer too, in which there may be a secret.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {reason}")]
pub(super) struct Failure {
    pub(super) cause: Cause,
    call: &'static str,
    reason: String,
}

impl Failure {
    /// What the SDK says of a call about the secret at `path`, without naming it.
    pub(super) fn of<E>(call: &'static str, path: &SecretPath, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (cause, reason) = match error {
            SdkError::ServiceError(refusal) => {
                let cause = Cause::of_code(refusal.err().code());
                (cause, refusal_in_words(cause, refusal.err(), refusal.raw()))
            }
            // Its text may quote the answer.
            SdkError::ResponseError(_) => (Cause::NoAnswer, String::from("the answer cannot be read")),
            unsent => (Cause::NoAnswer, chain(unsent)),
        };
        Self { cause, call, reason: reason.replace(path.as_str(), "(its path)") }
    }

    /// The secret has no text.
    pub(super) fn no_text(call: &'static str) -> Self {
        Self { cause: Cause::NoText, call, reason: String::from("it is binary") }
    }

    /// All attempts together, or waiting for a turn, took too long.
    pub(super) fn late(limit: Duration) -> Self {
        Self { cause: Cause::NoAnswer, call: "AWS", reason: format!("no answer within {limit:?}") }
    }

    /// The failure as the port tells it.
    pub(super) fn into_port_error(self, path: &SecretPath) -> SecretStoreError {
        let path = path.clone();
        match self.cause {
            Cause::NotFound => SecretStoreError::Missing { path },
            Cause::State | Cause::NoText => SecretStoreError::Unreadable { path, source: self.into() },
            Cause::Exists | Cause::Parameter | Cause::NoAnswer => SecretStoreError::Unavailable(self.into()),
        }
    }
}

fn refusal_in_words<E: ProvideErrorMetadata>(cause: Cause, refusal: &E, answer: &HttpResponse) -> String {
    let code = refusal.code().map_or_else(|| format!("status {}", answer.status()), String::from);
    match refusal.message() {
        // It may repeat what was sent.
        Some(message) if cause != Cause::Parameter => format!("{code}: {message}"),
        _ => code,
    }
}

/// The error with what caused it: the SDK's own words for a connection that failed say only that.
fn chain(error: &(dyn Error + 'static)) -> String {
    let words = successors(Some(error), |&error| error.source()).map(ToString::to_string);
    words.collect::<Vec<_>>().join(": ")
}
