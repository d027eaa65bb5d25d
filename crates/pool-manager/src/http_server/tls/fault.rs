//! Why a certificate cannot be used.

use std::io;
use std::path::PathBuf;

/// Why a certificate and its key cannot be used. No text has anything of the key.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file cannot be read.
    #[error("{variable}: {path} cannot be read")]
    Unreadable {
        /// The variable that names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is far longer than what belongs there.
    #[error("{variable}: {path} has more than {limit} bytes; it is no PEM of a certificate or a key")]
    TooLong {
        /// The variable that names it.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// How long it may be.
        limit: u64,
    },
    /// There is no certificate in the file, or a damaged one.
    #[error(
        "TLS_CERT_FILE: holds no certificate in PEM, or a damaged one; write the certificate and those above it"
    )]
    NoCertificate,
    /// There is no key in the file, or a damaged one.
    #[error("TLS_KEY_FILE: holds no private key in PEM without a passphrase, or a damaged one")]
    NoKey,
    /// Both are sound and do not belong together.
    #[error("TLS_KEY_FILE: is not the key of the first certificate in TLS_CERT_FILE")]
    Unrelated,
    /// They cannot be used for another reason.
    #[error("TLS_CERT_FILE: cannot be used with TLS_KEY_FILE")]
    Unusable(#[source] rustls::Error),
}
