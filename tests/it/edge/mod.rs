//! The edge of the service, over plain and over encrypted connections: clients that are slow, endless or unknown, certificates
//! that change, proxies.

mod hostile_clients;
mod proxies;
mod tls;

use std::sync::Arc;

use pool_manager::{Failure, Shutdown};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use testkit::CertificateAuthority;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::support::{PATIENCE, build};

/// One end of a connection, encrypted or not.
trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

/// A service by itself, with or without a certificate.
struct Edge {
    address: String,
    authority: Option<CertificateAuthority>,
    shutdown: Shutdown,
    task: JoinHandle<Result<(), Failure>>,
    directory: TempDir,
}

impl Edge {
    async fn plain() -> Self {
        Self::start(None, tempfile::tempdir().unwrap(), &[]).await
    }

    async fn encrypted() -> Self {
        let (authority, directory) = (CertificateAuthority::generate(), tempfile::tempdir().unwrap());
        let issued = authority.issue(directory.path());
        let [certificate, key] =
            [issued.certificate_file, issued.key_file].map(|file| file.display().to_string());
        let variables = [("TLS_CERT_FILE", certificate.as_str()), ("TLS_KEY_FILE", key.as_str())];
        Self::start(Some(authority), directory, &variables).await
    }

    async fn start(
        authority: Option<CertificateAuthority>,
        directory: TempDir,
        variables: &[(&str, &str)],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let app = build(directory.path(), variables).await;
        let shutdown = Shutdown::new();
        let task = tokio::spawn(app.serve(listener, shutdown.clone()));
        Self { address, authority, shutdown, task, directory }
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// A connection, after the handshake where there is one.
    async fn connect(&self) -> Box<dyn Socket> {
        match &self.authority {
            None => Box::new(self.tcp().await),
            Some(authority) => self.connect_trusting(authority).await.expect("the certificate is ours"),
        }
    }

    async fn connect_trusting(&self, authority: &CertificateAuthority) -> Option<Box<dyn Socket>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let connected = TlsConnector::from(Arc::new(config)).connect(name, self.tcp().await).await;
        connected.ok().map(|stream| Box::new(stream) as Box<dyn Socket>)
    }

    async fn stop(mut self) {
        self.shutdown.begin();
        (&mut self.task).await.expect("it does not panic").expect("it stops in good order");
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends all of it; whether the other end took it does not matter.
async fn send(socket: &mut Box<dyn Socket>, text: &str) -> bool {
    socket.write_all(text.as_bytes()).await.is_ok() && socket.flush().await.is_ok()
}

/// The head of the next answer and what came with it; empty when the connection ended before.
async fn answer(socket: &mut Box<dyn Socket>) -> String {
    let mut text = Vec::new();
    let read = async {
        let mut buffer = [0; 4_096];
        while !text.windows(4).any(|window| window == b"\r\n\r\n") {
            match socket.read(&mut buffer).await {
                Ok(length @ 1..) => text.extend_from_slice(&buffer[..length]),
                Ok(0) | Err(_) => break,
            }
        }
    };
    tokio::time::timeout(PATIENCE * 2, read).await.expect("an answer or an end");
    String::from_utf8_lossy(&text).into_owned()
}
