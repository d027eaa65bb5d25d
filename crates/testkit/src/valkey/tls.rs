//! One Valkey server that speaks TLS only.

use std::net::SocketAddr;

use crate::certificate::CertificateAuthority;
use crate::valkey::single::{ValkeyOptions, ValkeyServer};

/// A server with a certificate for `localhost` and 127.0.0.1, of an authority made for it.
#[derive(Debug)]
pub struct TlsServer {
    server: ValkeyServer,
    authority: CertificateAuthority,
}

impl TlsServer {
    /// Starts one with the default options.
    pub async fn start() -> Self {
        Self::start_with(ValkeyOptions::default()).await
    }

    /// Starts one.
    pub async fn start_with(options: ValkeyOptions) -> Self {
        let authority = CertificateAuthority::generate();
        let server = ValkeyServer::start_inner(options, Some(&authority)).await;
        Self { server, authority }
    }

    /// The server itself, to kill, pause or look into. It cannot start a replica.
    pub fn server(&self) -> &ValkeyServer {
        &self.server
    }

    /// Its address by number.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its address by name: `localhost:port`.
    pub fn endpoint(&self) -> String {
        format!("localhost:{}", self.address().port())
    }

    /// The authority that a client must trust.
    pub fn authority(&self) -> &CertificateAuthority {
        &self.authority
    }
}
