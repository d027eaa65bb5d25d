//! Opening a connection: TCP, TLS, and the broker's handshake.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use async_rs::TokioRuntime as Runtime;
use async_rs::traits::Reactor;
use lapin::tcp::{AsyncTcpStream, RustlsConnector};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use tokio::time::timeout;

use super::driver_settings::DriverSettings;
use super::socket::Socket;

type Stream = AsyncTcpStream<<Runtime as Reactor>::TcpStream>;

/// What the broker's console shows.
const NAME: &str = "pool-manager";

/// Opens a connection. `socket` becomes a handle on it, to end it with whenever it takes too long.
pub(super) async fn dial(target: &DriverSettings, socket: &Arc<Socket>) -> lapin::Result<Connection> {
    let (tls, socket, patience) = (target.tls.clone(), Arc::clone(socket), target.patience);
    let properties = ConnectionProperties::default().with_connection_name(NAME.into());
    let open = async move |uri: AMQPUri, runtime: Runtime| -> lapin::Result<Stream> {
        let host = uri.authority.host.as_str();
        // It runs in a thread of the driver, which nobody ends from outside before there is a socket.
        let opened = timeout(patience, async {
            let addresses: Vec<_> = tokio::net::lookup_host((host, uri.authority.port)).await?.collect();
            let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
            if let AsyncTcpStream::Plain(plain) = &stream {
                socket.hold(plain.get_ref())?;
            }
            match &tls {
                Some(config) => stream.into_rustls(&RustlsConnector::from(Arc::clone(config)), host).await,
                None => Ok(stream),
            }
        });
        Ok(opened.await.unwrap_or_else(|_elapsed| Err(io::Error::from(ErrorKind::TimedOut)))?)
    };
    Connection::connector(target.uri.clone(), Runtime::tokio_current(), open, properties).await
}
