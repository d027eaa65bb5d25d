//! Why a message was not taken.

use std::sync::Arc;

use super::Cause;
use super::connect_error::ConnectError;
use super::fault::Fault;

/// Why it is not known that the broker has a message.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfirmError {
    /// The broker cannot be reached, gives no answer, or takes nothing for now. It may have the message; to repeat it is right.
    #[error("the broker is not available")]
    Unavailable(#[source] Cause),
    /// The broker refuses the user, or does not allow him to publish this.
    #[error("the broker refuses the credentials, or they do not allow to publish")]
    Credentials(#[source] Cause),
    /// The broker refuses this very message: it is too large, or a queue does not take it.
    #[error("the broker refuses the message")]
    Refused(#[source] Cause),
}

impl ConfirmError {
    /// Whether the message is at fault, and others may be taken.
    pub fn is_of_the_message(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl From<Fault> for ConfirmError {
    fn from(fault: Fault) -> Self {
        if fault.is_of_permission() {
            Self::Credentials(Arc::new(fault))
        } else if fault.is_of_a_message() || matches!(fault, Fault::Nacked | Fault::TooLong) {
            Self::Refused(Arc::new(fault))
        } else {
            Self::Unavailable(Arc::new(fault))
        }
    }
}

impl From<ConnectError> for ConfirmError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Credentials(cause) => Self::Credentials(cause),
            ConnectError::Unavailable(cause) => Self::Unavailable(cause),
            other => Self::Unavailable(Arc::new(other)),
        }
    }
}
