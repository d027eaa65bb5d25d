//! Takes a certificate anew when its files change.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::Clock;
use middleware::error_chain;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::time::sleep;

use super::pair::PairText;
use super::{Certificates, TlsFault};
use crate::config::TlsFiles;

/// How often the files are looked at. Kubernetes renews a mounted secret by turning a symbolic link, which no watch of a file
/// sees.
const PERIOD: Duration = Duration::from_secs(5);
/// When the end of a certificate is spoken of.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Follows the files for as long as the service runs.
pub(crate) struct Renewal {
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    sender: watch::Sender<Arc<ServerConfig>>,
    text: PairText,
    expires_at: SystemTime,
    told_at: Option<SystemTime>,
    refused: Option<Refused>,
}

/// What stands in the files and cannot be used.
struct Refused {
    /// Nothing where they cannot be read.
    text: Option<PairText>,
    looks: u32,
}

/// Reads the files for the first time. Without a pair that can be used the service does not start.
pub(crate) fn load(files: &TlsFiles, clock: Arc<dyn Clock>) -> Result<(Certificates, Renewal), TlsFault> {
    let text = PairText::read(files)?;
    let pair = text.pair()?;
    let (sender, receiver) = watch::channel(pair.config);
    let (files, expires_at) = (files.clone(), pair.expires_at);
    let mut renewal = Renewal { files, clock, sender, text, expires_at, told_at: None, refused: None };
    renewal.tell_of_the_end();
    Ok((Certificates(receiver), renewal))
}

impl Renewal {
    /// Looks at the files again and again; never returns.
    pub(crate) async fn run(mut self) {
        loop {
            sleep(PERIOD).await;
            let files = self.files.clone();
            // Fails only while the runtime ends.
            if let Ok(found) = tokio::task::spawn_blocking(move || PairText::read(&files)).await {
                self.consider(found);
            }
            self.tell_of_the_end();
        }
    }

    /// Takes what was found if it is new and can be used; else all stays as it is.
    pub(super) fn consider(&mut self, found: Result<PairText, TlsFault>) {
        match found {
            Ok(text) if text == self.text => self.refused = None,
            Ok(text) => match text.pair() {
                Ok(pair) => {
                    self.sender.send_replace(pair.config);
                    (self.text, self.expires_at) = (text, pair.expires_at);
                    (self.told_at, self.refused) = (None, None);
                    tracing::info!("TLS: new connections get the new certificate");
                }
                Err(fault) => self.refuse(Some(text), &fault),
            },
            Err(fault) => self.refuse(None, &fault),
        }
    }

    /// Said once of each text, and at the second look only: at the first, one file may have been written and the other not yet.
    fn refuse(&mut self, text: Option<PairText>, fault: &TlsFault) {
        let known = self.refused.take().filter(|refused| refused.text == text);
        let looks = known.map_or(1, |refused| refused.looks.saturating_add(1));
        if looks == 2 {
            let fault = error_chain(fault);
            tracing::error!(fault, "TLS: the new certificate cannot be used, the one before stays");
        }
        self.refused = Some(Refused { text, looks });
    }

    /// Once a day.
    pub(super) fn tell_of_the_end(&mut self) {
        let now = self.clock.now();
        let is_told = self.told_at.is_some_and(|at| now < at + DAY);
        if is_told || now + SOON < self.expires_at {
            return;
        }
        self.told_at = Some(now);
        match self.expires_at.duration_since(now) {
            Ok(rest) => {
                let hours = rest.as_secs() / 3_600;
                tracing::warn!(hours, "TLS: the certificate in TLS_CERT_FILE expires soon");
            }
            Err(_past) => tracing::error!("TLS: the certificate in TLS_CERT_FILE has expired"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::ManualClock;
    use rustls::ClientConfig;
    use rustls::RootCertStore;
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, ServerName};
    use testkit::{CertificateAuthority, ServerCertificate};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// A directory with a certificate, and what reads it.
    struct Mounted {
        directory: tempfile::TempDir,
        authority: CertificateAuthority,
        certificates: Certificates,
        renewal: Renewal,
        clock: Arc<ManualClock>,
    }

    fn files(issued: &ServerCertificate) -> TlsFiles {
        TlsFiles { certificate: issued.certificate_file.clone(), key: issued.key_file.clone() }
    }

    fn mounted() -> Mounted {
        let directory = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::generate();
        let issued = authority.issue(directory.path());
        let clock = Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH));
        let (certificates, renewal) = load(&files(&issued), clock.clone()).unwrap();
        Mounted { directory, authority, certificates, renewal, clock }
    }

    impl Mounted {
        fn look(&mut self) {
            self.renewal.consider(PairText::read(&self.renewal.files));
        }

        /// Whether a client that trusts `authority` and speaks `protocols` is greeted.
        async fn greets(&self, authority: &CertificateAuthority, protocols: &[&[u8]]) -> bool {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let mut config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            let name = ServerName::try_from("localhost").unwrap();
            let (client, server) = duplex(64 * 1_024);
            let connector = TlsConnector::from(Arc::new(config));
            let (client, server) =
                tokio::join!(connector.connect(name, client), self.certificates.greet(server));
            match (client, server) {
                (Ok(mut client), Ok(mut server)) => {
                    server.write_all(b"hello").await.unwrap();
                    server.flush().await.unwrap();
                    client.read_u8().await.is_ok()
                }
                _ => false,
            }
        }
    }

    #[tokio::test]
    async fn a_new_pair_is_for_new_connections_and_a_broken_one_changes_nothing() {
        let mut mounted = mounted();
        let former = CertificateAuthority::generate();
        let former = std::mem::replace(&mut mounted.authority, former);
        assert!(mounted.greets(&former, &[]).await && !mounted.greets(&mounted.authority, &[]).await);

        let issued = mounted.authority.issue(mounted.directory.path());
        mounted.look();
        assert!(mounted.greets(&mounted.authority, &[]).await && !mounted.greets(&former, &[]).await);

        for (file, text) in [(&issued.certificate_file, "no certificate"), (&issued.key_file, "")] {
            let kept = std::fs::read(file).unwrap();
            std::fs::write(file, text).unwrap();
            (0..3).for_each(|_| mounted.look());
            assert_eq!(mounted.renewal.refused.as_ref().map(|refused| refused.looks), Some(3));
            assert!(mounted.greets(&mounted.authority, &[]).await);
            std::fs::write(file, kept).unwrap();
            mounted.look();
            assert!(mounted.renewal.refused.is_none());
        }
        std::fs::remove_file(&issued.key_file).unwrap();
        mounted.look();
        assert!(mounted.greets(&mounted.authority, &[]).await);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_turned_link_is_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let (first, second) = (CertificateAuthority::generate(), CertificateAuthority::generate());
        let link = directory.path().join("data");
        let turn = |authority: &CertificateAuthority, name: &str| {
            let target = directory.path().join(name);
            std::fs::create_dir(&target).unwrap();
            authority.issue(&target);
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(&target, &link).unwrap();
        };
        turn(&first, "1");
        let files = TlsFiles { certificate: link.join("server.pem"), key: link.join("server.key") };
        let clock = Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH));
        let (certificates, renewal) = load(&files, clock.clone()).unwrap();
        let mut mounted = Mounted {
            directory: tempfile::tempdir().unwrap(),
            authority: first,
            certificates,
            renewal,
            clock,
        };
        turn(&second, "2");
        mounted.look();
        assert!(mounted.greets(&second, &[]).await);
    }

    #[tokio::test]
    async fn no_other_protocol_is_agreed_on() {
        let mounted = mounted();
        assert!(mounted.greets(&mounted.authority, &[b"h2", b"http/1.1"]).await);
        assert!(!mounted.greets(&mounted.authority, &[b"h2"]).await);
    }

    #[test]
    fn the_end_is_told_once_a_day() {
        let Mounted { mut renewal, clock, .. } = mounted();
        let tells = |renewal: &mut Renewal, before: Duration| {
            let now = renewal.expires_at - before;
            clock.advance(now.duration_since(clock.now()).unwrap());
            renewal.tell_of_the_end();
            renewal.told_at == Some(now)
        };
        assert!(!tells(&mut renewal, SOON + Duration::from_secs(1)));
        assert!(tells(&mut renewal, SOON));
        assert!(!tells(&mut renewal, SOON - DAY / 2));
        assert!(tells(&mut renewal, SOON - DAY));
        assert!(tells(&mut renewal, Duration::ZERO), "and when it has come");
    }

    #[test]
    fn faults_name_their_variable_and_show_nothing_of_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let authority = CertificateAuthority::generate();
        let issued = authority.issue(directory.path());
        let other = directory.path().join("other");
        std::fs::create_dir(&other).unwrap();
        let stranger = authority.issue(&other);
        let write = |name: &str, text: &str| {
            let file = directory.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let key = std::fs::read_to_string(&issued.key_file).unwrap();
        let damaged = write("damaged", &key.replacen("M", "*", 1));
        let long = write("long", &"a".repeat(300_000));
        let (certificate, key) = (issued.certificate_file.as_path(), issued.key_file.as_path());
        for (certificate, key, expected) in [
            (Path::new("/none"), key, "TLS_CERT_FILE: /none cannot be read"),
            (certificate, Path::new("/none"), "TLS_KEY_FILE: /none cannot be read"),
            (key, key, "TLS_CERT_FILE: holds no certificate"),
            (certificate, certificate, "TLS_KEY_FILE: holds no private key"),
            (certificate, &damaged, "TLS_KEY_FILE: holds no private key"),
            (certificate, &stranger.key_file, "TLS_KEY_FILE: is not the key of the first certificate"),
            (&long, key, "TLS_CERT_FILE: "),
        ] {
            let files = TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() };
            let fault = load(&files, Arc::new(ManualClock::new(SystemTime::UNIX_EPOCH))).err().unwrap();
            let text = format!("{} {fault:?}", error_chain(&fault));
            assert!(text.starts_with(expected) && !text.contains("PRIVATE KEY"), "{expected}: {text}");
        }
    }
}
