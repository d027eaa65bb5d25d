//! A limit on how long the head of a request may take, which an idle connection does not feel.
//!
//! hyper's own limit also runs while a kept-alive connection waits for its next request, so it cannot be both short
//! enough for slow heads and long enough for the connection pools of our callers (90 s).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What the connection is doing, shared between its socket and its service.
#[derive(Clone)]
pub(super) struct Phase(Arc<State>);

struct State {
    /// Requests whose head was read and whose answer is not yet taken whole. More than one when the next head of a
    /// pipeline is read before the last body is dropped.
    at_work: AtomicUsize,
    /// A head began, and counts against the limit unless a request is at work.
    in_head: AtomicBool,
}

impl Phase {
    /// A request head was read whole; its body and its answer have limits of their own until the guard is dropped.
    pub(super) fn request_begins(&self) -> AtWork {
        self.0.in_head.store(false, Ordering::Relaxed);
        self.0.at_work.fetch_add(1, Ordering::Relaxed);
        AtWork(self.clone())
    }

    fn is_at_work(&self) -> bool {
        self.0.at_work.load(Ordering::Relaxed) > 0
    }
}

/// A request at work. After the last one, the next byte to come begins another head.
#[must_use]
pub(super) struct AtWork(Phase);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose reads fail when the head of a request takes longer than the limit. The first head counts from
/// the beginning of the connection, later ones from their first byte.
pub(super) struct HeadDeadline<S> {
    stream: S,
    phase: Phase,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
}

impl<S> HeadDeadline<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        let phase = Phase(Arc::new(State { at_work: AtomicUsize::new(0), in_head: AtomicBool::new(true) }));
        Self { stream, phase, limit, timer: Box::pin(tokio::time::sleep(limit)) }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadDeadline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.phase.is_at_work() {
            return outcome;
        }
        if self.phase.0.in_head.load(Ordering::Relaxed) {
            if outcome.is_pending() && self.timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        } else if buffer.filled().len() > before {
            let deadline = tokio::time::Instant::now() + self.limit;
            self.timer.as_mut().reset(deadline);
            self.phase.0.in_head.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadDeadline<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_slow_head_fails_and_an_idle_connection_does_not() {
        let (mut client, server) = duplex(64);
        let mut server = HeadDeadline::new(server, LIMIT);
        let phase = server.phase();
        let mut byte = [0];

        client.write_all(b"G").await.unwrap();
        server.read_exact(&mut byte).await.unwrap();
        drop(phase.request_begins());

        let idle = tokio::time::timeout(Duration::from_secs(60), server.read_exact(&mut byte)).await;
        assert!(idle.is_err(), "an idle connection stays");

        client.write_all(b"G").await.unwrap();
        server.read_exact(&mut byte).await.unwrap();
        let started = tokio::time::Instant::now();
        let error = server.read_exact(&mut byte).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_fails() {
        let (_client, server) = duplex(64);
        let error = HeadDeadline::new(server, LIMIT).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_its_time() {
        let (_client, server) = duplex(64);
        let mut server = HeadDeadline::new(server, LIMIT);
        let _at_work = server.phase().request_begins();
        assert!(tokio::time::timeout(Duration::from_secs(60), server.read_u8()).await.is_err());
    }
}
