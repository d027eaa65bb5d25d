//! TLS: the given authority, or the system's.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::config::RabbitConfigError;

/// The client side of TLS 1.2 and 1.3, verifying the broker's certificate and name.
pub(super) fn client_config(
    ca_certificate_pem: Option<&[u8]>,
) -> Result<Arc<ClientConfig>, RabbitConfigError> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = ca_certificate_pem {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
            added.ok_or(RabbitConfigError::CertificatePem)?;
        }
        if roots.is_empty() {
            return Err(RabbitConfigError::CertificatePem);
        }
    } else {
        // The system's list may hold a certificate that rustls does not take; the rest still counts.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(RabbitConfigError::NoSystemRoots);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| RabbitConfigError::CertificatePem)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
