//! What a port of Valkey speaks, asked when the connection that is configured does not come about.

use std::sync::Arc;
use std::time::Duration;

use ::cache::NodeAddress;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a server that has something to say.
const LIMIT: Duration = Duration::from_secs(2);
/// The first byte of what TLS answers to a greeting: an alert, or a part of the handshake.
const TLS_RECORDS: [u8; 2] = [21, 22];

/// Whether it answers a `PING`, which tells nothing to anybody, in clear text; an error is an answer, too.
pub(super) async fn speaks_clear_text(address: &NodeAddress) -> bool {
    matches!(first_byte(address, b"PING\r\n").await, Some(b'+' | b'-'))
}

/// Whether it answers the greeting of TLS.
pub(super) async fn speaks_tls(address: &NodeAddress) -> bool {
    let Some(greeting) = greeting() else { return false };
    first_byte(address, &greeting).await.is_some_and(|byte| TLS_RECORDS.contains(&byte))
}

async fn first_byte(address: &NodeAddress, said: &[u8]) -> Option<u8> {
    let ask = async {
        let mut stream = TcpStream::connect((address.host(), address.port())).await.ok()?;
        stream.write_all(said).await.ok()?;
        stream.read_u8().await.ok()
    };
    timeout(LIMIT, ask).await.ok()?
}

/// The handshake goes no further than this, so nobody has to be trusted.
fn greeting() -> Option<Vec<u8>> {
    let config = ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let name = ServerName::try_from("valkey").ok()?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut greeting = Vec::new();
    connection.write_tls(&mut greeting).ok()?;
    Some(greeting)
}
