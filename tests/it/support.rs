//! A service for one test.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Clock;
use pool_manager::config::{Config, Variables};
use pool_manager::{App, Failure, Ports, RecordStore, Shutdown, SystemClock, Telemetry, build_with};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The bootstrap key of every service here; any text may be one.
pub(crate) const KEY: &str = "a key of the tests";

/// Base64 of 32 bytes. Without it each test would leave a file.
const ENCRYPTION_KEY: &str = "QXMgbG9uZyBhcyBpdCBtdXN0IGJlLCBub3QgbW9yZSE=";

/// How long anything may take that has no tighter limit of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long an answer may take while the cache is away.
const LIMIT: Duration = Duration::from_secs(2);

/// A service on a free port; stops when it is dropped.
pub(crate) struct Service {
    base: String,
    client: reqwest::Client,
    pub(crate) shutdown: Shutdown,
    pub(crate) task: JoinHandle<Result<(), Failure>>,
    _directory: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What every client of a test is made of; the binary says at its start which cryptography TLS uses, and here nobody does.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
}

pub(crate) async fn build(data_dir: &Path, variables: &[(&str, &str)]) -> App {
    build_layered(data_dir, variables, Arc::new(SystemClock), |store| store).await
}

/// The same by another clock and with something round its store.
async fn build_layered(
    data_dir: &Path,
    variables: &[(&str, &str)],
    clock: Arc<dyn Clock>,
    layer: impl FnOnce(RecordStore) -> RecordStore,
) -> App {
    let data_dir = data_dir.to_str().unwrap();
    let own = [
        ("BOOTSTRAP_ADMIN_API_KEY", KEY),
        ("SECRETS_ENCRYPTION_KEY", ENCRYPTION_KEY),
        ("DATA_DIR", data_dir),
    ];
    let is_given = |name: &str| variables.iter().any(|(given, _)| *given == name);
    let own = own.iter().filter(|(name, _)| !is_given(name));
    let environment: Variables =
        own.chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = Config::read(&environment).expect("a configuration");
    let ports = Ports::of(&config, clock.clone()).await.expect("its ports");
    let ports = Ports { store: layer(ports.store), ..ports };
    build_with(config, ports, clock, &Telemetry::default().meter()).expect("a service")
}

impl Service {
    /// Starts with these variables and a bootstrap key.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_layered(variables, |store| store).await
    }

    /// The same with something round its store.
    pub(crate) async fn start_layered(
        variables: &[(&str, &str)],
        layer: impl FnOnce(RecordStore) -> RecordStore,
    ) -> Self {
        Self::start_inner(variables, Arc::new(SystemClock), layer).await
    }

    /// Starts with another time of day.
    pub(crate) async fn start_at(clock: Arc<dyn Clock>, variables: &[(&str, &str)]) -> Self {
        Self::start_inner(variables, clock, |store| store).await
    }

    async fn start_inner(
        variables: &[(&str, &str)],
        clock: Arc<dyn Clock>,
        layer: impl FnOnce(RecordStore) -> RecordStore,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = Shutdown::new();
        let directory = tempfile::tempdir().unwrap();
        let app = build_layered(directory.path(), variables, clock, layer).await;
        let task = tokio::spawn(app.serve(listener, shutdown.clone()));
        let client = client_builder().timeout(PATIENCE).build().unwrap();
        Self { base, client, shutdown, task, _directory: directory }
    }

    /// Stops softly, and returns when it has stopped.
    pub(crate) async fn stop(mut self) {
        self.shutdown.begin();
        (&mut self.task).await.expect("it does not panic").expect("it stops in good order");
    }

    /// Starts against these Valkey addresses and waits until it is ready.
    pub(crate) async fn with_cache(mode: &str, addresses: &str) -> Self {
        let service = Self::start(&[("CACHE_MODE", mode), ("CACHE_ADDRS", addresses)]).await;
        service.wait_until_ready().await;
        service
    }

    pub(crate) async fn wait_until_ready(&self) {
        testkit::wait_for("readiness", PATIENCE, async || {
            let answer = self.get("/readyz").await;
            if answer.status == 200 { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
    }

    /// Waits until nothing that it depends on is away.
    pub(crate) async fn wait_until_healthy(&self) {
        testkit::wait_for("health", PATIENCE, async || {
            let answer = self.get("/readyz").await;
            if answer.body["status"] == "healthy" { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// A request with the key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare_request(method, path).header("X-API-Key", KEY)
    }

    /// A request without a key.
    pub(crate) fn bare_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.request(Method::DELETE, path)).await
    }

    /// An answer that must come within two seconds and in our own words, whatever the cache does.
    pub(crate) async fn quick(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = self.request(method, path).header("Content-Type", "application/json");
        let started = Instant::now();
        let answer = answer(request.body(body.to_owned())).await;
        assert!(started.elapsed() < LIMIT, "{path}: the answer took {:?}", started.elapsed());
        let text = answer.body.to_string();
        assert!(!text.contains("Os {") && !text.contains("Custom {"), "{path}: {text}");
        answer
    }

    /// Every key that matches, page by page, with duplicates.
    pub(crate) async fn list(&self, pattern: &str, limit: usize) -> Vec<String> {
        let mut keys = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let page =
                self.get(&format!("/cache/keys?pattern={pattern}&limit={limit}&cursor={cursor}")).await;
            assert_eq!(page.status, 200, "{page:?}");
            keys.extend(
                page.body["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()),
            );
            cursor = page.body["cursor"].as_str().unwrap().to_owned();
            if cursor == "0" {
                return keys;
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.at_once();
    }
}

/// Sends a request and reads its answer whole.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let headers = response.headers().clone();
    let content_type = headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, content_type: content_type.unwrap_or_default(), headers, body }
}
