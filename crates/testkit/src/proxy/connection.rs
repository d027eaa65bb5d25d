//! One connection through the proxy.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Mode, State, lock};

/// A server whose answer is to be lost has executed everything when it says nothing for this long.
const QUIET: Duration = Duration::from_millis(30);
const PIECE: usize = 64 * 1024;
/// How many pieces may be on their way back; a delayed answer is read in small ones.
const PIECES: usize = 4_096;

/// Carries bytes both ways until one side closes or the mode ends the connection.
pub(super) async fn carry(client: TcpStream, modes: watch::Receiver<Mode>, state: &State) {
    let upstream = *lock(&state.upstream);
    let doomed = AtomicBool::new(false);
    let carried = async {
        let (from_client, to_client) = client.into_split();
        if *modes.borrow() == Mode::HalfOpen {
            // Held, not dropped: a dropped half would tell the client that nobody writes any more.
            let result = swallow(from_client).await;
            drop(to_client);
            return result;
        }
        let server = TcpStream::connect(upstream).await?;
        server.set_nodelay(true)?;
        to_client.as_ref().set_nodelay(true)?;
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            ended = requests(from_client, to_server, &modes, state, &doomed) => ended,
            ended = replies(from_server, to_client, &modes, state, &doomed) => ended,
        }
    };
    // Whatever ends it, both sockets are closed with these futures.
    tokio::select! {
        _ended = carried => {}
        () = ordered_end(modes.clone()) => {}
    }
}

/// Completes when the proxy is cut or dropped, or when it stops being half open.
async fn ordered_end(mut modes: watch::Receiver<Mode>) {
    let was_half_open = modes.wait_for(|mode| matches!(mode, Mode::Cut | Mode::HalfOpen)).await;
    let was_half_open = was_half_open.is_ok_and(|mode| *mode == Mode::HalfOpen);
    if was_half_open {
        let _dropped = modes.wait_for(|mode| *mode != Mode::HalfOpen).await;
    }
}

async fn swallow(mut reader: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    while reader.read(&mut piece).await? > 0 {}
    Ok(())
}

async fn requests(
    mut client: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    modes: &watch::Receiver<Mode>,
    state: &State,
    doomed: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut before: Vec<u8> = Vec::new();
    loop {
        let length = client.read(&mut buffer).await?;
        let piece = buffer.get(..length).unwrap_or_default();
        if piece.is_empty() {
            return Ok(());
        }
        if *modes.borrow() == Mode::HalfOpen {
            continue;
        }
        if lock(&state.rule).as_mut().is_some_and(|rule| rule.takes(&before, piece)) {
            // Before the server can answer.
            doomed.store(true, Ordering::SeqCst);
        }
        before.clear();
        before.extend_from_slice(piece);
        server.write_all(piece).await?;
        if let Some(kept) = lock(&state.kept).as_mut() {
            kept.extend_from_slice(piece);
        }
        state.bytes_to_server.fetch_add(length as u64, Ordering::SeqCst);
    }
}

async fn replies(
    mut server: impl AsyncRead + Unpin,
    client: impl AsyncWrite + Unpin,
    modes: &watch::Receiver<Mode>,
    state: &State,
    doomed: &AtomicBool,
) -> io::Result<()> {
    let (line, pieces) = mpsc::channel(PIECES);
    // Takes the line with it, so that its end is the end of the delivery, once all is delivered.
    let read = async move {
        let mut buffer = vec![0; PIECE];
        loop {
            let length = server.read(&mut buffer).await?;
            let piece = buffer.get(..length).unwrap_or_default();
            if piece.is_empty() {
                return Ok(());
            }
            if doomed.load(Ordering::SeqCst) {
                while timeout(QUIET, server.read(&mut buffer))
                    .await
                    .is_ok_and(|read| read.is_ok_and(|n| n > 0))
                {}
                state.cuts.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            let mode = *modes.borrow();
            let due = match mode {
                Mode::HalfOpen => continue,
                Mode::Delay(delay) => Instant::now() + delay,
                Mode::Pass | Mode::Cut => Instant::now(),
            };
            if line.send((due, piece.to_vec())).await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::try_join!(read, deliver(pieces, client, state)).map(|_| ())
}

/// Hands on each piece when it is due, so that a delay is one of time and not of throughput.
async fn deliver(
    mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut client: impl AsyncWrite + Unpin,
    state: &State,
) -> io::Result<()> {
    while let Some((due, piece)) = pieces.recv().await {
        sleep_until(due).await;
        client.write_all(&piece).await?;
        state.bytes_to_client.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
    Ok(())
}
