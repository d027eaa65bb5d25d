//! TLS: the given authority, or the system's.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::config::{CacheConfig, ConfigProblem, ConfigProblems};
use crate::error::CacheError;

/// The client side of TLS 1.2 and 1.3, verifying the server's certificate and name.
pub(super) fn client_config(config: &CacheConfig) -> Result<ClientConfig, CacheError> {
    let problem = |problem| CacheError::Config(ConfigProblems(vec![problem]));
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &config.ca_certificate_pem {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
            added.ok_or_else(|| problem(ConfigProblem::CertificatePem))?;
        }
    } else {
        for certificate in rustls_native_certs::load_native_certs().certs {
            // The system's list may hold a certificate that rustls does not take; the rest still counts.
            let _ = roots.add(certificate);
        }
        if roots.is_empty() {
            return Err(problem(ConfigProblem::NoSystemRoots));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|_| problem(ConfigProblem::CertificatePem))
}
