//! HTTP/1.1 over TCP or TLS: limits on connections, handshakes, request heads and unread answers, and a stop that lets open
//! requests finish.

mod connection_shares;
mod head_deadline;
#[cfg(test)]
mod tests;
pub(crate) mod tls;
mod tracked_body;
mod write_deadline;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use connection_shares::ConnectionShares;
use head_deadline::HeadDeadline;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use middleware::TrustedProxies;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;
use tower::{Service, ServiceExt};
use tracked_body::TrackedBody;
use write_deadline::WriteDeadline;

use tls::Certificates;
pub use tls::TlsFault;

/// Well above the limits of the router, which answers in JSON; past it, or hyper's own hundred headers, hyper answers 431,
/// and 414 for a target of 64 KiB, without a body. A number of headers of our own would be room that is taken from the heap
/// for each request.
const MAX_HEAD_BYTES: usize = 128 * 1024;
/// For the head of a request, from its first byte; for a handshake as long again.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// For a peer to take the next bytes of an answer.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// Longer than the 90 s for which callers keep idle connections, so that they close first.
const IDLE_LIMIT: Duration = Duration::from_secs(100);
/// How long to wait when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How many connections there may be at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    pub(crate) all: usize,
    /// Those of one address, so that it cannot keep out everybody else; trusted proxies may have all.
    pub(crate) of_address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { all: 10_000, of_address: 2_500 }
    }
}

/// Where connections come from, and what is believed of them.
pub(crate) struct Listening {
    pub(crate) listener: TcpListener,
    /// What they are greeted with; without it they are not encrypted.
    pub(crate) certificates: Option<Certificates>,
    pub(crate) proxies: Arc<TrustedProxies>,
    pub(crate) limits: ConnectionLimits,
}

/// Serves until `stop`, then lets open requests finish for at most `drain_limit`, or until `abort`.
pub(crate) async fn serve<S>(
    listening: Listening,
    service: S,
    stop: CancellationToken,
    abort: CancellationToken,
    drain_limit: Duration,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let Listening { listener, certificates, proxies, limits } = listening;
    let slots = Arc::new(Semaphore::new(limits.all));
    let shares = ConnectionShares::new(limits.of_address, Arc::clone(&proxies));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let Some(share) = shares.take(peer) else { continue };
        let service = told_of(peer, Arc::clone(&proxies), service.clone());
        let watcher = graceful.watcher();
        let stream = WriteDeadline::new(stream, WRITE_LIMIT);
        let (stopped, aborted, certificates) = (stop.clone(), abort.clone(), certificates.clone());
        tokio::spawn(async move {
            let _held = (slot, share);
            let served = async {
                // A client that goes away or breaks the protocol is its own affair.
                let Some(certificates) = certificates else {
                    let _ = watcher.watch(connection(stream, service, HEAD_LIMIT)).await;
                    return;
                };
                // Apart, so that a connection in clear text takes no room for it.
                Box::pin(async move {
                    if let Some(stream) = greeted(&certificates, stream, &stopped).await {
                        let _ = watcher.watch(connection(stream, service, HEAD_LIMIT)).await;
                    }
                })
                .await;
            };
            tokio::select! {
                () = served => {}
                () = aborted.cancelled() => {}
            }
        });
    }
    drop(listener);
    let drained = timeout(drain_limit, graceful.shutdown());
    tokio::select! {
        outcome = drained => if outcome.is_err() {
            tracing::warn!(limit_seconds = drain_limit.as_secs(), "requests were still open at the end of the drain");
        },
        () = abort.cancelled() => {}
    }
    abort.cancel();
}

/// The connection after the handshake of TLS, which has as long as the head of a request; a stop ends those that are not done.
async fn greeted<T>(
    certificates: &Certificates,
    stream: T,
    stopped: &CancellationToken,
) -> Option<TlsStream<T>>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let greeted = tokio::select! {
        greeted = timeout(HEAD_LIMIT, certificates.greet(stream)) => greeted,
        () = stopped.cancelled() => return None,
    };
    match greeted {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_elapsed) => tracing::debug!("a TLS handshake took too long"),
    }
    None
}

/// Waits for a free slot first: what cannot be served stays in the kernel's queue.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Fails only on a socket that is already gone.
            let _ = stream.set_nodelay(true);
            Some((stream, peer.ip(), slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// The service, which finds in each request the [`ClientAddress`](middleware::ClientAddress): decided here and nowhere else.
fn told_of<S>(
    peer: IpAddr,
    proxies: Arc<TrustedProxies>,
    service: S,
) -> impl Service<Request<Incoming>, Response = S::Response, Error = S::Error, Future = S::Future> + Clone
where
    S: Service<Request<Incoming>> + Clone,
{
    MapRequest::new(service, move |mut request: Request<Incoming>| {
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(client);
        request
    })
}

fn connection<T, S>(
    stream: T,
    service: S,
    head_limit: Duration,
) -> http1::Connection<
    TokioIo<HeadDeadline<T>>,
    impl hyper::service::HttpService<Incoming, ResBody = TrackedBody, Error = Infallible, Future: Send>,
>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let stream = HeadDeadline::new(stream, head_limit);
    let phase = stream.phase();
    let service = service_fn(move |request: Request<Incoming>| {
        let at_work = phase.request_begins();
        let service = service.clone();
        async move {
            let response = service.oneshot(request).await?;
            Ok::<_, Infallible>(response.map(|body| TrackedBody::new(body, at_work)))
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_LIMIT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}
