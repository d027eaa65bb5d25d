//! A protected service in this process.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use domain::ApiKey;
use pool_manager::config::{Config, Variables};
use pool_manager::{Failure, Shutdown, Telemetry};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use service_tests::{TestService, known_key};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::PATIENCE;

/// How long any answer may take, whatever fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);

/// More than any test has.
const MOST_CALLERS: usize = 1_000;

/// From how many addresses callers call.
pub(crate) const CLIENTS: usize = 16;

/// What every service here is given, so that several can share a cache, and so that no load meets a limit.
pub(crate) const COMMON: [(&str, &str); 4] = [
    ("SECRETS_ENCRYPTION_KEY", "cHJvdGVjdGVkIGJ5IGEga2V5IG9mIHRoZSB0ZXN0cyE="),
    ("BOOTSTRAP_ADMIN_API_KEY", crate::support::KEY),
    ("RATE_LIMIT_MAX", "10000000"),
    ("AGGRESSIVE_RATE_LIMIT_MAX", "10000000"),
];

/// A service on a free port with the routes and the key source of the tests; it stops when it is dropped.
pub(crate) struct Protected {
    pub(crate) base: String,
    pub(crate) test: TestService,
    clients: Vec<reqwest::Client>,
    shutdown: Shutdown,
    _task: JoinHandle<Result<(), Failure>>,
    _directory: TempDir,
}

/// What a caller got.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) status: u16,
    /// Where the rate limit was decided; empty when no header says it.
    pub(crate) rung: String,
    pub(crate) is_replay: bool,
    pub(crate) body: Value,
    pub(crate) took: Duration,
}

impl Protected {
    /// Starts with these variables and waits until it is ready.
    pub(crate) async fn start(test: TestService, variables: &[(String, String)]) -> Self {
        let mut all: BTreeMap<String, String> =
            COMMON.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let directory = tempfile::tempdir().unwrap();
        all.insert("DATA_DIR".to_owned(), directory.path().display().to_string());
        all.extend(variables.iter().cloned());
        let environment: Variables = all.into_iter().collect();
        let config = Config::read(&environment).expect("a configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let app = test.build(config, &Telemetry::default()).await.expect("a service");
        let task = tokio::spawn(app.serve(listener, shutdown.clone()));
        let service = Self {
            base,
            test,
            clients: (0..CLIENTS).map(client).collect(),
            shutdown,
            _task: task,
            _directory: directory,
        };
        wait_until_ready(&service.clients[0], &service.base).await;
        service
    }

    /// A request of the caller with this number.
    pub(crate) fn request(&self, method: Method, path: &str, caller: usize) -> RequestBuilder {
        request(&self.clients[caller % CLIENTS], &self.base, method, path, caller)
    }

    /// A read of the caller with this number.
    pub(crate) async fn read(&self, caller: usize) -> Got {
        got(self.request(Method::GET, "/test/read", caller)).await
    }

    /// A keyed write.
    pub(crate) async fn keyed_write(&self, caller: usize, key: &str) -> Got {
        got(self.request(Method::POST, "/test/write", caller).header("X-Idempotency", key)).await
    }
}

impl Drop for Protected {
    fn drop(&mut self) {
        self.shutdown.at_once();
    }
}

/// A client that keeps its connections. Each number below 256 has an address of its own where that takes no privilege,
/// because keys that are not known yet are looked up slowly for one address.
pub(crate) fn client(number: usize) -> reqwest::Client {
    let builder = crate::support::client_builder().timeout(PATIENCE);
    let own = u8::try_from(number % 256).map(|last| IpAddr::from([127, 0, 1, last])).unwrap();
    let builder = if cfg!(target_os = "linux") { builder.local_address(own) } else { builder };
    builder.build().unwrap()
}

/// Waits until the service at `base` is ready.
pub(crate) async fn wait_until_ready(client: &reqwest::Client, base: &str) {
    testkit::wait_for("readiness", PATIENCE, async || {
        let answer = client.get(format!("{base}/readyz")).send().await.map_err(|error| error.to_string())?;
        if answer.status() == 200 { Ok(()) } else { Err(answer.text().await.unwrap_or_default()) }
    })
    .await;
}

/// A request of the caller with this number.
pub(crate) fn request(
    client: &reqwest::Client,
    base: &str,
    method: Method,
    path: &str,
    caller: usize,
) -> RequestBuilder {
    // Made once: it takes longer than a request.
    static KEYS: LazyLock<Vec<ApiKey>> = LazyLock::new(|| (0..MOST_CALLERS).map(known_key).collect());
    client.request(method, format!("{base}{path}")).header("X-API-Key", KEYS[caller].expose())
}

/// Sends a request that must be answered.
pub(crate) async fn got(request: RequestBuilder) -> Got {
    try_got(request).await.expect("an answer")
}

/// Sends a request whose server may die.
pub(crate) async fn try_got(request: RequestBuilder) -> Result<Got, reqwest::Error> {
    let began = Instant::now();
    let answer = request.send().await?;
    let header = |name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (rung, replayed) = (header("x-ratelimit-source"), header("x-idempotency-replayed"));
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    let took = began.elapsed();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Got { status, rung, is_replay: replayed == "true", body, took })
}
