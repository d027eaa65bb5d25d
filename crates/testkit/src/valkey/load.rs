//! Filling servers fast: a test of a scan wants a million keys in seconds.

use std::io;

use crate::resp::{Resp, encode};

/// SET commands for one server, in wire form.
#[derive(Debug, Default)]
pub(crate) struct Load {
    bytes: Vec<u8>,
    count: usize,
}

impl Load {
    /// How many pairs one load holds at most, so that the answers fit the socket's buffers.
    pub(crate) const BATCH: usize = 5_000;

    /// Adds a pair.
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        encode(&mut self.bytes, &["SET", key, value]);
        self.count += 1;
    }

    /// Whether it should be sent before more is added.
    pub(crate) fn is_full(&self) -> bool {
        self.count >= Self::BATCH
    }

    /// Sends what was added and empties it.
    ///
    /// # Errors
    /// When the connection breaks or the server refuses one of them.
    pub(crate) async fn send(&mut self, resp: &mut Resp) -> io::Result<()> {
        let replies = resp.exchange(&self.bytes, self.count).await?;
        self.bytes.clear();
        self.count = 0;
        match replies.into_iter().find(crate::Reply::is_error) {
            Some(refusal) => Err(io::Error::other(refusal.text())),
            None => Ok(()),
        }
    }
}
