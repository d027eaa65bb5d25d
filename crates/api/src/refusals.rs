//! What the refusals of use cases are on the wire.

use http::StatusCode;
use middleware::ErrorBody;
use tenancy::{KeptOut, Refusal};

/// Who is kept out; clients look at `status` and not at the code.
const SUSPENDED: &str = "TS-SUSPENDED";

/// The status of the answer.
pub(crate) fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Missing(_) => StatusCode::NOT_FOUND,
        // In place of `AlreadyCommitted` the layer gives the answer of the other call.
        Refusal::Conflict(_) | Refusal::AlreadyCommitted => StatusCode::CONFLICT,
        Refusal::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::KeptOut(_) | Refusal::NotGranted(_) | Refusal::Bound(_) => StatusCode::FORBIDDEN,
        Refusal::Contended | Refusal::Store(_) | Refusal::Secrets(_) => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::NotKept(_) | Refusal::NoRandomness(_) | Refusal::Form(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// The text of the answer; from 500 on it says nothing about the inside.
pub(crate) fn message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Missing(_)
        | Refusal::Conflict(_)
        | Refusal::AlreadyCommitted
        | Refusal::Invalid(_)
        | Refusal::NotGranted(_)
        | Refusal::Bound(_)
        | Refusal::KeptOut(_) => refusal.to_string(),
        Refusal::Contended => "too many change the same record: try again".to_owned(),
        Refusal::Store(_) => "the record store is not available".to_owned(),
        Refusal::Secrets(_) => "the credentials are not available".to_owned(),
        Refusal::NotKept(_) | Refusal::NoRandomness(_) | Refusal::Form(_) => {
            "an internal error occurred".to_owned()
        }
    }
}

/// The body, where it has more than others have.
pub(crate) fn body(refusal: &Refusal) -> Option<ErrorBody> {
    match refusal {
        Refusal::KeptOut(kept_out) => {
            let title = match kept_out {
                KeptOut::Tenant { .. } => "Tenant Suspended",
                KeptOut::Association { .. } => "Service Suspended",
            };
            let body = ErrorBody::new(SUSPENDED, title, kept_out.to_string());
            Some(body.with_status(kept_out.status().name()))
        }
        Refusal::Invalid(invalid) => {
            let mut body = ErrorBody::new("TM-0422", "Unprocessable Entity", invalid.to_string());
            for problem in invalid.problems() {
                body = body.with_error(&problem.field, &problem.problem);
            }
            Some(body)
        }
        _ => None,
    }
}
