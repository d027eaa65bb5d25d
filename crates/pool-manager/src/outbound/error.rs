//! Why something could not be fetched.

use std::time::Duration;

use domain::HostFault;
use reqwest::StatusCode;

/// Why something could not be fetched. No text has the URL.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The text is no URL with a host.
    #[error("the URL is none that names a host")]
    Url,
    /// Credentials in a URL end in logs.
    #[error("the URL must not have a user or password")]
    User,
    /// Anybody on the way could change the answer.
    #[error(
        "the URL must begin with https:// (http:// only for the machine itself, with DEPLOYMENT_MODE=local)"
    )]
    ClearText,
    /// The host, or an address that it resolves to, is none that may be asked.
    #[error("the host {0}")]
    Host(HostFault),
    /// As many as may be are being fetched.
    #[error("too much is being fetched at once")]
    Busy,
    /// It took too long.
    #[error("no whole answer within {} s", limit.as_secs())]
    TooSlow {
        /// How long it may take.
        limit: Duration,
    },
    /// The answer is no success. Redirects are not followed.
    #[error("the answer has status {0}")]
    Status(StatusCode),
    /// The answer is too long.
    #[error("the answer has more than {limit} bytes")]
    TooLong {
        /// How long it may be.
        limit: usize,
    },
    /// There was no answer, or it broke off.
    #[error("the request failed")]
    Failed(#[source] reqwest::Error),
    /// There is no authority to trust.
    #[error("the system has no certificates of authorities")]
    NoTrust,
    /// The client cannot be made.
    #[error("the HTTP client cannot be made")]
    Setup(#[source] reqwest::Error),
}
