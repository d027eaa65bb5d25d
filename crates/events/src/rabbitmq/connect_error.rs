//! Why there is no connection.

use std::sync::Arc;

use super::Cause;
use super::fault::Fault;

/// Why there is no connection to the broker. None of them shows the URI.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectError {
    /// It refuses the user name or the password.
    #[error("the broker refuses the credentials")]
    Credentials(#[source] Cause),
    /// It has no such virtual host, or not for this user.
    #[error("the broker refuses the virtual host")]
    VirtualHost(#[source] Cause),
    /// Its certificate is not of an authority that is trusted, or for another name.
    #[error("the certificate of the broker is not accepted")]
    Certificate(#[source] Cause),
    /// The exchange is not there, and cannot be made.
    #[error("the exchange cannot be used")]
    Exchange(#[source] Cause),
    /// It gives no answer. The only one that may pass by itself.
    #[error("the broker cannot be reached")]
    Unavailable(#[source] Cause),
}

impl ConnectError {
    /// Whether waiting cannot help.
    pub fn is_misconfiguration(&self) -> bool {
        match self {
            Self::Credentials(_) | Self::VirtualHost(_) | Self::Certificate(_) | Self::Exchange(_) => true,
            Self::Unavailable(_) => false,
        }
    }
}

impl From<Fault> for ConnectError {
    fn from(fault: Fault) -> Self {
        if fault.is_of_permission() {
            Self::Credentials(Arc::new(fault))
        } else if fault.is_of_virtual_host() {
            Self::VirtualHost(Arc::new(fault))
        } else if fault.is_of_certificate() {
            Self::Certificate(Arc::new(fault))
        } else {
            Self::Unavailable(Arc::new(fault))
        }
    }
}
