//! TLS of the listener: a certificate and its key from files, which are taken anew when they change. Connections that are open
//! go on with what they began with.

mod fault;
mod pair;
mod renewal;

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use fault::TlsFault;
pub(crate) use renewal::{Renewal, load};

/// What new connections are greeted with. Clones see the same renewals.
#[derive(Clone)]
pub(crate) struct Certificates(watch::Receiver<Arc<ServerConfig>>);

impl Certificates {
    /// The handshake, with the certificate of this moment.
    pub(super) async fn greet<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(&self.0.borrow());
        TlsAcceptor::from(config).accept(stream).await
    }
}
