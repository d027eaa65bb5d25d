//! The socket of a connection, to cut it.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

/// A second handle on a socket that somebody else reads and writes.
#[derive(Debug, Default)]
pub(super) struct Socket(Mutex<State>);

/// Cuts the socket when it is dropped.
#[derive(Debug, Default)]
pub(super) struct SocketOwner(pub(super) Arc<Socket>);

#[derive(Debug, Default)]
enum State {
    #[default]
    NotThere,
    Open(TcpStream),
    Cut,
}

impl Socket {
    /// Takes a handle on the socket that was just opened. Fails when it is not wanted any more.
    pub(super) fn hold(&self, socket: &impl AsFd) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Cut) {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        *state = State::Open(socket.as_fd().try_clone_to_owned()?.into());
        Ok(())
    }

    /// Ends the connection without a word, so that whoever reads from it wakes up at once; also one that is opened later.
    fn cut(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Open(socket) = std::mem::replace(&mut *state, State::Cut) {
            // One that is closed already is as good.
            let _closed = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for SocketOwner {
    fn drop(&mut self) {
        self.0.cut();
    }
}
