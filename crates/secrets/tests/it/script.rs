//! A server that answers calls of AWS as a test says: what moto never answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The status and the body of an answer.
pub(crate) type Answer = (u16, String);

/// A call that succeeds and says nothing.
pub(crate) fn done() -> Answer {
    (200, String::from("{}"))
}

/// A call that AWS refuses.
pub(crate) fn refused(code: &str, message: &str) -> Answer {
    (400, format!("{{\"__type\":\"{code}\",\"Message\":\"{message}\"}}"))
}

/// The server, which ends with the runtime of its test.
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Script {
    /// Answers each call by what `answer` says of its name and of how many calls of that name came before it.
    pub(crate) async fn start(answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, calls, answer) = (listener.local_addr().unwrap(), Arc::default(), Arc::new(answer));
        let script = Self { address, calls: Arc::clone(&calls) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (calls, answer) = (Arc::clone(&calls), Arc::clone(&answer));
                tokio::spawn(serve(stream, move |call| {
                    let mut calls: std::sync::MutexGuard<'_, Vec<String>> = calls.lock().unwrap();
                    let before = calls.iter().filter(|name| *name == call).count();
                    calls.push(call.to_owned());
                    answer(call, before)
                }));
            }
        });
        script
    }

    /// The names of the calls that came, in order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

/// Reads one request and answers it.
async fn serve(stream: TcpStream, answer: impl Fn(&str) -> Answer) {
    let mut stream = BufReader::new(stream);
    let (mut call, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() { break } else { continue }
        };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => call = value.trim_start_matches("secretsmanager.").to_owned(),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let (status, text) = answer(&call);
    let head = format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
    );
    let answer = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
    // Who asked may be gone.
    let _gone = stream.write_all(answer.as_bytes()).await;
}
