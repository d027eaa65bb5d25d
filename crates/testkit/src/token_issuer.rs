//! Somebody who issues bearer tokens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::token_key::{TokenAlgorithm, TokenKey};

/// How the issuer answers who asks for its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerMood {
    /// As it should.
    Answers,
    /// It takes the request, and says nothing.
    Stalls,
    /// With a status of 500.
    Fails,
    /// With this body, and a status of 200.
    Lies(String),
    /// By sending the asker to this URL.
    Redirects(String),
}

/// Issues tokens and publishes the keys over HTTP on a port of 127.0.0.1.
pub struct TokenIssuer {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    keys: Mutex<Vec<TokenKey>>,
    mood: Mutex<IssuerMood>,
    asked: AtomicUsize,
}

impl TokenIssuer {
    /// An issuer with a key of each algorithm, which signs with the last.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let keys = TokenAlgorithm::ALL.into_iter().map(|it| TokenKey::generate(it.name(), it)).collect();
        let shared = Arc::new(Shared {
            keys: Mutex::new(keys),
            mood: Mutex::new(IssuerMood::Answers),
            asked: AtomicUsize::default(),
        });
        let server = tokio::spawn(serve(listener, url.clone(), Arc::clone(&shared)));
        Self { url, shared, server }
    }

    /// What its tokens say in `iss`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its keys are.
    pub fn keys_url(&self) -> String {
        format!("{}/keys", self.url)
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Answers like this from now on.
    pub fn is_now(&self, mood: IssuerMood) {
        *lock(&self.shared.mood) = mood;
    }

    /// Stops listening. Its tokens are as good as before.
    pub fn die(&self) {
        self.server.abort();
    }

    /// Publishes another key, and signs with it.
    pub fn rotate(&self, id: &str, algorithm: TokenAlgorithm) {
        lock(&self.shared.keys).push(TokenKey::generate(id, algorithm));
    }

    /// Publishes a key no more.
    pub fn withdraw(&self, id: &str) {
        lock(&self.shared.keys).retain(|key| key.id() != id);
    }

    /// Claims that its tokens have to have, good for an hour.
    #[expect(clippy::disallowed_methods, reason = "what it issues is good by the time of the machine")]
    pub fn claims(&self, subject: &str, permissions: &[&str]) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let end = now + Duration::from_secs(3_600);
        json!({ "iss": self.url, "sub": subject, "exp": end.as_secs(), "permissions": permissions })
    }

    /// A token of the last key with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        lock(&self.shared.keys).last().expect("a key").token(claims)
    }

    /// A token that is good for an hour.
    pub fn token(&self, subject: &str, permissions: &[&str]) -> String {
        self.sign(&self.claims(subject, permissions))
    }

    /// A token of the key with this id.
    pub fn token_by(&self, id: &str, claims: &Value) -> String {
        lock(&self.shared.keys).iter().find(|key| key.id() == id).expect("a key with the id").token(claims)
    }
}

impl Drop for TokenIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, url: String, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (url, shared) = (url.clone(), Arc::clone(&shared));
        tokio::spawn(async move { answer(stream, &url, &shared).await });
    }
}

/// One request of a connection. Whoever goes away early is not our affair.
async fn answer(mut stream: TcpStream, url: &str, shared: &Shared) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let is_discovery = head.starts_with(b"GET /.well-known/openid-configuration ");
    let mood = lock(&shared.mood).clone();
    if !is_discovery {
        shared.asked.fetch_add(1, Ordering::SeqCst);
    }
    let (status, more, body) = match mood {
        IssuerMood::Answers if is_discovery => {
            ("200 OK", String::new(), json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string())
        }
        IssuerMood::Answers => {
            let keys: Vec<_> = lock(&shared.keys).iter().map(TokenKey::jwk).collect();
            ("200 OK", String::new(), json!({ "keys": keys }).to_string())
        }
        IssuerMood::Stalls => std::future::pending().await,
        IssuerMood::Fails => ("500 Internal Server Error", String::new(), "{}".to_owned()),
        IssuerMood::Lies(body) => ("200 OK", String::new(), body),
        IssuerMood::Redirects(to) => ("302 Found", format!("Location: {to}\r\n"), String::new()),
    };
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
