//! A certificate with its key.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::{InconsistentKeys, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::TlsFault;
use crate::config::TlsFiles;

/// A chain of certificates is a few thousand bytes.
const MAX_FILE: u64 = 256 * 1_024;

/// The text of both files.
#[derive(PartialEq, Eq)]
pub(super) struct PairText {
    certificates: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// A certificate with its key, ready for handshakes.
pub(super) struct Pair {
    pub(super) config: Arc<ServerConfig>,
    pub(super) expires_at: SystemTime,
}

impl PairText {
    /// Waits for the disk.
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsFault> {
        Ok(Self {
            certificates: read("TLS_CERT_FILE", &files.certificate)?,
            key: read("TLS_KEY_FILE", &files.key)?.into(),
        })
    }

    pub(super) fn pair(&self) -> Result<Pair, TlsFault> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificates)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsFault::NoCertificate)?;
        let first = certificates.first().ok_or(TlsFault::NoCertificate)?;
        let expires_at = expires_at(first).ok_or(TlsFault::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsFault::NoKey)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsFault::Unrelated,
                other => TlsFault::Unusable(other),
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Pair { config: Arc::new(config), expires_at })
    }
}

fn read(variable: &'static str, path: &Path) -> Result<Vec<u8>, TlsFault> {
    let unreadable = |source| TlsFault::Unreadable { variable, path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unreadable)?.take(MAX_FILE + 1);
    // At once as long as it can get: a growing buffer would leave pieces of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE as usize + 1));
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(TlsFault::TooLong { variable, path: path.to_owned(), limit: MAX_FILE });
    }
    Ok(bytes.to_vec())
}

fn expires_at(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = parsed.validity().not_after.timestamp();
    Some(UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or_default()))
}
