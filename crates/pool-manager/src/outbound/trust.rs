//! Whom the service believes when it fetches by https.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// TLS 1.2 and 1.3, with the authorities of the system; nothing where it has none.
pub(super) fn of_the_system() -> Option<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // The system's list may hold a certificate that rustls does not take; the rest still counts.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() { None } else { of(roots) }
}

/// The same with these authorities.
pub(super) fn of(roots: RootCertStore) -> Option<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(builder.with_root_certificates(roots).with_no_client_auth())
}
