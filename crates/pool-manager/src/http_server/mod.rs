//! HTTP/1.1 over TCP: limits on connections and request heads, and a stop that lets open requests finish.

mod head_deadline;

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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

const MAX_CONNECTIONS: usize = 10_000;
/// Well above the limits of the router, which answers in JSON; past these hyper answers 431, and 414 for a target of
/// 64 KiB, without a body. Room for so many headers is taken for each request, so it is not more.
const MAX_HEADERS: usize = 512;
const MAX_HEAD_BYTES: usize = 128 * 1024;
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Longer than the 90 s for which callers keep idle connections, so that they close first.
const IDLE_LIMIT: Duration = Duration::from_secs(100);
/// How long to wait when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
        let Some((stream, slot)) = accepted else { continue };
        let connection = graceful.watch(connection(stream, service.clone()));
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
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn connection<S>(
    stream: TcpStream,
    service: S,
) -> http1::Connection<
    TokioIo<HeadDeadline<TcpStream>>,
    impl hyper::service::HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send>,
>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    // Fails only on a socket that is already gone.
    let _ = stream.set_nodelay(true);
    let stream = HeadDeadline::new(stream, HEAD_LIMIT);
    let phase = stream.phase();
    let service = service_fn(move |request: Request<Incoming>| {
        phase.request_begins();
        let (service, phase) = (service.clone(), phase.clone());
        async move {
            let response = service.oneshot(request).await;
            phase.request_ends();
            response
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_LIMIT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
}
