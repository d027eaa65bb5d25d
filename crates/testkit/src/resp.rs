//! A small client of the Valkey protocol (version 2), so that tests can look at a server without the driver
//! under test. One connection, one task; plain TCP or a unix socket.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::reply::Reply;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How many commands of a pipeline are under way at once: their answers fit the socket's buffers.
const BATCH: usize = 1_000;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection to one server.
pub struct Resp {
    stream: BufReader<Box<dyn Stream>>,
    limit: Duration,
}

impl Resp {
    /// Connects over TCP.
    ///
    /// # Errors
    /// When the server does not accept within ten seconds.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = timeout(LIMIT, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self::over(Box::new(stream)))
    }

    /// Connects over the unix socket at `path`.
    ///
    /// # Errors
    /// When the server does not accept within ten seconds.
    pub async fn connect_unix(path: &Path) -> io::Result<Self> {
        Ok(Self::over(Box::new(timeout(LIMIT, UnixStream::connect(path)).await??)))
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self { stream: BufReader::with_capacity(64 * 1024, stream), limit: LIMIT }
    }

    /// The same connection with another limit for each command.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sends AUTH, with a user name or with the password alone.
    ///
    /// # Errors
    /// When the connection breaks, or the server refuses (`PermissionDenied`).
    pub async fn authenticate(&mut self, username: Option<&str>, password: &str) -> io::Result<()> {
        let reply = match username {
            Some(username) => self.try_command(&["AUTH", username, password]).await?,
            None => self.try_command(&["AUTH", password]).await?,
        };
        match reply {
            Reply::Error(text) => Err(io::Error::new(io::ErrorKind::PermissionDenied, text)),
            _ => Ok(()),
        }
    }

    /// Runs a command; an error of the server is a [`Reply::Error`].
    ///
    /// # Panics
    /// When the connection breaks or ten seconds pass.
    pub async fn command<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Reply {
        match self.try_command(arguments).await {
            Ok(reply) => reply,
            Err(error) => panic!("{}: {error}", shown(arguments)),
        }
    }

    /// Runs a command; an error of the server is a [`Reply::Error`].
    ///
    /// # Errors
    /// When the connection breaks or the limit passes; it must not be used after either.
    pub async fn try_command<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        encode(&mut bytes, arguments);
        let mut replies = self.exchange(&bytes, 1).await?;
        replies.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Sets a parameter of the server.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn configure(&mut self, parameter: &str, value: &str) {
        let reply = self.command(&["CONFIG", "SET", parameter, value]).await;
        drop(reply.accepted(&format!("CONFIG SET {parameter}")));
    }

    /// Ends the connections of all other clients, so that they must log in again. Replicas stay.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn disconnect_clients(&mut self) {
        drop(self.command(&["CLIENT", "KILL", "TYPE", "normal"]).await.accepted("CLIENT KILL TYPE normal"));
    }

    /// Runs many commands, a thousand under way at a time, and gives the answers in their order.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn pipeline<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(commands.len());
        for batch in commands.chunks(BATCH) {
            let mut bytes = Vec::new();
            for command in batch {
                encode(&mut bytes, command);
            }
            let answered = self.exchange(&bytes, batch.len()).await;
            replies.extend(answered.expect("the connection holds during a pipeline"));
        }
        replies
    }

    /// Sends commands that are already in wire form and reads `count` answers.
    pub(crate) async fn exchange(&mut self, bytes: &[u8], count: usize) -> io::Result<Vec<Reply>> {
        timeout(self.limit, async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await?;
            let mut replies = Vec::with_capacity(count);
            for _ in 0..count {
                replies.push(self.read().await?);
            }
            Ok(replies)
        })
        .await?
    }

    /// Waits for the next message of a subscription, for as long as it takes.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next_message(&mut self) -> io::Result<Reply> {
        self.read().await
    }

    async fn read(&mut self) -> io::Result<Reply> {
        let line = self.line().await?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(|| malformed(&line))?;
        let number = || rest.parse::<i64>().map_err(|_not_a_number| malformed(&line));
        Ok(match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(number()?),
            "$" => match usize::try_from(number()?) {
                Err(_negative) => Reply::Nil,
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    self.stream.read_exact(&mut bytes).await?;
                    bytes.truncate(length);
                    Reply::Bulk(bytes)
                }
            },
            "*" => match usize::try_from(number()?) {
                Err(_negative) => Reply::Nil,
                Ok(length) => {
                    let mut replies = Vec::with_capacity(length);
                    for _ in 0..length {
                        replies.push(self.read_nested().await?);
                    }
                    Reply::Array(replies)
                }
            },
            _ => return Err(malformed(&line)),
        })
    }

    /// A function that calls itself needs a boxed future somewhere.
    fn read_nested(&mut self) -> Pin<Box<dyn Future<Output = io::Result<Reply>> + Send + '_>> {
        Box::pin(self.read())
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

impl std::fmt::Debug for Resp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Resp").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Appends a command in wire form.
pub(crate) fn encode<A: AsRef<[u8]>>(bytes: &mut Vec<u8>, arguments: &[A]) {
    bytes.extend_from_slice(format!("*{}\r\n", arguments.len()).as_bytes());
    for argument in arguments {
        let argument = argument.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        bytes.extend_from_slice(argument);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn shown<A: AsRef<[u8]>>(arguments: &[A]) -> String {
    let words = arguments.iter().take(4).map(|word| String::from_utf8_lossy(word.as_ref()));
    words.collect::<Vec<_>>().join(" ")
}

fn malformed(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not an answer of the protocol: {line:?}"))
}
