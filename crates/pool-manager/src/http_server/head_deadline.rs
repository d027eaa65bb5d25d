//! A limit on how long the head of a request may take, which an idle connection does not feel.
//!
//! hyper's own limit also runs while a kept-alive connection waits for its next request, so it cannot be both short
//! enough for slow heads and long enough for the connection pools of our callers (90 s).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const REQUEST: u8 = 2;

/// What the connection is doing, shared between its socket and its service.
#[derive(Clone)]
pub(super) struct Phase(Arc<AtomicU8>);

impl Phase {
    /// A request head was read whole; its body and its answer have limits of their own.
    pub(super) fn request_begins(&self) {
        self.0.store(REQUEST, Ordering::Relaxed);
    }

    /// The answer is under way; the next byte to come begins another head.
    pub(super) fn request_ends(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
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
        let phase = Phase(Arc::new(AtomicU8::new(HEAD)));
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
        match self.phase.0.load(Ordering::Relaxed) {
            IDLE if buffer.filled().len() > before => {
                let deadline = tokio::time::Instant::now() + self.limit;
                self.timer.as_mut().reset(deadline);
                self.phase.0.store(HEAD, Ordering::Relaxed);
            }
            HEAD if outcome.is_pending() && self.timer.as_mut().poll(context).is_ready() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            _ => {}
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
        phase.request_begins();
        phase.request_ends();

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
        server.phase().request_begins();
        assert!(tokio::time::timeout(Duration::from_secs(60), server.read_u8()).await.is_err());
    }
}
