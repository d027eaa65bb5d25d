//! A certificate authority made for one test.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// An authority that no system trusts, with its certificate as a file.
///
/// Two of them share no key: one is the "wrong CA" for servers of the other.
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    directory: tempfile::TempDir,
}

/// A certificate for `localhost` and 127.0.0.1 with its private key, as files.
#[derive(Debug, Clone)]
pub struct ServerCertificate {
    /// The certificate, PEM.
    pub certificate_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
    /// The certificate of the authority, PEM.
    pub authority_file: PathBuf,
}

impl CertificateAuthority {
    /// Makes a new authority.
    ///
    /// # Panics
    /// When its files cannot be written.
    pub fn generate() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        parameters.distinguished_name.push(DnType::CommonName, "made for one test");
        let key = KeyPair::generate().expect("a key pair can be made");
        let pem = parameters.self_signed(&key).expect("an authority can sign itself").pem();
        let directory = tempfile::Builder::new().prefix("pmtest-ca-").tempdir();
        let directory = directory.expect("a temporary directory can be made");
        std::fs::write(directory.path().join("ca.pem"), &pem).expect("the certificate can be written");
        Self { issuer: Issuer::new(parameters, key), pem, directory }
    }

    /// The authority's certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The base64 of the PEM, the form in which the service takes a CA from its environment.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.pem)
    }

    /// The file with the authority's certificate; it lives as long as this value.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Issues a server certificate for `localhost` and 127.0.0.1 and writes its files into `directory`.
    ///
    /// # Panics
    /// When the files cannot be written.
    pub fn issue(&self, directory: &Path) -> ServerCertificate {
        let names = vec![String::from("localhost"), String::from("127.0.0.1")];
        let parameters = CertificateParams::new(names).expect("the names are valid");
        let key = KeyPair::generate().expect("a key pair can be made");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("the authority can sign");
        let write = |name: &str, content: &str| {
            let file = directory.join(name);
            std::fs::write(&file, content).expect("a certificate file can be written");
            file
        };
        ServerCertificate {
            certificate_file: write("server.pem", &certificate.pem()),
            key_file: write("server.key", &key.serialize_pem()),
            authority_file: write("ca.pem", &self.pem),
        }
    }
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CertificateAuthority").field("file", &self.file()).finish_non_exhaustive()
    }
}
