//! HTTP/1.1 over TCP: limits on connections, request heads and unread answers, and a stop that lets open requests finish.

mod head_deadline;
#[cfg(test)]
mod tests;
mod tracked_body;
mod write_deadline;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use head_deadline::HeadDeadline;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use middleware::PeerAddress;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;
use tower::{Service, ServiceExt};
use tracked_body::TrackedBody;
use write_deadline::WriteDeadline;

const MAX_CONNECTIONS: usize = 10_000;
/// Well above the limits of the router, which answers in JSON; past it, or hyper's own hundred headers, hyper answers 431,
/// and 414 for a target of 64 KiB, without a body. A number of headers of our own would be room that is taken from the heap
/// for each request.
const MAX_HEAD_BYTES: usize = 128 * 1024;
const LIMITS: Limits = Limits { head: Duration::from_secs(10), write: Duration::from_secs(30) };
/// Longer than the 90 s for which callers keep idle connections, so that they close first.
const IDLE_LIMIT: Duration = Duration::from_secs(100);
/// How long to wait when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a peer may keep a connection waiting.
#[derive(Clone, Copy)]
struct Limits {
    /// For the head of a request, from its first byte.
    head: Duration,
    /// For taking the next bytes of an answer.
    write: Duration,
}

/// Serves until `stop`, then lets open requests finish for at most `drain_limit`, or until `abort`.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    stop: CancellationToken,
    abort: CancellationToken,
    drain_limit: Duration,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let service = told_of(peer, service.clone());
        let connection = graceful.watch(connection(stream, service, LIMITS));
        let aborted = abort.clone();
        tokio::spawn(async move {
            let _slot = slot;
            tokio::select! {
                // A client that goes away or breaks the protocol is its own affair.
                _ = connection => {}
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

/// Waits for a free slot first: what cannot be served stays in the kernel's queue.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, PeerAddress, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Fails only on a socket that is already gone.
            let _ = stream.set_nodelay(true);
            Some((stream, PeerAddress(peer.ip()), slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// The service, which finds in each request where it came from.
fn told_of<S>(
    peer: PeerAddress,
    service: S,
) -> impl Service<Request<Incoming>, Response = S::Response, Error = S::Error, Future = S::Future> + Clone
where
    S: Service<Request<Incoming>> + Clone,
{
    MapRequest::new(service, move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request
    })
}

fn connection<T, S>(
    stream: T,
    service: S,
    limits: Limits,
) -> http1::Connection<
    TokioIo<HeadDeadline<WriteDeadline<T>>>,
    impl hyper::service::HttpService<Incoming, ResBody = TrackedBody, Error = Infallible, Future: Send>,
>
where
    T: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let stream = HeadDeadline::new(WriteDeadline::new(stream, limits.write), limits.head);
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
